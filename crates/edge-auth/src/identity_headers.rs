//! The headers that tell the upstream who the caller is.
//!
//! Only this file names the client's headers to strip, and only this file sets ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::audit::excerpt;
use crate::denial::{Code, Denial};
use crate::principal::Principal;
use crate::request::Headers;

/// Encodes everything but visible ASCII, and `%` itself, so that two values never look the same
/// upstream.
const VALUE: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The headers' names after the prefix, and their members of a context.
const FIELDS: [(&str, &str); 6] = [
    ("Principal", "principal"),
    ("Kind", "kind"),
    ("Subject", "subject"),
    ("Issuer", "issuer"),
    ("Client", "client"),
    ("Scopes", "scopes"),
];

/// Returns each header with this prefix, and its member of a context.
pub(crate) fn names(prefix: &str) -> [(String, &'static str); 6] {
    FIELDS.map(|(field, member)| (format!("{prefix}{field}"), member))
}

/// The headers of one policy's prefix. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct IdentityHeaders(Arc<HeaderNames>);

#[derive(Debug)]
struct HeaderNames {
    prefix: String,
    folded: Vec<u8>,
    /// The names in `FIELDS`, with the prefix.
    names: [String; 6],
}

/// The encoded values of a principal's headers. `None` stands for a value that is sent as it is.
#[derive(Debug, Clone)]
pub(crate) struct HeaderValues {
    id: Option<String>,
    subject: Option<String>,
    issuer: Option<String>,
    client: Option<String>,
    scopes: String,
}

impl HeaderValues {
    pub(crate) fn of(principal: &Principal) -> Self {
        Self {
            id: encoded(&principal.id),
            subject: encoded(&principal.subject),
            issuer: principal.issuer.as_deref().and_then(encoded),
            client: principal.client.as_deref().and_then(encoded),
            scopes: principal.scopes.joined(),
        }
    }
}

/// Returns the values in the order of `FIELDS`.
fn values(principal: &Principal) -> [Option<&str>; 6] {
    let kept = principal.header_values();
    [
        Some(kept.id.as_deref().unwrap_or(&principal.id)),
        Some(principal.kind.name()),
        Some(kept.subject.as_deref().unwrap_or(&principal.subject)),
        kept.issuer.as_deref().or(principal.issuer.as_deref()),
        kept.client.as_deref().or(principal.client.as_deref()),
        Some(&kept.scopes),
    ]
}

impl IdentityHeaders {
    pub(crate) fn new(prefix: &str) -> Self {
        Self(Arc::new(HeaderNames {
            prefix: prefix.to_owned(),
            folded: folded(prefix).collect(),
            names: names(prefix).map(|(name, _)| name),
        }))
    }

    /// Returns whether an upstream could take a client's field for one of ours: some servers and
    /// frameworks read `X_Auth_Subject`, `x.auth.subject` and `X-Auth-Subject` as the same field.
    pub(crate) fn is_reserved(&self, name: &str) -> bool {
        let mut name = folded(name);
        self.0.folded.iter().all(|own| name.next() == Some(*own))
    }

    /// Returns the prefix, folded.
    pub(crate) fn folded_prefix(&self) -> String {
        fold(&self.0.prefix).collect()
    }

    /// Returns whether a name looks like ours, but a proxy does not overwrite it: another spelling
    /// of one of the headers, or another name under the prefix.
    pub(crate) fn is_imitation(&self, name: &str) -> bool {
        self.is_reserved(name) && !self.0.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Refuses a request with imitations that a proxy forwards itself: the gate cannot strip them,
    /// and the API would believe them.
    pub(crate) fn refuse_imitations(&self, headers: Headers<'_>) -> Result<(), Denial> {
        let Some(name) = headers.names().find(|name| self.is_imitation(name)) else {
            return Ok(());
        };
        let reason = format!(
            "the proxy passes on its client's `{}`, which looks like an identity header: configure the \
             proxy to remove it",
            excerpt(name, 64)
        );
        Err(Denial::new(Code::RequestMalformed, reason))
    }

    /// Returns the headers that describe `principal`.
    pub(crate) fn of<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let fields = self.0.names.iter().zip(values(principal));
        fields.filter_map(|(name, value)| Some((name.as_str(), value?)))
    }

    /// Returns all headers, with empty values for missing ones and for a missing principal.
    pub(crate) fn complete<'a>(
        &'a self,
        principal: Option<&'a Principal>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let values = principal.map_or([None; 6], values);
        let fields = self.0.names.iter().zip(values);
        fields.map(|(name, value)| (name.as_str(), value.unwrap_or_default()))
    }

    /// Returns the same values as [`Self::complete`] by plain names: `principal`, `kind`, …
    pub(crate) fn context(&self, principal: Option<&Principal>) -> BTreeMap<&'static str, String> {
        let mut context = BTreeMap::new();
        for ((_, member), (_, value)) in FIELDS.into_iter().zip(self.complete(principal)) {
            context.insert(member, value.to_owned());
        }
        context
    }

    /// Returns the name of the header that carries a denial's code.
    pub(crate) fn code_header(&self) -> String {
        format!("{}Code", self.0.prefix)
    }
}

/// Returns the encoded value, if it differs.
fn encoded(value: &str) -> Option<String> {
    if is_plain(value) { None } else { Some(utf8_percent_encode(value, VALUE).to_string()) }
}

/// Returns whether `VALUE` encodes nothing in it, as is true of nearly all values.
fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'%')
}

/// Fields with which frameworks replace the method or path that a rule matched.
const OVERRIDES: [&str; 7] = [
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Returns whether an upstream could take the method or path from a client's field.
pub(crate) fn overrides_route(name: &str) -> bool {
    let Some(beginning @ [b'x', b'-', _]) = beginning(name) else { return false };
    let mut fitting = OVERRIDES.iter().filter(|own| own.as_bytes().starts_with(&beginning));
    fitting.any(|own| folded(name).eq(own.bytes()))
}

/// Returns the first three bytes of a folded name: enough to rule out most names.
pub(crate) fn beginning(name: &str) -> Option<[u8; 3]> {
    let mut folded = folded(name);
    Some([folded.next()?, folded.next()?, folded.next()?])
}

/// Lower-cases a name, and reads everything but letters and digits as `-`: CGI and its successors
/// make the same variable of `_`, `.`, `!` and the like.
pub(crate) fn fold(name: &str) -> impl Iterator<Item = char> {
    folded(name).map(char::from)
}

/// Does the same as [`fold`], whose characters are all ASCII.
pub(crate) fn folded(name: &str) -> impl Iterator<Item = u8> {
    // One byte for each character: the others of UTF-8 begin with the bits 10.
    let firsts = name.bytes().filter(|byte| byte & 0xC0 != 0x80);
    firsts.map(|byte| if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::{Derived, PrincipalKind};
    use crate::scopes::Scopes;

    fn principal(subject: &str, scopes: Scopes) -> Principal {
        Principal {
            id: format!("jwt:corp:{subject}"),
            kind: PrincipalKind::Jwt,
            subject: subject.to_owned(),
            issuer: Some("https://login.example/".to_owned()),
            client: None,
            tenant: None,
            scopes,
            derived: Derived::default(),
        }
    }

    fn value(principal: &Principal, name: &str) -> Option<String> {
        let headers = IdentityHeaders::new("X-Auth-");
        headers.of(principal).find(|(field, _)| *field == name).map(|(_, value)| value.to_owned())
    }

    #[test]
    fn every_spelling_of_an_identity_header_is_reserved() {
        let headers = IdentityHeaders::new("X-Auth-");
        for name in [
            "X-Auth-Subject",
            "x_auth_subject",
            "X.Auth.User",
            "x-AUTH_anything",
            "x-auth-",
            "X!Auth~Kind",
            "X\u{2010}Auth\u{e9}Kind",
        ] {
            assert!(headers.is_reserved(name), "{name}");
        }
        for name in ["X-Author", "Authorization", "X-Aut", "My-X-Auth-Subject"] {
            assert!(!headers.is_reserved(name), "{name}");
        }
    }

    #[test]
    fn all_names_that_a_proxy_does_not_overwrite_are_imitations() {
        let headers = IdentityHeaders::new("X-Auth-");
        for name in
            ["X_Auth_Subject", "x.auth-subject", "X!Auth!Kind", "X-Auth-Roles", "X-Auth-Subject-"]
        {
            assert!(headers.is_imitation(name), "{name}");
        }
        for name in ["X-Auth-Subject", "x-auth-CLIENT", "X-Author", "Authorization"] {
            assert!(!headers.is_imitation(name), "{name}");
        }
    }

    #[test]
    fn a_field_that_overrides_path_or_method_is_recognised_in_every_spelling() {
        for name in ["X-Original-URL", "x_rewrite_url", "X-HTTP-Method-Override"] {
            assert!(overrides_route(name), "{name}");
        }
        assert!(!overrides_route("X-Original-Host"));
    }

    #[test]
    fn values_are_visible_ascii_and_two_subjects_never_look_the_same() {
        for (subject, encoded) in [
            ("jörg\r\nX-Evil: 1", "j%C3%B6rg%0D%0AX-Evil:%201"),
            ("a%20b", "a%2520b"),
            ("a b", "a%20b"),
        ] {
            let principal = principal(subject, Scopes::All);
            assert_eq!(value(&principal, "X-Auth-Subject").as_deref(), Some(encoded));
        }
    }

    #[test]
    fn only_plain_values_are_encoded_as_themselves() {
        for byte in 0..=0x7f_u8 {
            let value = char::from(byte).to_string();
            assert_eq!(
                is_plain(&value),
                utf8_percent_encode(&value, VALUE).to_string() == value,
                "{byte}"
            );
        }
        assert!(!is_plain("é"));
    }

    #[test]
    fn a_scope_named_star_does_not_look_like_all_scopes() {
        for (scopes, joined) in [(Scopes::All, "*"), (Scopes::list(["*", "b"]), "%2A b")] {
            let principal = principal("a", scopes);
            assert_eq!(value(&principal, "X-Auth-Scopes").as_deref(), Some(joined));
        }
    }
}
