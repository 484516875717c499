//! Distinguished names, which are equal if they mean the same, in whatever form.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use x509_cert::der::asn1::{Any, BmpString, ObjectIdentifier};
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::Name;

use super::{from_hex, to_hex};

/// The attribute types of RFC 4514, section 3, and others that clients' certificates have.
const TYPES: [(&str, &str); 20] = [
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
    ("SN", "2.5.4.4"),
    ("GN", "2.5.4.42"),
    ("INITIALS", "2.5.4.43"),
    ("PSEUDONYM", "2.5.4.65"),
    ("POSTALCODE", "2.5.4.17"),
    ("BUSINESSCATEGORY", "2.5.4.15"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
];

/// A name: its parts in the order of the certificate, each a set of types and values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct DistinguishedName(Vec<BTreeSet<(ObjectIdentifier, Value)>>);

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    /// The DER of a value that is not text, or is in an obsolete encoding.
    Opaque(Vec<u8>),
}

impl DistinguishedName {
    /// Reads a certificate's name. Returns `None` if a text has control characters: a NUL in a name
    /// is there to deceive.
    pub(crate) fn of(name: &Name) -> Option<Self> {
        let part = |part: &x509_cert::name::RelativeDistinguishedName| {
            part.iter().map(|attribute| Some((attribute.oid, value(&attribute.value)?))).collect()
        };
        name.iter_rdn().map(part).collect::<Option<_>>().map(Self)
    }

    /// Parses text (RFC 4514), which has the last part first: `CN=Devices CA,O=Example`. Spaces around
    /// separators are allowed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            // A certificate may have alternative names only.
            return Some(Self::default());
        }
        let mut parts = Vec::new();
        for part in split(text, ',')? {
            let attributes: Vec<_> =
                split(part, '+')?.into_iter().map(attribute).collect::<Option<_>>()?;
            let set: BTreeSet<_> = attributes.iter().cloned().collect();
            if set.len() != attributes.len() {
                return None;
            }
            parts.push(set);
        }
        parts.reverse();
        Some(Self(parts))
    }

    /// Returns the one text of a type, in the whole name.
    ///
    /// # Errors
    /// The name has no value of the type, several, or one that is not surely text. The message
    /// continues `the subject`.
    pub(crate) fn single(&self, oid: ObjectIdentifier) -> Result<&str, String> {
        let mut values =
            self.0.iter().flatten().filter(|(own, _)| *own == oid).map(|(_, value)| value);
        let name = name_of_type(oid);
        match (values.next(), values.next()) {
            (Some(Value::Text(text)), None) => Ok(text),
            (Some(Value::Opaque(der)), None) => {
                let kind = Any::from_der(der)
                    .map_or_else(|_| "other value".to_owned(), |any| any.tag().to_string());
                Err(format!("has its {name} in a {kind}, which is not supported: use a UTF8String"))
            }
            (Some(_), Some(_)) => Err(format!("has several {name}")),
            (None, _) => Err(format!("has no {name}")),
        }
    }
}

impl From<DistinguishedName> for String {
    fn from(name: DistinguishedName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for DistinguishedName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a name")
    }
}

/// Writes the canonical text (RFC 4514), by which names are looked up.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, part) in self.0.iter().rev().enumerate() {
            f.write_str(if position == 0 { "" } else { "," })?;
            for (position, (oid, value)) in part.iter().enumerate() {
                f.write_str(if position == 0 { "" } else { "+" })?;
                let name = name_of_type(*oid);
                match value {
                    Value::Text(text) => write!(f, "{name}={}", escaped(text))?,
                    Value::Opaque(der) => write!(f, "{name}=#{}", to_hex(der))?,
                }
            }
        }
        Ok(())
    }
}

/// Returns the short name of a type, `CN`, or its object identifier.
fn name_of_type(oid: ObjectIdentifier) -> String {
    let oid = oid.to_string();
    match TYPES.iter().find(|(_, known)| *known == oid) {
        Some((name, _)) => (*name).to_owned(),
        None => oid,
    }
}

/// Escapes a value (RFC 4514, section 2.4).
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (position, char) in value.chars().enumerate() {
        let special = match char {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => true,
            ' ' => position == 0 || position == last,
            '#' => position == 0,
            _ => false,
        };
        if special {
            text.push('\\');
        }
        text.push(char);
    }
    text
}

/// Returns the type of this name, `CN` in any case, or of an object identifier.
pub(crate) fn attribute_type(name: &str) -> Option<ObjectIdentifier> {
    let upper = name.to_ascii_uppercase();
    let alias = match upper.as_str() {
        "S" => "ST",
        "E" => "EMAILADDRESS",
        "SURNAME" => "SN",
        "GIVENNAME" => "GN",
        other => other,
    };
    let known = TYPES.iter().find(|(short, _)| *short == alias).map(|(_, oid)| *oid);
    let oid = known.unwrap_or_else(|| upper.strip_prefix("OID.").unwrap_or(name));
    ObjectIdentifier::new(oid).ok()
}

/// Reads a value; of every string type the text.
fn value(value: &Any) -> Option<Value> {
    let text = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.value().to_vec()).ok()?
        }
        Tag::BmpString => BmpString::from_der(&value.to_der().ok()?).ok()?.to_string(),
        // T.61 and Latin-1, which many write instead, agree on these.
        Tag::TeletexString if value.value().iter().all(is_printable) => {
            String::from_utf8(value.value().to_vec()).ok()?
        }
        _ => return value.to_der().ok().map(Value::Opaque),
    };
    plain(&text).then_some(Value::Text(text))
}

/// Returns whether `PrintableString` (X.680, section 41.4) has the character; also for `@`.
fn is_printable(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?@".contains(byte)
}

/// Returns whether text can be shown and compared without surprises: it has no control characters,
/// and none that are invisible or turn the direction of writing.
pub(crate) fn plain(text: &str) -> bool {
    if text.is_ascii() {
        return !text.chars().any(char::is_control);
    }
    // The standard library escapes what it would not print. (It escapes more in the first place, so
    // an `a` is there.)
    let text = format!("a{}", text.replace('\\', ""));
    !text.chars().any(char::is_control) && !text.escape_debug().to_string().contains("\\u{")
}

/// Splits at separators that have no backslash before them.
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

/// Parses `type=value`, with the escapes of RFC 4514, section 3, or with a value in hexadecimal
/// (`#0c0161`).
fn attribute(text: &str) -> Option<(ObjectIdentifier, Value)> {
    let (name, written) = text.split_once('=')?;
    let oid = attribute_type(name.trim_matches(' '))?;
    let written = written.trim_start_matches(' ');
    if let Some(hex) = written.strip_prefix('#') {
        let der = from_hex(hex.trim_end_matches(' '))?;
        return Some((oid, value(&Any::from_der(&der).ok()?)?));
    }
    let text = unescape(written)?;
    (!text.is_empty() && plain(&text)).then_some((oid, Value::Text(text)))
}

fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    // Unescaped spaces at the end are not part of the value.
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
    fn an_ambiguous_text_is_not_a_name() {
        for text in [
            "CN",
            "CN=",
            "CN=a,",
            "CN=a\\",
            "CN=a\\q",
            "CN=#0c02",
            "CN=#",
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
    fn a_value_in_hexadecimal_is_its_text_or_its_bytes() {
        assert_eq!(parse("CN=#0c0161"), parse("CN=a"));
        // A bit string, as for x500UniqueIdentifier.
        let odd = parse("2.5.4.45=#03020061,CN=a");
        assert_eq!(odd, parse("OID.2.5.4.45=#03020061, CN=a"));
        assert_ne!(odd, parse("2.5.4.45=#03020062,CN=a"));
        assert_eq!(odd.single(attribute_type("CN").unwrap()), Ok("a"));
        let refusal = odd.single(attribute_type("2.5.4.45").unwrap()).unwrap_err();
        assert!(refusal.contains("BIT STRING"), "{refusal}");
    }

    #[test]
    fn given_names_and_empty_names_are_read() {
        assert_eq!(parse("GN=Ann,SN=B,initials=AB"), parse("givenName=Ann,surname=B,2.5.4.43=AB"));
        assert!(parse("").single(attribute_type("CN").unwrap()).is_err());
    }

    #[test]
    fn invisible_text_is_not_plain() {
        for text in
            ["ad\u{202e}min", "ad\u{200b}min", "a\u{2028}b", "a\u{feff}", "\u{ad}a", "a\u{85}"]
        {
            assert!(!plain(text), "{text:?}");
        }
        for text in ["", "a\\u{202e}", "Zoë", "Zoe\u{308}", "\u{308}e", "日本", "\"it's\"é"] {
            assert!(plain(text), "{text:?}");
        }
    }

    #[test]
    fn a_field_must_occur_exactly_once() {
        let cn = attribute_type("cn").unwrap();
        assert_eq!(parse("CN=a,O=b").single(cn), Ok("a"));
        assert_eq!(parse("CN=a,CN=b").single(cn), Err("has several CN".to_owned()));
        assert_eq!(parse("O=b").single(cn), Err("has no CN".to_owned()));
    }

    #[test]
    fn text_of_old_string_types_is_read_if_it_is_unambiguous() {
        let cn = attribute_type("cn").unwrap();
        // `Press 4` as T61String and as BMPString, then `é` and `#` as T61String.
        assert_eq!(
            parse("CN=#14075072657373 2034".replace(' ', "").as_str()).single(cn),
            Ok("Press 4")
        );
        assert_eq!(parse("CN=#1e0400410042").single(cn), Ok("AB"));
        for opaque in ["CN=#1401e9", "CN=#140123"] {
            let refusal = parse(opaque).single(cn).unwrap_err();
            assert!(refusal.contains("TeletexString"), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|[CNO=,+\\\\# a\"é]{0,30}") {
            let _ = DistinguishedName::parse(&text);
        }

        #[test]
        fn a_name_is_read_back_from_its_text(values in prop::collection::vec("[ -~é]{1,12}", 1..4)) {
            let escaped = |value: &String| value.bytes().map(|byte| format!("\\{byte:02X}")).collect::<String>();
            let parts: Vec<String> = values.iter().map(|value| format!("OU={}", escaped(value))).collect();
            let name = parse(&parts.join(","));
            prop_assert_eq!(DistinguishedName::parse(&name.to_string()), Some(name));
        }

        #[test]
        fn any_value_can_be_written_with_escapes(value in "[ -~é]{1,20}") {
            let escaped: String = value.bytes().map(|byte| format!("\\{byte:02X}")).collect();
            let name = parse(&format!("CN={escaped}"));
            prop_assert_eq!(name.single(attribute_type("CN").unwrap()), Ok(&*value));
        }
    }
}
