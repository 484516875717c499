//! Reads the fields in which nginx, Traefik, HAProxy and Azure pass their client's certificate on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode;
use pki_types::CertificateDer;
use x509_cert::der::{self, Reader, SliceReader};

use super::pem;
use super::refusal::malformed;
use crate::denial::Denial;
use crate::request::Headers;

/// The certificates of a field, the client's own first; `None` if the client presented none.
type Chain = Result<Option<Vec<CertificateDer<'static>>>, Denial>;

/// Reads PEM, percent-encoded (`$ssl_client_escaped_cert`) or with its lines folded
/// (`$ssl_client_cert`).
pub(super) fn nginx(headers: Headers<'_>, name: &str) -> Chain {
    match value(headers, name)? {
        Some(value) => pem::from_field(value).map(Some),
        None => Ok(None),
    }
}

/// Reads base64 without the markers of PEM, with commas between certificates. Older versions of
/// Traefik percent-encode it.
pub(super) fn traefik(headers: Headers<'_>, name: &str) -> Chain {
    let Some(value) = value(headers, name)? else { return Ok(None) };
    let value: Vec<u8> = percent_decode(value).collect();
    let mut chain = Vec::new();
    for item in value.split(|byte| *byte == b',') {
        chain.push(single(name, item)?);
    }
    Ok(Some(chain))
}

/// Reads `ssl_c_der,base64` or `ssl_c_chain_der,base64`, one DER or several in a row, or PEM made of
/// them. `%{+Q}` quotes it.
pub(super) fn haproxy(headers: Headers<'_>, name: &str) -> Chain {
    let Some(value) = value(headers, name)? else { return Ok(None) };
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let value = quoted.unwrap_or(value);
    if value.is_empty() {
        return Ok(None);
    }
    if is_pem(value) {
        return pem::certificates(value).map(Some);
    }
    let der = base64(name, value)?;
    let chain = in_a_row(&der).map_err(|_| malformed(format!("`{name}` is not DER in base64")))?;
    Ok(Some(chain))
}

/// Reads the client's own certificate in base64 (Azure).
pub(super) fn azure(headers: Headers<'_>, name: &str) -> Chain {
    match value(headers, name)? {
        Some(value) => Ok(Some(vec![single(name, value)?])),
        None => Ok(None),
    }
}

/// Returns the value of a field; `None` if it is missing or empty. Rejects several fields, also
/// those that a platform joined by a comma and a space (RFC 9110, section 5.3): no proxy writes
/// these two characters here.
fn value<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a [u8]>, Denial> {
    let several = || malformed(format!("there are several `{name}` fields"));
    let Ok(value) = headers.single(name) else { return Err(several()) };
    if value.is_some_and(|value| value.windows(2).any(|pair| pair == b", ")) {
        return Err(several());
    }
    Ok(value.map(<[u8]>::trim_ascii).filter(|value| !value.is_empty()))
}

/// Reads one certificate, in PEM or in base64 without markers.
fn single(name: &str, text: &[u8]) -> Result<CertificateDer<'static>, Denial> {
    let text = text.trim_ascii();
    if !is_pem(text) {
        return base64(name, text).map(CertificateDer::from);
    }
    match <[_; 1]>::try_from(pem::certificates(text)?) {
        Ok([only]) => Ok(only),
        Err(_) => Err(malformed(format!("`{name}` has several certificates in one place"))),
    }
}

fn is_pem(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"-----")
}

fn base64(name: &str, text: &[u8]) -> Result<Vec<u8>, Denial> {
    match STANDARD.decode(text.trim_ascii()) {
        Ok(der) if !der.is_empty() => Ok(der),
        Ok(_) | Err(_) => Err(malformed(format!("`{name}` is not a certificate in base64"))),
    }
}

fn in_a_row(der: &[u8]) -> der::Result<Vec<CertificateDer<'static>>> {
    let mut reader = SliceReader::new(der)?;
    let mut chain = Vec::new();
    while !reader.is_finished() {
        chain.push(CertificateDer::from(reader.tlv_bytes()?.to_vec()));
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(of: fn(Headers<'_>, &str) -> Chain, value: &str) -> Result<Option<Vec<Vec<u8>>>, ()> {
        let fields: [(&str, &[u8]); 1] = [("X-Cert", value.as_bytes())];
        let chain = of(Headers(&fields), "x-cert").map_err(|_| ())?;
        Ok(chain.map(|chain| chain.iter().map(|der| der.to_vec()).collect()))
    }

    #[test]
    fn each_proxy_has_its_own_form() {
        let one = Ok(Some(vec![vec![0x30, 0]]));
        let two = Ok(Some(vec![vec![0x30, 0], vec![0x30, 0]]));
        let pem = "-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A";
        assert_eq!(read(nginx, pem), one);
        assert_eq!(read(traefik, "MAA="), one);
        assert_eq!(read(traefik, "MAA%3D,MAA="), two);
        assert_eq!(read(haproxy, "MAA="), one);
        assert_eq!(read(haproxy, "\"MAAwAA==\""), two);
        assert_eq!(read(azure, "MAA="), one);
        for of in [nginx, traefik, haproxy, azure] {
            assert_eq!(read(of, ""), Ok(None));
            assert_eq!(of(Headers(&[]), "x-cert").ok(), Some(None));
        }
        assert_eq!(read(haproxy, "\"\""), Ok(None));
    }

    const FOLDED: &str = "-----BEGIN CERTIFICATE----- MA A= -----END CERTIFICATE-----";

    #[test]
    fn pem_on_one_line_is_read_from_each_proxy() {
        let one = Ok(Some(vec![vec![0x30, 0]]));
        let two = Ok(Some(vec![vec![0x30, 0], vec![0x30, 0]]));
        for text in [FOLDED.to_owned(), FOLDED.replace("- M", "-\tM")] {
            for of in [nginx, traefik, haproxy, azure] {
                assert_eq!(read(of, &text), one, "{text}");
            }
        }
        assert_eq!(read(nginx, &format!("{FOLDED} {FOLDED}")), two);
        assert_eq!(read(haproxy, &format!("\"{FOLDED} {FOLDED}\"")), two);
        assert_eq!(read(traefik, &format!("{FOLDED},{FOLDED}")), two);
        assert_eq!(read(azure, &format!("{FOLDED} {FOLDED}")), Err(()));
    }

    #[test]
    fn text_around_a_certificate_is_refused_from_each_proxy() {
        for of in [nginx, traefik, haproxy, azure] {
            for value in [
                format!("x{FOLDED}"),
                format!("MAA= {FOLDED}"),
                format!("{FOLDED} MAA="),
                format!("{FOLDED} x {FOLDED}"),
                format!("{} {FOLDED}", FOLDED.replace("CERTIFICATE", "X509 CRL")),
            ] {
                assert_eq!(read(of, &value), Err(()), "{value}");
            }
        }
    }

    #[test]
    fn every_other_form_is_refused() {
        for value in
            ["MAA", "MA A=", ":MAA=:", "MAA=;MAA=", "%", "MAA=,", "\"MAA=", "(null)", "\u{e9}"]
        {
            for of in [nginx, traefik, haproxy, azure] {
                assert_eq!(read(of, value), Err(()), "{value}");
            }
        }
        assert_eq!(read(azure, "MAA=,MAA="), Err(()));
        // Two fields, as a platform joins them.
        let pem = "-----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A";
        assert_eq!(read(nginx, &format!("{pem}, {pem}")), Err(()));
        assert_eq!(read(traefik, "MAA=, MAA="), Err(()));
        assert_eq!(read(haproxy, "MAAw"), Err(()));
        let twice: [(&str, &[u8]); 2] = [("x-cert", b"MAA="), ("X-Cert", b"MAA=")];
        assert!(azure(Headers(&twice), "x-cert").is_err());
    }
}
