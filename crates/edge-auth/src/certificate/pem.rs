//! Text with certificates, keys and revocation lists in it (RFC 7468), as people, tools, events and
//! proxies write it: the one reader of PEM.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use pki_types::CertificateDer;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{self, Decode, Reader, SliceReader, Tag, TagNumber};

use super::refusal::malformed;
use crate::denial::Denial;

const CERTIFICATE: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];
/// OpenSSL's form of a certificate with settings after it.
const TRUSTED: &str = "TRUSTED CERTIFICATE";
const LIST: [&str; 2] = ["X509 CRL", "CRL"];
/// The ends of labels that we look for outside of blocks, where only a typing error puts them.
const LABEL_ENDS: [&str; 3] = ["CERTIFICATE-", "CRL-", "KEY-"];
const CLIENT_AUTH: [&str; 2] = ["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"];

/// A block of PEM: what it is said to be, and its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct PemBlock<'a> {
    /// `CERTIFICATE`, `PRIVATE KEY`.
    pub label: &'a str,
    /// What the base64 stands for.
    pub der: Vec<u8>,
}

/// It may be a private key: only the label is shown.
impl fmt::Debug for PemBlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PemBlock").field("label", &self.label).finish_non_exhaustive()
    }
}

/// Reads every block of a text, in order. Text around blocks, spaces at the ends of lines, any ends
/// of lines and a byte order mark are allowed; within a block, base64 is strict.
///
/// # Errors
/// What is wrong, for whoever wrote the text: `is broken PEM: …`.
pub fn pem_blocks(text: &[u8]) -> Result<Vec<PemBlock<'_>>, String> {
    if text.starts_with(&[0xFE, 0xFF]) || text.starts_with(&[0xFF, 0xFE]) {
        return Err("is UTF-16: save it as plain ASCII".to_owned());
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = find(rest, b"-----BEGIN ") {
        let (before, block) = rest.split_at(start);
        no_marker(before)?;
        let (block, after) = block_of(block)?;
        blocks.push(block);
        rest = after;
    }
    no_marker(rest)?;
    Ok(blocks)
}

/// All certificates of a text, in order; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    let read = pem_blocks(pem).and_then(certificates_of);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(malformed("it is no PEM")),
        Err(error) => Err(malformed(format!("it {error}"))),
    }
}

/// All certificates of a file that a person wrote, and none left out for a typing error.
///
/// # Errors
/// What is wrong with the file, for that person.
pub fn certificates_in_file(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    if file.starts_with(&[0x30]) {
        return Err("is DER: make it PEM with `openssl x509 -inform der`".to_owned());
    }
    let blocks = pem_blocks(file)?;
    let bundle = blocks.iter().any(|block| block.label == "PKCS7");
    let read = certificates_of(blocks)?;
    match read.is_empty() {
        true if bundle => {
            Err("is PKCS #7: `openssl pkcs7 -print_certs` makes PEM of it".to_owned())
        }
        true => Err("has no certificate in it: `-----BEGIN CERTIFICATE-----`".to_owned()),
        false => Ok(read),
    }
}

/// The revocation lists of a text.
pub(super) fn revocation_lists(file: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let blocks = pem_blocks(file)?;
    Ok(blocks
        .into_iter()
        .filter(|block| LIST.contains(&block.label))
        .map(|block| block.der)
        .collect())
}

/// Of a header field: the text is percent-encoded, with `+`, `=` and `/` left as they are. Form
/// decoding would make spaces of the first.
pub(crate) fn from_field(value: &[u8]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    let text = std::str::from_utf8(value).map_err(|_| malformed("the field is no text"))?;
    certificates(&percent_decode_str(text).collect::<Vec<u8>>())
}

fn certificates_of(blocks: Vec<PemBlock<'_>>) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut certificates = Vec::new();
    for PemBlock { label, der } in blocks {
        if CERTIFICATE.contains(&label) {
            certificates.push(CertificateDer::from(der));
        } else if label == TRUSTED {
            certificates.push(trusted(&der)?);
        }
    }
    Ok(certificates)
}

/// The block that a text begins with, and what follows it.
fn block_of(text: &[u8]) -> Result<(PemBlock<'_>, &[u8]), String> {
    let broken = |what: &str| format!("is broken PEM: {what}");
    let text = text.strip_prefix(b"-----BEGIN ").unwrap_or(text);
    let end =
        find(text, b"-----").ok_or_else(|| broken("a `BEGIN` line does not end with `-----`"))?;
    let (label, text) =
        (text.get(..end).unwrap_or_default(), text.get(end + 5..).unwrap_or_default());
    let label = std::str::from_utf8(label).ok().filter(|label| label.bytes().all(is_label_byte));
    let label = label.ok_or_else(|| broken("a `BEGIN` line does not end with `-----`"))?;
    let marker = format!("-----END {label}-----");
    let cut_off = || broken(&format!("its {label} is cut off: there is no `{marker}`"));
    let end = find(text, marker.as_bytes()).ok_or_else(cut_off)?;
    let (body, after) = (text.get(..end).unwrap_or_default(), text.get(end + marker.len()..));
    if find(body, b"-----").is_some() {
        return Err(cut_off());
    }
    if body.contains(&b':') {
        // `Proc-Type: 4,ENCRYPTED`, and other fields of RFC 1421.
        return Err(broken(&format!(
            "its {label} has header fields: it is encrypted, or not of RFC 7468"
        )));
    }
    let lines: Vec<&[u8]> =
        body.split(|byte| b"\r\n".contains(byte)).map(<[u8]>::trim_ascii).collect();
    // The markers have lines of their own.
    let apart = lines.len() > 1
        && lines.first().zip(lines.last()).is_some_and(|(a, b)| a.is_empty() && b.is_empty());
    let der = STANDARD.decode(lines.concat()).ok().filter(|der| apart && !der.is_empty());
    let der = der.ok_or_else(|| broken(&format!("its {label} is not base64")))?;
    Ok((PemBlock { label, der }, after.unwrap_or_default()))
}

fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" #".contains(&byte)
}

/// Text outside of blocks may say anything but what looks like the mistyped end of one.
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

/// The certificate that OpenSSL's settings follow, unless they say that it is not for clients.
fn trusted(der: &[u8]) -> Result<CertificateDer<'static>, String> {
    let unreadable = |_| format!("is broken PEM: its {TRUSTED} is unreadable");
    let (certificate, restricted) = split_trusted(der).map_err(unreadable)?;
    if restricted {
        let advice = "make it a plain one with `openssl x509`, if it is to be trusted";
        return Err(format!(
            "has a {TRUSTED} whose settings do not trust it for clients: {advice}"
        ));
    }
    Ok(CertificateDer::from(certificate.to_vec()))
}

/// `X509` and `X509_CERT_AUX` of OpenSSL: uses that are trusted, `[0]` uses that are rejected, an
/// alias.
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
    fn what_tools_write_around_a_block_does_not_matter() {
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
    fn what_could_hide_a_block_is_an_error() {
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
}
