//! A set of marks in 33 bits or less for each. It has every mark that was put in, and any other mark
//! with a probability of less than one in a million.
//!
//! A mark is cut to some bits: the first choose a bucket, the next [`BITS`] are kept in it. The
//! bytes of a filter are the same in a store and in memory:
//!
//! ```text
//! buckets + 1 times: where a bucket starts, as the number of marks before it (u32, little-endian)
//! count times:       25 bits, the lowest bit of the lowest byte first, in the order of buckets
//! 8 zeros:           so that any 25 bits can be read as part of 8 bytes
//! ```

use std::ops::Range;

use super::target::LookupTag;

/// The bits of a mark that a bucket keeps. With at most 32 marks in a bucket on average, 25 bits
/// give a false hit with a chance of one in a million.
const BITS: usize = 25;
/// The most marks of a bucket on average.
const PER_BUCKET: usize = 32;
const PADDING: usize = 8;

/// The layout of a filter's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FilterLayout {
    count: usize,
    /// The bits of a mark that choose its bucket.
    bucket_bits: u32,
}

impl FilterLayout {
    /// Lays out a filter for so many marks; `None` if they are more than the format can count.
    pub(super) fn of(count: usize) -> Option<Self> {
        u32::try_from(count).ok()?;
        let bucket_bits = count.div_ceil(PER_BUCKET).next_power_of_two().trailing_zeros();
        Some(Self { count, bucket_bits })
    }

    /// The number of marks.
    pub(super) fn count(self) -> usize {
        self.count
    }

    fn buckets(self) -> usize {
        1 << self.bucket_bits
    }

    fn starts_bytes(self) -> usize {
        (self.buckets() + 1) * 4
    }

    /// The length in bytes.
    pub(super) fn bytes(self) -> usize {
        self.starts_bytes() + (self.count * BITS).div_ceil(8) + PADDING
    }

    /// Splits a mark into its bucket and the bits that the bucket keeps.
    fn split(self, mark: LookupTag) -> (usize, u64) {
        let bits = u128::from_be_bytes(mark.0);
        let bucket = bits.checked_shr(128 - self.bucket_bits).unwrap_or_default();
        let kept = (bits >> (128 - self.bucket_bits as usize - BITS)) & ((1 << BITS) - 1);
        (usize::try_from(bucket).unwrap_or_default(), u64::try_from(kept).unwrap_or_default())
    }

    /// Writes the filter of marks, which must be sorted and distinct.
    pub(super) fn write(self, marks: impl Iterator<Item = LookupTag>, bytes: &mut Vec<u8>) {
        let mut starts = vec![0_u32; self.buckets() + 1];
        let mut packed = vec![0_u8; self.bytes() - self.starts_bytes()];
        for (position, mark) in marks.enumerate() {
            let (bucket, kept) = self.split(mark);
            if let Some(next) = starts.get_mut(bucket + 1) {
                *next += 1;
            }
            put(&mut packed, position * BITS, kept);
        }
        let mut sum = 0;
        for start in starts {
            sum += start;
            bytes.extend_from_slice(&u32::to_le_bytes(sum));
        }
        bytes.extend_from_slice(&packed);
    }

    /// Whether these bytes have this layout: the right length, and buckets in order.
    pub(super) fn fits(self, bytes: &[u8]) -> bool {
        let starts = bytes.get(..self.starts_bytes()).unwrap_or_default();
        let mut starts = starts.as_chunks().0.iter().map(|start| u32::from_le_bytes(*start));
        bytes.len() == self.bytes()
            && starts.clone().is_sorted()
            && starts.clone().next() == Some(0)
            && starts.next_back().and_then(|last| usize::try_from(last).ok()) == Some(self.count)
    }

    /// Returns the places of a mark in the order of marks: mostly one, or none.
    pub(super) fn positions(self, bytes: &[u8], mark: LookupTag) -> Range<usize> {
        let (bucket, kept) = self.split(mark);
        let (Some(from), Some(to)) = (self.start(bytes, bucket), self.start(bytes, bucket + 1))
        else {
            return 0..0;
        };
        let packed = bytes.get(self.starts_bytes()..).unwrap_or_default();
        let is_here = |position: &usize| get(packed, position * BITS) == Some(kept);
        let mut bucket = from..to.min(self.count);
        let Some(first) = bucket.find(is_here) else { return 0..0 };
        // Marks that are equal in these bits stand side by side.
        first..first + 1 + bucket.take_while(is_here).count()
    }

    fn start(self, bytes: &[u8], bucket: usize) -> Option<usize> {
        let start = bytes.get(bucket * 4..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*start)).ok()
    }
}

fn get(packed: &[u8], bit: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*packed.get(bit / 8..)?.first_chunk()?);
    Some((word >> (bit % 8)) & ((1 << BITS) - 1))
}

fn put(packed: &mut [u8], bit: usize, kept: u64) {
    if let Some(bytes) = packed.get_mut(bit / 8..).and_then(<[u8]>::first_chunk_mut) {
        *bytes = (u64::from_le_bytes(*bytes) | kept << (bit % 8)).to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(marks: &[LookupTag]) -> (FilterLayout, Vec<u8>) {
        let mut sorted = marks.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let layout = FilterLayout::of(sorted.len()).unwrap();
        let mut bytes = Vec::new();
        layout.write(sorted.into_iter(), &mut bytes);
        assert_eq!(bytes.len(), layout.bytes());
        assert!(layout.fits(&bytes));
        (layout, bytes)
    }

    fn has(layout: FilterLayout, bytes: &[u8], mark: LookupTag) -> bool {
        !layout.positions(bytes, mark).is_empty()
    }

    /// Marks that look random, as those of an HMAC do.
    fn marks(count: u64) -> Vec<LookupTag> {
        use sha2::{Digest, Sha256};
        (0..count)
            .map(|number| LookupTag::of(Sha256::digest(number.to_be_bytes()).into()))
            .collect()
    }

    #[test]
    fn it_has_every_mark_that_was_put_in_and_hardly_any_other() {
        let marks = marks(40_000);
        let (inside, outside) = marks.split_at(20_000);
        let (layout, bytes) = filter(inside);
        assert!(inside.iter().all(|mark| has(layout, &bytes, *mark)));
        let wrongly = outside.iter().filter(|mark| has(layout, &bytes, **mark)).count();
        assert!(wrongly <= 2, "{wrongly} of 20000");
    }

    #[test]
    fn it_returns_the_place_of_each_mark_in_their_order() {
        let mut marks = marks(2000);
        // The same bits are kept of two of them.
        let mut twin = marks[7];
        twin.0[15] ^= 1;
        marks.push(twin);
        let (layout, bytes) = filter(&marks);
        marks.sort_unstable();
        for (place, mark) in marks.iter().enumerate() {
            let positions = layout.positions(&bytes, *mark);
            assert!(positions.contains(&place), "{place}: {positions:?}");
            let twins = mark.0[..15] == twin.0[..15];
            assert_eq!(positions.len(), if twins { 2 } else { 1 }, "{place}");
        }
    }

    #[test]
    fn an_empty_filter_has_nothing() {
        let (layout, bytes) = filter(&[]);
        assert!(
            !has(layout, &bytes, LookupTag([0; 16])) && !has(layout, &bytes, LookupTag([255; 16]))
        );
    }

    #[test]
    fn ten_million_marks_need_less_than_forty_megabytes() {
        let layout = FilterLayout::of(10_000_000).unwrap();
        assert!(layout.bytes() < 34_000_000, "{}", layout.bytes());
    }

    #[test]
    fn bytes_that_were_cut_or_belong_to_another_count_do_not_fit() {
        let (layout, bytes) = filter(&marks(100));
        assert!(!layout.fits(&bytes[..bytes.len() - 1]));
        assert!(!layout.fits(&[]));
        assert!(!FilterLayout::of(99).unwrap().fits(&bytes));
        let mut disordered = bytes.clone();
        disordered[4..8].fill(255);
        assert!(!layout.fits(&disordered));
    }

    proptest! {
        #[test]
        fn every_mark_that_was_put_in_is_found(raw in prop::collection::vec(any::<[u8; 16]>(), 0..300)) {
            let marks: Vec<LookupTag> = raw.into_iter().map(LookupTag).collect();
            let (layout, bytes) = filter(&marks);
            for mark in marks {
                prop_assert!(has(layout, &bytes, mark));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0_usize..2000, mark: [u8; 16]) {
            let layout = FilterLayout::of(count).unwrap();
            let _ = (layout.fits(&bytes), layout.positions(&bytes, LookupTag(mark)));
        }
    }
}
