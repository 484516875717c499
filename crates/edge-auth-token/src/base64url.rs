//! Base64url as RFC 7515, section 2, defines it: without padding and white space, with one spelling
//! for each sequence of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The text is not strict base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotBase64Url;

/// Decodes. Refuses padding, white space, other alphabets, and trailing bits that are not zero,
/// with which one signature would have several spellings.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64Url)
}

/// Decodes a member of a key set. Accepts padding, because some issuers write it there.
pub(crate) fn decode_padded(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    let unpadded = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    decode(unpadded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_spellings_of_the_same_bytes_are_refused() {
        assert_eq!(decode("Zm9vYg"), Ok(b"foob".to_vec()));
        for text in [
            "Zm9vYg==",
            "Zm9vYg=",
            "Zm9v Yg",
            " Zm9vYg",
            "Zm9vYg\n",
            "Zm9v\r\nYg",
            "Zm9vYh",
            "Zm9vY",
            "Zm9vYg.",
            "-_+/",
            "Zm9v\0Yg",
            "Zm９vYg",
        ] {
            assert_eq!(decode(text), Err(NotBase64Url), "{text:?}");
        }
    }

    #[test]
    fn padding_is_accepted_in_a_key_set() {
        for text in ["Zm9vYg", "Zm9vYg=", "Zm9vYg=="] {
            assert_eq!(decode_padded(text), Ok(b"foob".to_vec()), "{text}");
        }
        for text in ["Zm9vYg===", "Zm9v=Yg", "Zm9vYh==", "Zm9vYg== "] {
            assert_eq!(decode_padded(text), Err(NotBase64Url), "{text}");
        }
    }

    #[test]
    fn the_alphabet_is_that_of_urls() {
        assert_eq!(decode("-_8"), Ok(vec![0xfb, 0xff]));
        assert_eq!(decode("+/8"), Err(NotBase64Url));
    }

    proptest! {
        #[test]
        fn encoded_bytes_are_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(&bytes)), Ok(bytes));
        }

        #[test]
        fn accepted_text_is_the_only_spelling(text in "[A-Za-z0-9_=+/ \\-]{0,40}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(URL_SAFE_NO_PAD.encode(bytes), text);
            }
        }
    }
}
