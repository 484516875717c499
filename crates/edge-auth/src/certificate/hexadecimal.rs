//! Hexadecimal digits, as platforms and people write fingerprints, serial numbers and identifiers.

use crate::hexadecimal;

/// Reads bytes from digits in any case, with or without colons between bytes.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut digits = String::with_capacity(text.len());
    if text.contains(':') {
        for byte in text.split(':') {
            if byte.len() != 2 {
                return None;
            }
            digits.push_str(byte);
        }
    } else {
        digits.push_str(text);
    }
    if digits.is_empty() {
        return None;
    }
    hexadecimal::from_hex(digits.as_bytes())
}

/// Returns the canonical form of a serial number: in lower case, without zeros in front.
pub(crate) fn serial(hex: &str) -> String {
    let significant = hex.trim_start_matches('0').to_ascii_lowercase();
    if significant.is_empty() { "0".to_owned() } else { significant }
}
