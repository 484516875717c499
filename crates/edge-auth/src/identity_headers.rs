//! What the upstream is told about the caller, and what no client may tell it.
//!
//! The one place that names the headers to strip, and the one that sets ours.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::audit::excerpt;
use crate::denial::{Code, Denial};
use crate::principal::Principal;
use crate::request::Headers;

/// Everything but visible ASCII, and `%` itself, so that no two values look the same upstream.
const VALUE: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The headers' names after the prefix, and the same as members of a context.
const FIELDS: [(&str, &str); 6] = [
    ("Principal", "principal"),
    ("Kind", "kind"),
    ("Subject", "subject"),
    ("Issuer", "issuer"),
    ("Client", "client"),
    ("Scopes", "scopes"),
];

/// Each header with this prefix, and its member of a context.
pub(crate) fn names(prefix: &str) -> [(String, &'static str); 6] {
    FIELDS.map(|(field, member)| (format!("{prefix}{field}"), member))
}

/// The headers of one policy's prefix.
#[derive(Debug, Clone)]
pub(crate) struct IdentityHeaders {
    prefix: String,
    folded: String,
    /// Those of `FIELDS`, with the prefix.
    names: [String; 6],
}

impl IdentityHeaders {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            folded: fold(prefix).collect(),
            names: names(prefix).map(|(name, _)| name),
        }
    }

    /// Whether a client's field could be taken for one of ours: servers and frameworks read
    /// `X_Auth_Subject`, `x.auth.subject` and `X-Auth-Subject` as the same thing.
    pub(crate) fn is_reserved(&self, name: &str) -> bool {
        let mut name = fold(name);
        self.folded.chars().all(|own| name.next() == Some(own))
    }

    /// Whether it is a name like ours that no proxy overwrites: another spelling of one of the
    /// headers, or a name below the prefix that is none of them.
    pub(crate) fn is_imitation(&self, name: &str) -> bool {
        self.is_reserved(name) && !self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Refuses a request that somebody else sends on, without taking imitations out of it: the API
    /// would believe them.
    pub(crate) fn refuse_imitations(&self, headers: Headers<'_>) -> Result<(), Denial> {
        let Some(name) = headers.names().find(|name| self.is_imitation(name)) else {
            return Ok(());
        };
        let reason = format!(
            "the proxy passes on its client's `{}`, which looks like an identity header: have it remove it first",
            excerpt(name, 64)
        );
        Err(Denial::new(Code::RequestMalformed, reason))
    }

    /// The headers that say who `principal` is.
    pub(crate) fn of(&self, principal: &Principal) -> Vec<(String, String)> {
        self.fields(principal)
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// All of the headers, empty where there is nothing to say.
    pub(crate) fn complete(&self, principal: Option<&Principal>) -> Vec<(String, String)> {
        match principal {
            Some(principal) => {
                let fields = self.fields(principal).into_iter();
                fields.map(|(name, value)| (name, value.unwrap_or_default())).collect()
            }
            None => self.names.iter().map(|name| (name.clone(), String::new())).collect(),
        }
    }

    /// The same for those who take values by plain names: `principal`, `kind`, …
    pub(crate) fn context(&self, principal: Option<&Principal>) -> BTreeMap<&'static str, String> {
        let values = self.complete(principal).into_iter().map(|(_, value)| value);
        FIELDS.into_iter().map(|(_, member)| member).zip(values).collect()
    }

    /// Where the code of a refusal goes.
    pub(crate) fn code_header(&self) -> String {
        format!("{}Code", self.prefix)
    }

    fn fields(&self, principal: &Principal) -> Vec<(String, Option<String>)> {
        let values = [
            Some(encode(&principal.id)),
            Some(principal.kind.name().to_owned()),
            Some(encode(&principal.subject)),
            principal.issuer.as_deref().map(encode),
            principal.client.as_deref().map(encode),
            Some(principal.scopes.joined()),
        ];
        self.names.iter().cloned().zip(values).collect()
    }
}

fn encode(value: &str) -> String {
    if is_plain(value) { value.to_owned() } else { utf8_percent_encode(value, VALUE).to_string() }
}

/// Whether nothing of `VALUE` is in it, as in nearly all values there are.
fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'%')
}

/// Fields by which frameworks take another method or path than the one that was sent, and that a
/// rule matched.
const OVERRIDES: [&str; 7] = [
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Whether an upstream could take a client's field for the method or path that it is about.
pub(crate) fn overrides_route(name: &str) -> bool {
    // Few fields of a request begin like them.
    fold(name).take(2).eq("x-".chars()) && OVERRIDES.iter().any(|own| fold(name).eq(own.chars()))
}

/// Lower-case, with everything but letters and digits read as `-`: CGI and its heirs make one and
/// the same variable of `_`, `.`, `!` and the like.
pub(crate) fn fold(name: &str) -> impl Iterator<Item = char> {
    let fold =
        |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    name.chars().map(fold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::PrincipalKind;
    use crate::scopes::Scopes;

    fn principal(subject: &str, scopes: Scopes) -> Principal {
        Principal {
            id: format!("jwt:corp:{subject}"),
            kind: PrincipalKind::Jwt,
            subject: subject.to_owned(),
            issuer: Some("https://login.example/".to_owned()),
            client: None,
            scopes,
        }
    }

    fn value(headers: &[(String, String)], name: &str) -> Option<String> {
        headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone())
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
        ] {
            assert!(headers.is_reserved(name), "{name}");
        }
        for name in ["X-Author", "Authorization", "X-Aut", "My-X-Auth-Subject"] {
            assert!(!headers.is_reserved(name), "{name}");
        }
    }

    #[test]
    fn only_the_headers_that_a_proxy_overwrites_are_no_imitations() {
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
    fn a_field_that_names_another_path_or_method_is_known_in_every_spelling() {
        for name in ["X-Original-URL", "x_rewrite_url", "X-HTTP-Method-Override"] {
            assert!(overrides_route(name), "{name}");
        }
        assert!(!overrides_route("X-Original-Host"));
    }

    #[test]
    fn values_are_visible_ascii_and_no_two_subjects_look_the_same() {
        let headers = IdentityHeaders::new("X-Auth-");
        let encoded =
            |subject| value(&headers.of(&principal(subject, Scopes::All)), "X-Auth-Subject");
        assert_eq!(encoded("jörg\r\nX-Evil: 1").as_deref(), Some("j%C3%B6rg%0D%0AX-Evil:%201"));
        assert_ne!(encoded("a%20b"), encoded("a b"));
    }

    #[test]
    fn what_is_plain_is_encoded_as_itself_and_nothing_else_is() {
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
    fn a_scope_that_is_a_star_is_not_all_scopes() {
        let headers = IdentityHeaders::new("X-Auth-");
        let scopes = |scopes| value(&headers.of(&principal("a", scopes)), "X-Auth-Scopes");
        assert_eq!(scopes(Scopes::All).as_deref(), Some("*"));
        assert_eq!(scopes(Scopes::list(["*", "b"])).as_deref(), Some("%2A b"));
    }
}
