//! Reads `x-forwarded-client-cert` of Envoy: elements with commas between, one for each hop, made of
//! `key=value` pairs.
//!
//! Each hop appends an element for its client, so the trusted proxy wrote the last one. Envoy quotes
//! a value with a `,`, `;` or `=` in it, but not a certificate's URIs and host names, which could
//! then look like pairs or like another element. So every element must have exactly one `Cert`, and
//! certificates with such names are refused.

use pki_types::CertificateDer;

use super::parsed::ParsedCertificate;
use super::refusal::malformed;
use super::{from_hex, pem};
use crate::denial::Denial;
use crate::request::Headers;

/// The most elements of a field: each costs the parsing of a certificate.
const MAX_ELEMENTS: usize = 8;

/// Returns the certificate of the last element and its chain; `None` if the field is missing or empty.
pub(super) fn chain(
    headers: Headers<'_>,
    name: &str,
) -> Result<Option<Vec<CertificateDer<'static>>>, Denial> {
    let Ok(value) = headers.single(name) else {
        return Err(malformed(format!("there are several `{name}` fields")));
    };
    let Some(value) = value else { return Ok(None) };
    let unreadable = || malformed(format!("`{name}` does not have the form that Envoy writes"));
    let value = std::str::from_utf8(value).map_err(|_| unreadable())?.trim();
    if value.is_empty() {
        return Ok(None);
    }
    let elements = split(value, ',').ok_or_else(unreadable)?;
    if elements.len() > MAX_ELEMENTS {
        return Err(malformed(format!("`{name}` has more than {MAX_ELEMENTS} elements")));
    }
    let mut last = None;
    for element in elements {
        let element = Element::parse(element).ok_or_else(unreadable)?;
        last = Some(element.chain()?);
    }
    Ok(last)
}

/// The pairs of an element that count.
#[derive(Default)]
struct Element<'a> {
    cert: Option<&'a str>,
    chain: Option<&'a str>,
    hash: Option<&'a str>,
}

impl<'a> Element<'a> {
    /// Returns `None` if the text is not made of pairs, or has one of these pairs twice.
    fn parse(text: &'a str) -> Option<Self> {
        let mut element = Self::default();
        for pair in split(text, ';')? {
            let (key, value) = pair.split_once('=')?;
            let field = match key.trim().to_ascii_lowercase().as_str() {
                "cert" => &mut element.cert,
                "chain" => &mut element.chain,
                "hash" => &mut element.hash,
                _ => continue,
            };
            let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let value = quoted.unwrap_or(value);
            if field.replace(value).is_some() || value.contains(['"', '\\']) {
                return None;
            }
        }
        Some(element)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, Denial> {
        let Some(cert) = self.cert else {
            let advice = "have Envoy send it (`set_current_client_cert_details: { cert: true }`)";
            return Err(malformed(format!(
                "an element has no `Cert`, and nothing else proves who the client is: {advice}"
            )));
        };
        let [own] = <[_; 1]>::try_from(pem::from_field(cert.as_bytes())?)
            .map_err(|_| malformed("a `Cert` has more than one certificate"))?;
        let facts = ParsedCertificate::read(&own)?;
        let hash = self.hash.map(from_hex);
        if hash.is_some_and(|hash| hash.as_deref() != Some(facts.fingerprints.presented.as_slice()))
        {
            return Err(malformed("a `Hash` does not match the `Cert` beside it"));
        }
        let names = facts.names.unwrap_or_default();
        if names.uris.iter().chain(&names.dns).any(|name| name.contains([',', ';', '"'])) {
            return Err(malformed(
                "an alternative name has a `,`, `;` or `\"`, which Envoy does not quote",
            ));
        }
        let Some(chain) = self.chain else { return Ok(vec![own]) };
        let chain = pem::from_field(chain.as_bytes())?;
        if chain.first() != Some(&own) {
            return Err(malformed("a `Chain` does not begin with the `Cert` beside it"));
        }
        Ok(chain)
    }
}

/// Splits at separators outside of quotes; within them a backslash escapes. `None` if a quote is
/// open at the end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if char == separator && !quoted => {
                parts.push(text.get(start..at)?);
                start = at + separator.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_inside_quotes_do_not_split() {
        assert_eq!(split("a=\"1,2\\\",3\",b=4", ','), Some(vec!["a=\"1,2\\\",3\"", "b=4"]));
        assert_eq!(split("a=\"1", ','), None);
        let element =
            Element::parse("By=x;Hash=00;Cert=\"a%3D\";Subject=\"CN=a;Cert=b\";URI=").unwrap();
        assert_eq!((element.cert, element.hash), (Some("a%3D"), Some("00")));
    }

    #[test]
    fn a_repeated_pair_or_one_without_a_value_is_refused() {
        for text in
            ["Cert=a;cert=b", "Cert=\"a;Cert=\"b\"", "Cert", "", "Hash=1;Hash=1", "Cert=a\"b\""]
        {
            assert!(Element::parse(text).is_none(), "{text}");
        }
    }
}
