//! Reads PEM (RFC 7468): certificates, keys and revocation lists.
//!
//! Files are written by people and tools, so text around their blocks is allowed. A request's field
//! holds nothing but certificates, and a proxy may have folded their lines into one.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use pki_types::CertificateDer;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{self, Decode, Reader, SliceReader, Tag, TagNumber};

use super::refusal::malformed;
use crate::denial::Denial;

const BEGIN: &[u8] = b"-----BEGIN ";
const CERTIFICATE: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];
/// OpenSSL's form of a certificate with settings after it.
const TRUSTED: &str = "TRUSTED CERTIFICATE";
const LIST: [&str; 2] = ["X509 CRL", "CRL"];
/// The ends of labels, which only a mistyped marker has outside of a block.
const LABEL_ENDS: [&str; 3] = ["CERTIFICATE-", "CRL-", "KEY-"];
const CLIENT_AUTH: [&str; 2] = ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"];

/// A block of PEM: its label and its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct PemBlock<'a> {
    /// `CERTIFICATE`, `PRIVATE KEY`.
    pub label: &'a str,
    /// The decoded base64.
    pub der: Vec<u8>,
}

/// Shows only the label: the bytes may be a private key.
impl fmt::Debug for PemBlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PemBlock").field("label", &self.label).finish_non_exhaustive()
    }
}

/// Reads every block of a file, in order. Text around blocks, spaces at the ends of lines, any ends
/// of lines and a byte order mark are allowed; within a block, base64 is strict.
///
/// # Errors
/// Says what is wrong: `is broken PEM: …`.
pub fn pem_blocks(text: &[u8]) -> Result<Vec<PemBlock<'_>>, String> {
    if text.starts_with(&[0xFE, 0xFF]) || text.starts_with(&[0xFF, 0xFE]) {
        return Err("is UTF-16: save it as plain ASCII".to_owned());
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = find(rest, BEGIN) {
        let (before, from_marker) = rest.split_at(start);
        no_marker(before)?;
        let block = EncodedBlock::first_of(from_marker)?;
        blocks.push(block.decode_lines()?);
        rest = block.after;
    }
    no_marker(rest)?;
    Ok(blocks)
}

/// Reads the certificates of a percent-encoded field, in order; at least one. `+`, `=` and `/` may
/// be literal: form decoding would turn the first into a space.
pub(crate) fn from_field(value: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    let text = std::str::from_utf8(value).map_err(|_| malformed("the field is not text"))?;
    certificates(&percent_decode_str(text).collect::<Vec<u8>>())
}

/// Reads the certificates of a request, in order; at least one, and only white space around them.
/// Spaces and tabs may stand for the ends of lines, also inside the base64 (RFC 7468, section 3).
///
/// Skipped text could be the client's own certificate, and the next one would take its place.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    only_certificates(pem).map_err(|error| malformed(format!("it {error}")))
}

fn only_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut certificates = Vec::new();
    let mut rest = pem.trim_ascii();
    if !rest.starts_with(BEGIN) {
        return Err("does not begin with a certificate in PEM".to_owned());
    }
    while !rest.is_empty() {
        if !rest.starts_with(BEGIN) {
            return Err("has text after a certificate in PEM".to_owned());
        }
        let block = EncodedBlock::first_of(rest)?;
        let Some(certificate) = certificate_of(block.decode_folded()?)? else {
            return Err(format!("has a {} among its certificates", block.label));
        };
        certificates.push(certificate);
        rest = block.after.trim_ascii_start();
    }
    Ok(certificates)
}

/// Reads all certificates of a file, in order; at least one. A typing error in one is an error.
///
/// # Errors
/// Says what is wrong with the file: `is DER: …`.
pub fn certificates_in_file(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if file.starts_with(&[0x30]) {
        return Err("is DER: make it PEM with `openssl x509 -inform der`".to_owned());
    }
    let blocks = pem_blocks(file)?;
    let is_bundle = blocks.iter().any(|block| block.label == "PKCS7");
    let mut certificates = Vec::new();
    for block in blocks {
        if let Some(certificate) = certificate_of(block)? {
            certificates.push(certificate);
        }
    }
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    Err(if is_bundle {
        "is PKCS #7: make it PEM with `openssl pkcs7 -print_certs`".to_owned()
    } else {
        "has no certificate in it: `-----BEGIN CERTIFICATE-----`".to_owned()
    })
}

/// Returns the revocation lists of a file.
pub(super) fn revocation_lists(file: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let blocks = pem_blocks(file)?;
    let lists = blocks.into_iter().filter(|block| LIST.contains(&block.label));
    Ok(lists.map(|block| block.der).collect())
}

/// Returns the certificate of a block; `None` if its label names something else.
fn certificate_of(block: PemBlock<'_>) -> Result<Option<CertificateDer<'static>>, String> {
    if CERTIFICATE.contains(&block.label) {
        Ok(Some(CertificateDer::from(block.der)))
    } else if block.label == TRUSTED {
        trusted(&block.der).map(Some)
    } else {
        Ok(None)
    }
}

/// A block whose base64 is not decoded yet, and the text after it.
struct EncodedBlock<'a> {
    label: &'a str,
    base64: &'a [u8],
    after: &'a [u8],
}

impl<'a> EncodedBlock<'a> {
    /// Finds the end of the block that the text begins with.
    fn first_of(text: &'a [u8]) -> Result<Self, String> {
        let text = text.strip_prefix(BEGIN).unwrap_or(text);
        let (label, text) = split_at_first(text, b"-----")
            .ok_or_else(|| broken("a `BEGIN` line does not end with `-----`"))?;
        let label = std::str::from_utf8(label).ok();
        let Some(label) = label.filter(|label| label.bytes().all(is_label_byte)) else {
            return Err(broken("a `BEGIN` line does not end with `-----`"));
        };
        let marker = format!("-----END {label}-----");
        let cut_off = || broken(&format!("its {label} is cut off: `{marker}` is missing"));
        let (base64, after) = split_at_first(text, marker.as_bytes()).ok_or_else(cut_off)?;
        if find(base64, b"-----").is_some() {
            return Err(cut_off());
        }
        if base64.contains(&b':') {
            // `Proc-Type: 4,ENCRYPTED`, and other fields of RFC 1421.
            return Err(broken(&format!(
                "its {label} has header fields: it is encrypted, or not of RFC 7468"
            )));
        }
        Ok(Self { label, base64, after })
    }

    /// Decodes the base64 of a file, whose markers are on their own lines.
    fn decode_lines(&self) -> Result<PemBlock<'a>, String> {
        let lines = self.base64.split(|byte| b"\r\n".contains(byte)).map(<[u8]>::trim_ascii);
        let lines: Vec<&[u8]> = lines.collect();
        match lines.as_slice() {
            [[], .., []] => self.decode(&lines.concat()),
            _ => Err(self.not_base64()),
        }
    }

    /// Decodes the base64 of a field, with white space anywhere in it, and at least next to each
    /// marker.
    fn decode_folded(&self) -> Result<PemBlock<'a>, String> {
        match self.base64 {
            [first, .., last] if first.is_ascii_whitespace() && last.is_ascii_whitespace() => {
                let base64 = self.base64.iter().filter(|byte| !byte.is_ascii_whitespace());
                self.decode(&base64.copied().collect::<Vec<u8>>())
            }
            _ => Err(self.not_base64()),
        }
    }

    fn decode(&self, base64: &[u8]) -> Result<PemBlock<'a>, String> {
        match STANDARD.decode(base64) {
            Ok(der) if !der.is_empty() => Ok(PemBlock { label: self.label, der }),
            Ok(_) | Err(_) => Err(self.not_base64()),
        }
    }

    fn not_base64(&self) -> String {
        broken(&format!("its {} is not base64", self.label))
    }
}

fn broken(what: &str) -> String {
    format!("is broken PEM: {what}")
}

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" #".contains(&byte)
}

/// Rejects text outside of blocks that looks like a mistyped marker.
fn no_marker(text: &[u8]) -> Result<(), String> {
    for line in text.split(|byte| *byte == b'\n' || *byte == b'\r') {
        let line = String::from_utf8_lossy(line);
        let begins = line.contains("BEGIN ") || line.contains("END ");
        if begins && LABEL_ENDS.iter().any(|end| line.contains(end)) {
            return Err("is broken PEM: there is a mistyped `BEGIN` or `END` line".to_owned());
        }
    }
    Ok(())
}

/// Returns the certificate before OpenSSL's settings.
///
/// # Errors
/// The settings do not trust it for clients.
fn trusted(der: &[u8]) -> Result<CertificateDer<'static>, String> {
    let Ok((certificate, restricted)) = split_trusted(der) else {
        return Err(broken(&format!("its {TRUSTED} is not DER")));
    };
    if restricted {
        let advice = "if it is to be trusted, make it a plain one with `openssl x509`";
        return Err(format!(
            "has a {TRUSTED} whose settings do not trust it for clients: {advice}"
        ));
    }
    Ok(CertificateDer::from(certificate.to_vec()))
}

/// Splits `X509` from `X509_CERT_AUX` (OpenSSL), and returns whether that excludes clients. It has
/// trusted uses, rejected uses in `[0]`, an alias.
fn split_trusted(der: &[u8]) -> der::Result<(&[u8], bool)> {
    const REJECTED: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
    let mut reader = SliceReader::new(der)?;
    let certificate = reader.tlv_bytes()?;
    if reader.is_finished() {
        return Ok((certificate, false));
    }
    let settings = AnyRef::decode(&mut reader)?;
    reader.finish()?;
    let mut settings = SliceReader::new(settings.value())?;
    let mut restricted = false;
    while !settings.is_finished() {
        let (tag, field) = (Tag::peek(&settings)?, AnyRef::decode(&mut settings)?);
        match tag {
            Tag::Sequence => restricted |= !names_client_auth(field.value())?,
            REJECTED => restricted |= names_client_auth(field.value())?,
            _ => {}
        }
    }
    Ok((certificate, restricted))
}

fn names_client_auth(uses: &[u8]) -> der::Result<bool> {
    let mut reader = SliceReader::new(uses)?;
    let mut named = false;
    while !reader.is_finished() {
        let usage: ObjectIdentifier = Decode::decode(&mut reader)?;
        named |= CLIENT_AUTH.contains(&usage.to_string().as_str());
    }
    Ok(named)
}

/// Splits at the first `separator`, and drops it.
fn split_at_first<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (before, rest) = text.split_at_checked(find(text, separator)?)?;
    Some((before, rest.strip_prefix(separator)?))
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hello`
    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\naGVs\nbG8=\n-----END CERTIFICATE-----\n";

    fn read(text: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        let blocks = pem_blocks(text.as_bytes())?;
        Ok(blocks.into_iter().map(|block| (block.label.to_owned(), block.der)).collect())
    }

    #[test]
    fn text_around_a_block_of_a_file_is_ignored() {
        let found = Ok(vec![("CERTIFICATE".to_owned(), b"hello".to_vec())]);
        for text in [
            BLOCK.to_owned(),
            BLOCK.replace('\n', "\r\n"),
            BLOCK.replace('\n', "\r"),
            BLOCK.replace('\n', " \t\n"),
            format!("\u{feff}{BLOCK}"),
            format!("Certificate:\n    Data:\n        Serial: 1\n{BLOCK}-- \nthe end"),
            BLOCK.trim_end().to_owned(),
            BLOCK.replace('\n', "\n   "),
        ] {
            assert_eq!(read(&text), found, "{text:?}");
        }
        assert_eq!(read(&BLOCK.repeat(3)).map(|blocks| blocks.len()), Ok(3));
        assert_eq!(read("no block"), Ok(Vec::new()));
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn a_mistyped_block_of_a_file_is_an_error() {
        for text in [
            BLOCK.replace("bG8=", "bG8"),
            BLOCK.replace("bG8=", "bG9="),
            BLOCK.replace("bG8=", "b!8="),
            BLOCK.replace("bG8=", "bG8=\nbG8="),
            BLOCK.replace("aGVs\nbG8=\n", ""),
            BLOCK.replace("aGVs", "aG Vs"),
            BLOCK.replace('\n', " "),
            BLOCK.replace('\n', ""),
            BLOCK.replace("-----END CERTIFICATE-----", ""),
            BLOCK.replace("-----END CERTIFICATE-----", "----END CERTIFICATE-----"),
            BLOCK.replace("-----END CERTIFICATE-----", "-----END X509 CRL-----"),
            BLOCK.replace("-----BEGIN", "----BEGIN"),
            BLOCK.replace("-----BEGIN", "-----Begin"),
            BLOCK.replace("BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE----"),
            BLOCK.replace("aGVs", "Proc-Type: 4,ENCRYPTED"),
            format!("{}{BLOCK}", BLOCK.replace("-----END CERTIFICATE-----", "")),
        ] {
            assert!(read(&text).is_err(), "{text:?}");
        }
        assert!(pem_blocks(b"\xff\xfe-\0").is_err());
    }

    #[test]
    fn a_field_may_have_spaces_or_tabs_for_the_ends_of_lines() {
        for text in [
            BLOCK.to_owned(),
            BLOCK.replace('\n', " "),
            BLOCK.replace('\n', "\t"),
            BLOCK.replace('\n', "\n\t"),
            BLOCK.replace('\n', "\r\n "),
            BLOCK.replace("aGVs", " aG Vs "),
            format!(" \t{BLOCK}\n"),
        ] {
            let certificates = certificates(text.as_bytes()).unwrap();
            assert_eq!(certificates, [CertificateDer::from(b"hello".to_vec())], "{text:?}");
        }
        let two = BLOCK.replace('\n', " ").repeat(2);
        assert_eq!(certificates(two.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn a_field_has_nothing_but_certificates() {
        for text in [
            String::new(),
            "no block".to_owned(),
            format!("\u{feff}{BLOCK}"),
            format!("leaf\n{BLOCK}"),
            format!("{BLOCK}\n.\n{BLOCK}"),
            format!("{BLOCK}-- \nthe end"),
            format!("{}{BLOCK}", BLOCK.replace("CERTIFICATE", "X509 CRL")),
            format!("{}{BLOCK}", BLOCK.replace("aGVs", "aGV")),
            BLOCK.replace('\n', ""),
            BLOCK.replace("bG8=", "bG9="),
            BLOCK.replace("bG8=", "bG8= bG8="),
            BLOCK.replace("aGVs\nbG8=\n", " "),
            BLOCK.replace("aGVs", "aG.Vs"),
            BLOCK.replace("-----END", "----END"),
        ] {
            assert!(certificates(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
