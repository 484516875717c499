//! Boundaries of incoming HTTP/2 frames (RFC 9113, section 4.1).

/// The length of a frame's header.
const HEADER_BYTES: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 0x4;

/// Finds where frames end, and reads nothing else of them. A header block in several frames
/// (section 4.3) counts as one frame.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The part of the next frame's header that has arrived.
    header: [u8; HEADER_BYTES],
    come: usize,
    /// The missing bytes of the frame's payload.
    missing: usize,
    within_block: bool,
}

impl Frames {
    /// Follows more bytes. Returns whether a frame, or a header block, ended within them.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> bool {
        let mut ended = false;
        let mut bytes = bytes.iter();
        while !bytes.as_slice().is_empty() {
            if self.missing > 0 {
                let skipped = self.missing.min(bytes.len());
                self.missing -= skipped;
                bytes = bytes.as_slice().get(skipped..).unwrap_or_default().iter();
            } else if let (Some(next), Some(byte)) = (self.header.get_mut(self.come), bytes.next())
            {
                *next = *byte;
                self.come += 1;
                if self.come == HEADER_BYTES {
                    self.begin();
                }
            }
            if self.come == HEADER_BYTES && self.missing == 0 {
                self.come = 0;
                ended |= !self.within_block;
            }
        }
        ended
    }

    /// Returns whether the bytes so far end between two frames.
    pub(super) fn is_between(&self) -> bool {
        self.come == 0 && !self.within_block
    }

    fn begin(&mut self) {
        let [high, middle, low, kind, flags, ..] = self.header;
        self.missing = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if matches!(kind, HEADERS | CONTINUATION) {
            self.within_block = flags & END_HEADERS == 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, 1];
        frame.extend(payload);
        frame
    }

    #[test]
    fn a_frame_ends_with_its_last_byte_however_it_is_cut() {
        let frame = frame(0, 0, b"data");
        for cut in 1..frame.len() {
            let mut frames = Frames::default();
            assert!(!frames.follow(&frame[..cut]) && !frames.is_between(), "{cut}");
            assert!(frames.follow(&frame[cut..]) && frames.is_between(), "{cut}");
        }
    }

    #[test]
    fn a_block_ends_with_the_frame_that_says_so() {
        let mut frames = Frames::default();
        assert!(!frames.follow(&frame(HEADERS, 0, b"a")) && !frames.is_between());
        assert!(!frames.follow(&frame(CONTINUATION, 0, b"")) && !frames.is_between());
        assert!(frames.follow(&frame(CONTINUATION, END_HEADERS, b"b")) && frames.is_between());
    }

    #[test]
    fn frames_without_a_payload_and_several_at_once_are_followed() {
        let mut frames = Frames::default();
        let mut several = frame(4, 0, b"");
        several.extend(frame(HEADERS, END_HEADERS | 1, b"x"));
        assert!(frames.follow(&several) && frames.is_between());
        several.extend(&frame(0, 0, b"more")[..10]);
        assert!(frames.follow(&several) && !frames.is_between());
    }
}
