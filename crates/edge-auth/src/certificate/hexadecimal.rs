//! Hexadecimal digits, as platforms and people write fingerprints, serial numbers and identifiers.

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
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(digit(*high)? << 4 | digit(*low)?);
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Writes bytes in lower-case digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the canonical form of a serial number: in lower case, without zeros in front.
pub(crate) fn serial(hex: &str) -> String {
    let significant = hex.trim_start_matches('0').to_ascii_lowercase();
    if significant.is_empty() { "0".to_owned() } else { significant }
}
