//! Reads `Client-Cert` and `Client-Cert-Chain` (RFC 9440), which are structured fields (RFC 8941).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pki_types::CertificateDer;

use super::refusal::malformed;
use crate::denial::Denial;
use crate::request::Headers;

/// Only padding may be missing (RFC 8941, section 4.2.7).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the client's own certificate, then its intermediates; `None` without a `Client-Cert`.
pub(crate) fn chain(headers: Headers<'_>) -> Result<Option<Vec<CertificateDer<'static>>>, Denial> {
    let own = headers
        .single("client-cert")
        .map_err(|_| malformed("there are several `Client-Cert` fields"))?;
    let mut others = headers.all("client-cert-chain").peekable();
    let Some(own) = own else {
        return match others.peek() {
            Some(_) => Err(malformed("there is a `Client-Cert-Chain` without a `Client-Cert`")),
            None => Ok(None),
        };
    };
    let mut chain = vec![byte_sequence("Client-Cert", own)?];
    for list in others {
        for item in list.split(|byte| *byte == b',') {
            chain.push(byte_sequence("Client-Cert-Chain", item)?);
        }
    }
    Ok(Some(chain))
}

/// Reads a chain that an application describes, without fields: DER in base64, the client's own
/// certificate first.
pub(crate) fn described(chain: &[String]) -> Result<Vec<CertificateDer<'static>>, Denial> {
    if chain.is_empty() {
        return Err(malformed("`client_certificate` has no certificate"));
    }
    let mut certificates = Vec::with_capacity(chain.len());
    for text in chain {
        match BASE64.decode(text) {
            Ok(der) if !der.is_empty() => certificates.push(CertificateDer::from(der)),
            Ok(_) | Err(_) => return Err(malformed("`client_certificate` is not DER in base64")),
        }
    }
    Ok(certificates)
}

/// Reads `:base64:`, with spaces around it (RFC 8941, section 4.2), from the field `name`.
pub(crate) fn byte_sequence(name: &str, field: &[u8]) -> Result<CertificateDer<'static>, Denial> {
    let mut item = field;
    while let [b' ', rest @ ..] | [rest @ .., b' '] = item {
        item = rest;
    }
    let inner = item.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":"));
    let der = inner.filter(|inner| !inner.is_empty()).and_then(|inner| BASE64.decode(inner).ok());
    der.map(CertificateDer::from).ok_or_else(|| {
        malformed(format!("`{name}` is not a byte sequence as in RFC 9440: `:base64:`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(&str, &[u8])]) -> Result<Option<Vec<Vec<u8>>>, ()> {
        let chain = chain(Headers(fields)).map_err(|_| ())?;
        Ok(chain.map(|chain| chain.iter().map(|der| der.to_vec()).collect()))
    }

    #[test]
    fn a_chain_is_the_own_certificate_and_those_of_the_list() {
        let fields: [(&str, &[u8]); 3] = [
            ("Client-Cert", b":YQ==:"),
            ("client-cert-chain", b" :Yg: , :Yw==:  "),
            ("Client-Cert-Chain", b":ZA==:"),
        ];
        let wanted = ["a", "b", "c", "d"].map(|text| text.as_bytes().to_vec()).to_vec();
        assert_eq!(read(&fields), Ok(Some(wanted)));
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn every_other_form_is_refused() {
        for value in [
            &b""[..],
            b"::",
            b"YQ==",
            b":YQ==",
            b":Y Q==:",
            b":YR==:",
            b":YQ==:;a=1",
            b":YQ==:,:YQ==:",
            b"-----BEGIN CERTIFICATE-----",
            b":-_==:",
            b"\x0c:YQ==:",
            b":YQ==:\n",
            b"\t:YQ==:",
            b"\xff",
        ] {
            assert!(read(&[("client-cert", value)]).is_err(), "{value:?}");
        }
        assert!(read(&[("client-cert", b":YQ==:"), ("Client-Cert", b":YQ==:")]).is_err());
        assert!(read(&[("client-cert-chain", b":YQ==:")]).is_err());
        assert!(read(&[("client-cert", b":YQ==:"), ("client-cert-chain", b"")]).is_err());
    }
}
