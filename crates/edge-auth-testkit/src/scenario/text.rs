//! Expands the references in braces in a scenario.

use std::collections::BTreeMap;
use std::time::Duration;

use edge_auth_token::Timestamp;

use crate::mint::TestKey;

/// The kinds of references. Other braces are ordinary text.
const KINDS: [&str; 28] = [
    "ca",
    "ca-sha256",
    "cert",
    "cert-base64",
    "cert-base64-list",
    "cert-base64-row",
    "cert-ber",
    "cert-chain",
    "cert-chain-other",
    "cert-other",
    "cert-other-pem",
    "cert-other-sha256",
    "cert-pem",
    "cert-sha256",
    "cert-url",
    "cert-x5t",
    "token",
    "key",
    "previous",
    "key-id",
    "altered",
    "inline",
    "kept",
    "jwks",
    "issuer",
    "pem",
    "time",
    "repeat",
];
/// The kind of a reference to one byte, for text that is not UTF-8.
const BYTE: &str = "byte";

/// All texts that a scenario can refer to.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) issuers_url: String,
    pub(super) now: Timestamp,
    /// The texts by kind and name.
    pub(super) named: BTreeMap<(&'static str, String), String>,
    /// The current value of `{each}`.
    pub(super) each: Option<String>,
}

impl Texts {
    pub(super) fn new(issuers_url: impl Into<String>, now: Timestamp) -> Self {
        Self { issuers_url: issuers_url.into(), now, named: BTreeMap::new(), each: None }
    }

    pub(super) fn set(&mut self, kind: &'static str, name: &str, text: impl Into<String>) {
        self.named.insert((kind, name.to_owned()), text.into());
    }

    /// Expands every reference in a text.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(text)?).map_err(|_| format!("{text:?} is not UTF-8"))
    }

    /// Expands every reference, as [`Self::expand`], where the result need not be UTF-8.
    pub(super) fn bytes(&self, text: &str) -> Result<Vec<u8>, String> {
        // `{each}` comes first, so that it can be a part of another reference: `{token:{each}}`.
        let text = match &self.each {
            Some(value) => &text.replace("{each}", value),
            None => text,
        };
        let mut expanded = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            expanded.extend(before.as_bytes());
            match reference(after) {
                Some((kind, name, behind)) => {
                    expanded.extend(self.value(kind, name)?);
                    rest = behind;
                }
                None => {
                    expanded.push(b'{');
                    rest = after;
                }
            }
        }
        expanded.extend(rest.as_bytes());
        Ok(expanded)
    }

    fn value(&self, kind: &str, name: &str) -> Result<Vec<u8>, String> {
        let value = match kind {
            "jwks" | "issuer" => Some(format!("{}/{kind}/{name}", self.issuers_url).into_bytes()),
            "pem" => TestKey::named(name).map(|key| key.public_pem.into()),
            "time" => self.time(name).map(|time| time.seconds().to_string().into_bytes()),
            "repeat" => repeated(name),
            BYTE => u8::from_str_radix(name, 16).ok().map(|byte| vec![byte]),
            _ => {
                let mut named = self.named.iter();
                let found = named.find(|((of, text), _)| *of == kind && text == name);
                found.map(|(_, text)| text.clone().into_bytes())
            }
        };
        value.ok_or_else(|| format!("there is no {kind} `{name}`"))
    }

    /// Parses a time relative to now: `+5m` or `-2d`.
    pub(super) fn time(&self, text: &str) -> Option<Timestamp> {
        match text.split_at_checked(1)? {
            ("+", later) => Some(self.now.plus(duration(later).ok()?)),
            ("-", earlier) => Some(self.now.minus(duration(earlier).ok()?)),
            _ => None,
        }
    }
}

/// Parses a duration such as `5m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("`{text}` is not a duration like 5m"))
}

/// Expands `TEXT:N`.
fn repeated(text: &str) -> Option<Vec<u8>> {
    let (text, times) = text.rsplit_once(':')?;
    Some(text.repeat(times.parse().ok()?).into_bytes())
}

/// Splits the text after an opening brace into kind, name and rest, if it is a reference.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, behind) = text.split_once('}')?;
    let (kind, name) = inside.split_once(':')?;
    (KINDS.contains(&kind) || kind == BYTE).then_some((kind, name, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        let mut texts = Texts::new("http://127.0.0.1:1", Timestamp::from_seconds(1000));
        texts.set("token", "a", "x.y.z");
        texts
    }

    #[test]
    fn references_are_replaced_and_other_braces_stay() {
        let texts = texts();
        assert_eq!(texts.expand("Bearer {token:a}!").as_deref(), Ok("Bearer x.y.z!"));
        let pattern = r#"/a/{id}/{*rest} {"b": 1} { any = ["jwt:a"] }"#;
        assert_eq!(texts.expand(pattern).as_deref(), Ok(pattern));
        assert_eq!(texts.expand("{time:+5s} {time:-1m}").as_deref(), Ok("1005 940"));
        assert_eq!(texts.expand("{repeat:{:3}{repeat:a:b:2}").as_deref(), Ok("{{{a:ba:b"));
        assert_eq!(texts.bytes("{byte:ff}").as_deref(), Ok(&[0xff][..]));
    }

    #[test]
    fn each_may_be_a_part_of_a_reference() {
        let mut texts = texts();
        texts.each = Some("a".to_owned());
        assert_eq!(texts.expand("{each} {token:{each}}").as_deref(), Ok("a x.y.z"));
    }

    #[test]
    fn an_unknown_reference_is_an_error() {
        for text in ["{token:b}", "{pem:b}", "{time:5m}", "{repeat:a}", "{byte:fff}", "{key:a}"] {
            assert!(texts().bytes(text).is_err(), "{text}");
        }
        assert!(texts().expand("{byte:ff}").is_err());
    }
}
