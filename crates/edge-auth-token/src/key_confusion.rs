//! Recognises keys of other kinds in place of a shared secret. With a public key as the secret,
//! everyone can sign (RFC 8725, section 2.1).

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::{KeyError, json};

/// Refuses a secret that has the form of a PEM, JWK, SSH or DER key.
pub(crate) fn refuse(secret: &[u8]) -> Result<(), KeyError> {
    match form(secret) {
        Some(form) => Err(KeyError::SecretIsAKey { form }),
        None => Ok(()),
    }
}

fn form(secret: &[u8]) -> Option<&'static str> {
    if is_der_key(secret) {
        return Some("a key in DER");
    }
    let text = std::str::from_utf8(secret).ok()?.trim_start_matches('\u{feff}').trim();
    if text.contains("-----BEGIN ") || text.contains("---- BEGIN ") {
        return Some("a key or certificate in PEM");
    }
    if ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| text.starts_with(start)) {
        return Some("an SSH public key");
    }
    if let Ok(object) = json::object(text.as_bytes())
        && (object.contains_key("kty") || object.contains_key("keys"))
    {
        return Some("a JWK or JWK set");
    }
    // Some consoles show a "public key" as PEM without its first and last line.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &ALPHABET,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let body: String = text.split_ascii_whitespace().collect();
    if let Ok(bytes) = LENIENT.decode(body)
        && is_der_key(&bytes)
    {
        return Some("the base64 of a key in DER");
    }
    None
}

/// Returns whether the bytes are one DER SEQUENCE that begins with a SEQUENCE or an INTEGER, as
/// SubjectPublicKeyInfo, certificates, PKCS#1 and PKCS#8 do. One random secret in eight million
/// looks like that.
fn is_der_key(bytes: &[u8]) -> bool {
    matches!(sequence_content(bytes), Some([0x30 | 0x02, _, ..]))
}

/// Returns the content of a DER SEQUENCE that takes up all bytes.
fn sequence_content(bytes: &[u8]) -> Option<&[u8]> {
    let (&first, rest) = bytes.strip_prefix(&[0x30])?.split_first()?;
    let (length, content) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&length, content) = rest.split_first()?;
            (usize::from(length), content)
        }
        0x82 => {
            let (length, content) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), content)
        }
        _ => return None,
    };
    if length == content.len() { Some(content) } else { None }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, section 10.1).
    const SPKI: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    #[test]
    fn a_public_key_in_any_of_its_forms_is_recognised() {
        let der = STANDARD.decode(SPKI).unwrap();
        assert_eq!(form(&der), Some("a key in DER"));
        assert_eq!(form(SPKI.as_bytes()), Some("the base64 of a key in DER"));
        assert_eq!(form(SPKI.trim_end_matches('=').as_bytes()), Some("the base64 of a key in DER"));
        let (first, second) = SPKI.split_at(30);
        assert!(form(format!("{first}\n{second}\n").as_bytes()).is_some());
        for pem in [
            format!("-----BEGIN PUBLIC KEY-----\n{SPKI}\n-----END PUBLIC KEY-----\n"),
            format!("\r\n  -----BEGIN PUBLIC KEY-----\r\n{SPKI}\r\n"),
            format!("-----BEGIN CERTIFICATE-----\n{SPKI}"),
            format!("Subject: CN=a\n-----BEGIN RSA PUBLIC KEY-----\n{SPKI}"),
            format!("---- BEGIN SSH2 PUBLIC KEY ----\n{SPKI}"),
        ] {
            assert_eq!(form(pem.as_bytes()), Some("a key or certificate in PEM"), "{pem}");
        }
        for ssh in ["ssh-ed25519 AAAAC3Nz", "ssh-rsa AAAAB3Nz", "ecdsa-sha2-nistp256 AAAA"] {
            assert_eq!(form(ssh.as_bytes()), Some("an SSH public key"));
        }
        for jwk in [r#"{"kty":"RSA","n":"AQAB"}"#, r#" {"keys":[]} "#, r#"{"kty":"oct","k":"AA"}"#]
        {
            assert_eq!(form(jwk.as_bytes()), Some("a JWK or JWK set"));
        }
    }

    #[test]
    fn der_of_every_length_is_recognised() {
        for length in [40_usize, 200, 300, 5000] {
            let mut der = match length {
                0..=127 => vec![0x30, length as u8],
                128..=255 => vec![0x30, 0x81, length as u8],
                _ => vec![0x30, 0x82, (length >> 8) as u8, length as u8],
            };
            der.extend([0x02, 0x01]);
            der.extend(vec![0; length - 2]);
            assert_eq!(form(&der), Some("a key in DER"), "{length}");
            der.push(0);
            assert_eq!(form(&der), None);
        }
    }

    #[test]
    fn secrets_are_not_keys() {
        for secret in [
            &b""[..],
            b"0",
            b"{}",
            br#"{"secret":"x"}"#,
            &[0x30],
            &[0x30, 0x00],
            &[0x30, 0x81],
            &[0x30, 0x82, 1],
            b"correct horse battery staple correct horse",
            b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T",
            b"c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA==",
        ] {
            assert_eq!(form(secret), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_classified_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = form(&bytes);
        }

        #[test]
        fn any_text_is_classified_without_a_panic(text in "\\PC{0,60}") {
            let _ = form(text.as_bytes());
        }
    }
}
