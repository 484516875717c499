//! Distinguished names, compared by what they say and not by how they are written.

use std::collections::BTreeSet;

use x509_cert::der::asn1::{Any, BmpString, ObjectIdentifier};
use x509_cert::der::{Decode, Tag, Tagged};
use x509_cert::name::Name;

/// The attribute types of RFC 4514, section 3, and a few that clients' certificates have.
const TYPES: [(&str, &str); 13] = [
    ("CN", "2.5.4.3"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("DNQUALIFIER", "2.5.4.46"),
    ("TITLE", "2.5.4.12"),
];

/// A name: its parts in the order of the certificate, each a set of types and values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DistinguishedName(Vec<BTreeSet<(ObjectIdentifier, String)>>);

impl DistinguishedName {
    /// As a certificate has it. `None` if a value is no text, or has control characters: a NUL in a
    /// name is there to deceive.
    pub(crate) fn of(name: &Name) -> Option<Self> {
        let part = |part: &x509_cert::name::RelativeDistinguishedName| {
            part.iter().map(|attribute| Some((attribute.oid, text(&attribute.value)?))).collect()
        };
        name.iter_rdn().map(part).collect::<Option<_>>().map(Self)
    }

    /// As text (RFC 4514), the last part first: `CN=Devices CA,O=Example`. Spaces around separators
    /// are allowed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        for part in split(text, ',')? {
            let attributes: Vec<_> = split(part, '+')?.into_iter().map(attribute).collect::<Option<_>>()?;
            let set: BTreeSet<_> = attributes.iter().cloned().collect();
            if set.len() != attributes.len() {
                return None;
            }
            parts.push(set);
        }
        parts.reverse();
        Some(Self(parts))
    }

    /// The one value of a type, in the whole name; `None` if there is none, or several.
    pub(crate) fn single(&self, oid: ObjectIdentifier) -> Option<&str> {
        let mut values = self.0.iter().flatten().filter(|(own, _)| *own == oid).map(|(_, value)| &**value);
        values.next().filter(|_| values.next().is_none())
    }
}

/// The type of this name, in any case: `CN`. Object identifiers are understood as well.
pub(crate) fn attribute_type(name: &str) -> Option<ObjectIdentifier> {
    let upper = name.to_ascii_uppercase();
    let alias = match upper.as_str() {
        "S" => "ST",
        "E" => "EMAILADDRESS",
        other => other,
    };
    let known = TYPES.iter().find(|(short, _)| *short == alias).map(|(_, oid)| *oid);
    let oid = known.unwrap_or_else(|| upper.strip_prefix("OID.").unwrap_or(name));
    ObjectIdentifier::new(oid).ok()
}

/// The text of a value, whatever its string type.
fn text(value: &Any) -> Option<String> {
    let text = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.value().to_vec()).ok()?
        }
        Tag::BmpString => BmpString::from_der(&x509_cert::der::Encode::to_der(value).ok()?).ok()?.to_string(),
        _ => return None,
    };
    plain(&text).then_some(text)
}

/// Whether text can be shown and compared without surprises.
pub(crate) fn plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Splits at separators that no backslash stands before.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if char == '\\' {
            escaped = true;
        } else if char == separator {
            parts.push(text.get(start..at)?);
            start = at + separator.len_utf8();
        }
    }
    parts.push(text.get(start..)?);
    (!escaped).then_some(parts)
}

/// `type=value`, with the escapes of RFC 4514, section 3. A value in hexadecimal BER (`#…`) is not
/// understood.
fn attribute(text: &str) -> Option<(ObjectIdentifier, String)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim_start_matches(' ');
    if value.starts_with('#') {
        return None;
    }
    let value = unescape(value)?;
    (!value.is_empty() && plain(&value)).then_some((attribute_type(name.trim_matches(' '))?, value))
}

fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    // Spaces at the end that are not escaped are none of the value's.
    let mut kept = 0;
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let next = rest.next()?;
                match char::from(next).to_digit(16) {
                    Some(high) => {
                        let low = char::from(rest.next()?).to_digit(16)?;
                        bytes.push(u8::try_from(high << 4 | low).ok()?);
                    }
                    None if b" \"#+,;<=>\\".contains(&next) => bytes.push(next),
                    None => return None,
                }
                kept = bytes.len();
            }
            b'"' | b';' | b'<' | b'>' => return None,
            b' ' => bytes.push(byte),
            _ => {
                bytes.push(byte);
                kept = bytes.len();
            }
        }
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn names_are_equal_however_they_are_written() {
        let name = parse("CN=Devices CA,OU=a\\, b+L=x,O=Example");
        for same in [
            "cn=Devices CA, OU=a\\2C b+L=x, O=Example",
            "2.5.4.3=Devices CA,L=x+OU=a\\, b,OID.2.5.4.10=Example",
            "CN = Devices CA , OU=a\\, b+L=x,O=Example ",
        ] {
            assert_eq!(parse(same), name, "{same}");
        }
        for other in [
            "CN=devices CA,OU=a\\, b+L=x,O=Example",
            "O=Example,OU=a\\, b+L=x,CN=Devices CA",
            "CN=Devices CA,OU=a\\, b,L=x,O=Example",
            "CN=Devices CA",
        ] {
            assert_ne!(parse(other), name, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_read_for_sure_is_no_name() {
        for text in [
            "",
            "CN",
            "CN=",
            "CN=a,",
            "CN=a\\",
            "CN=a\\q",
            "CN=#0c0161",
            "CN=\"a\"",
            "XYZZY=a",
            "CN=a\\00b",
            "CN=a+CN=a",
            "CN=a;O=b",
            "=a",
        ] {
            assert_eq!(DistinguishedName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_field_is_taken_only_if_it_is_there_once() {
        let cn = attribute_type("cn").unwrap();
        assert_eq!(parse("CN=a,O=b").single(cn), Some("a"));
        assert_eq!(parse("CN=a,CN=b").single(cn), None);
        assert_eq!(parse("O=b").single(cn), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|[CNO=,+\\\\# a\"é]{0,30}") {
            let _ = DistinguishedName::parse(&text);
        }

        #[test]
        fn any_value_can_be_written_with_escapes(value in "[ -~é]{1,20}") {
            let escaped: String = value.bytes().map(|byte| format!("\\{byte:02X}")).collect();
            let name = parse(&format!("CN={escaped}"));
            prop_assert_eq!(name.single(attribute_type("CN").unwrap()), Some(&*value));
        }
    }
}
