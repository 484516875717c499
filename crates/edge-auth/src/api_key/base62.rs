//! Big-endian integers as base62 text of a fixed width: one text for each value, one value for
//! each text.

use zeroize::Zeroize;

/// Encodes the number in exactly `W` digits, most significant first. It must be below 62^`W`;
/// callers mask it to fewer bits than that.
pub(super) fn encode<const N: usize, const W: usize>(mut number: [u8; N]) -> [u8; W] {
    let mut digits = [b'0'; W];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for byte in &mut number {
            let dividend = (remainder << 8) | u16::from(*byte);
            // Below 256, because the remainder before it was below 62.
            *byte = (dividend / 62) as u8;
            remainder = dividend % 62;
        }
        *digit = digit_of(remainder as u8);
    }
    debug_assert!(number == [0; N], "the number needs more digits");
    number.zeroize();
    digits
}

/// Decodes digits. Returns `None` for a character that is not a digit, and for a number that
/// needs more than `N` bytes.
pub(super) fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    const { assert!(N.is_multiple_of(4)) };
    let mut number = [0; N];
    // Five digits and four bytes at once: 62^5 times 2^32, and what is carried, fit into 64 bits.
    for digits in digits.chunks(5) {
        let (mut factor, mut carry) = (1, 0);
        for digit in digits {
            factor *= 62;
            carry = carry * 62 + u64::from(value_of(*digit)?);
        }
        for bytes in number.as_chunks_mut().0.iter_mut().rev() {
            let sum = u64::from(u32::from_be_bytes(*bytes)) * factor + carry;
            *bytes = (sum as u32).to_be_bytes();
            carry = sum >> 32;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

/// Whether all of these are base62 digits.
pub(super) fn is_base62(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_alphanumeric)
}

/// Returns the digit of a value below 62.
fn digit_of(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        10..=35 => b'A' + (value - 10),
        _ => b'a' + (value - 36),
    }
}

fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'Z' => Some(digit - b'A' + 10),
        b'a'..=b'z' => Some(digit - b'a' + 36),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_numbers_are_padded_and_use_the_alphabet_in_order() {
        assert_eq!(encode::<2, 3>([0, 0]), *b"000");
        assert_eq!(encode::<2, 3>([0, 9]), *b"009");
        assert_eq!(encode::<2, 3>([0, 10]), *b"00A");
        assert_eq!(encode::<2, 3>([0, 36]), *b"00a");
        assert_eq!(encode::<2, 3>([0, 61]), *b"00z");
        assert_eq!(encode::<2, 3>([0, 62]), *b"010");
        assert_eq!(encode::<4, 6>([0xff; 4]), *b"4gfFC3");
    }

    #[test]
    fn the_greatest_256_bit_number_fits_43_digits_and_one_more_does_not() {
        let greatest = encode::<32, 43>([0xff; 32]);
        assert_eq!(decode::<32>(&greatest), Some([0xff; 32]));
        // The last digit is not `z`, so this is the next number: 2^256.
        let mut beyond = greatest;
        assert!(beyond[42] != b'z' && beyond[42] != b'9' && beyond[42] != b'Z');
        beyond[42] += 1;
        assert_eq!(decode::<32>(&beyond), None);
        assert_eq!(decode::<32>(&[b'z'; 43]), None);
    }

    #[test]
    fn a_character_that_is_not_a_digit_is_refused() {
        for byte in [b'_', b'-', b' ', b'/', b':', b'@', b'[', b'`', b'{', 0, 0xff] {
            assert_eq!(decode::<4>(&[b'0', byte]), None, "{byte}");
            assert!(!is_base62(&[b'0', byte]));
        }
    }

    proptest! {
        #[test]
        fn a_number_survives_the_round_trip(number: [u8; 32]) {
            prop_assert_eq!(decode::<32>(&encode::<32, 43>(number)), Some(number));
        }

        #[test]
        fn two_texts_of_one_width_are_two_numbers(text in "[0-9A-Za-z]{43}") {
            if let Some(number) = decode::<32>(text.as_bytes()) {
                let again = encode::<32, 43>(number);
                prop_assert_eq!(again.as_slice(), text.as_bytes());
            }
        }

        #[test]
        fn small_widths_lose_no_bit(number in 0_u64..1 << 35) {
            let bytes = number.to_be_bytes();
            let text = encode::<8, 6>(bytes);
            prop_assert_eq!(decode::<8>(&text), Some(bytes));
        }
    }
}
