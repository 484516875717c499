//! The methods of requests and rules.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::request::is_token;

/// The longest accepted method, in bytes.
const MAX_METHOD_BYTES: usize = 32;

/// Checks the method of a request, exactly as it was sent.
///
/// Methods are case-sensitive (RFC 9110, section 9.1), but some servers ignore case: `delete` would
/// skip the rule for `DELETE`, pass by a later rule, and mean `DELETE` to the upstream. Registered
/// methods and those of rules have no lower-case letters, so this refuses them all.
pub(crate) fn check_method(method: &str) -> Result<(), MethodRefused> {
    if !is_token(method) || method.len() > MAX_METHOD_BYTES {
        return Err(MethodRefused::NotToken);
    }
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(MethodRefused::LowerCase);
    }
    if method == "CONNECT" {
        return Err(MethodRefused::Connect);
    }
    Ok(())
}

/// The reason for refusing a request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MethodRefused {
    /// The method is not a token (RFC 9110, section 5.6.2), or too long.
    #[error("the method is not a token of at most {MAX_METHOD_BYTES} bytes")]
    NotToken,
    /// The method has lower-case letters.
    #[error("the method has lower-case letters: a server could take it for another one")]
    LowerCase,
    /// `CONNECT`, which asks for a tunnel to a host, not for a path (RFC 9110, section 9.3.6).
    #[error("CONNECT asks for a tunnel, which the gate does not provide")]
    Connect,
}

/// The methods of a rule: all, or a list. `GET` includes `HEAD`. `OPTIONS` is not special. Methods
/// are case-sensitive (RFC 9110, section 9.1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Methods(Option<BTreeSet<String>>);

impl Methods {
    /// Returns all methods, which a rule without `methods` is for.
    #[must_use]
    pub fn all() -> Self {
        Self(None)
    }

    /// Lists methods. Each must be a token (RFC 9110, section 5.6.2) without lower-case letters,
    /// and there must be at least one.
    pub fn listed<S: AsRef<str>>(
        methods: impl IntoIterator<Item = S>,
    ) -> Result<Self, MethodError> {
        let mut listed = BTreeSet::new();
        for method in methods {
            let method = method.as_ref();
            check(method)?;
            if method == "GET" {
                listed.insert("HEAD".to_owned());
            }
            listed.insert(method.to_owned());
        }
        if listed.is_empty() {
            return Err(MethodError::None);
        }
        Ok(Self(Some(listed)))
    }

    /// Returns whether the rule is for this method, exactly as it was sent.
    #[must_use]
    pub fn contains(&self, method: &str) -> bool {
        match &self.0 {
            None => true,
            Some(listed) => listed.contains(method),
        }
    }

    /// Returns whether all of them are safe (RFC 9110, section 9.2.1).
    pub fn are_safe(&self) -> bool {
        match &self.0 {
            None => false,
            Some(listed) => listed.iter().all(|method| is_safe(method)),
        }
    }

    /// Returns the methods in alphabetical order, `HEAD` with `GET`, or `None` for all methods.
    pub fn names(&self) -> Option<impl Iterator<Item = &str>> {
        let listed = self.0.as_ref()?;
        Some(listed.iter().map(String::as_str))
    }
}

/// Returns whether a method is safe, that is, read-only (RFC 9110, section 9.2.1).
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mut names) = self.names() else {
            return f.write_str("all methods");
        };
        f.write_str(names.next().unwrap_or_default())?;
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

/// The reason for refusing a rule's `methods`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    /// An empty list, which would never match.
    #[error("`methods` is empty; remove it to match every method")]
    None,
    /// `*`, `ANY` or `ALL`, which other systems write for every method.
    #[error(
        "`{0}` is not a method of requests, but another system's word for every method; remove \
         `methods` to match every method"
    )]
    EveryMethod(String),
    /// `GET|POST` or `GET,POST`, several methods in one text.
    #[error("{0:?} is several methods in one text; list each: [\"GET\", \"POST\"]")]
    Several(String),
    /// Lower-case letters, which no accepted request has.
    #[error(
        "the method {0:?} has lower-case letters; methods are case-sensitive: write {upper:?}",
        upper = .0.to_ascii_uppercase()
    )]
    LowerCase(String),
    /// `CONNECT`, which the gate always refuses.
    #[error("`CONNECT` asks for a tunnel, which the gate always refuses; remove it")]
    Connect,
    /// The method is not a token.
    #[error("{0:?} is not a method; write a name such as \"GET\"")]
    NotToken(String),
}

fn check(method: &str) -> Result<(), MethodError> {
    // OpenAPI files of API Gateway write `x-amazon-apigateway-any-method`.
    let stands_for_all = ["ANY", "ALL", "X-AMAZON-APIGATEWAY-ANY-METHOD", "$DEFAULT"];
    if method.contains('*') || stands_for_all.iter().any(|word| method.eq_ignore_ascii_case(word)) {
        return Err(MethodError::EveryMethod(method.to_owned()));
    }
    if method.contains(['|', ',']) {
        return Err(MethodError::Several(method.to_owned()));
    }
    if method == "CONNECT" {
        return Err(MethodError::Connect);
    }
    if !is_token(method) {
        return Err(MethodError::NotToken(method.to_owned()));
    }
    if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(MethodError::LowerCase(method.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_is_spelled_with_lower_case_letters_is_refused() {
        for method in ["get", "Get", "GEt", "delete", "pATCH", "PropFind", "purge", "m-search", "x"]
        {
            assert_eq!(check_method(method), Err(MethodRefused::LowerCase), "{method}");
        }
        for method in ["GET", "PATCH", "PROPFIND", "M-SEARCH", "VERSION_2", "PURGE", "X1"] {
            assert_eq!(check_method(method), Ok(()), "{method}");
        }
        for method in ["", "GE T", "GÉT", &"A".repeat(33)] {
            assert_eq!(check_method(method), Err(MethodRefused::NotToken), "{method}");
        }
        assert_eq!(check_method("CONNECT"), Err(MethodRefused::Connect));
        assert_eq!(check_method("connect"), Err(MethodRefused::LowerCase));
    }

    #[test]
    fn a_rule_without_methods_is_for_all() {
        for method in ["GET", "OPTIONS", "PROPFIND", "get", "X-ANY"] {
            assert!(Methods::all().contains(method));
        }
        assert!(Methods::all().names().is_none());
        assert_eq!(Methods::all().to_string(), "all methods");
    }

    #[test]
    fn get_includes_head_only() {
        let get = Methods::listed(["GET"]).unwrap();
        assert!(get.contains("GET") && get.contains("HEAD"));
        assert!(!get.contains("OPTIONS") && !get.contains("POST"));
        assert_eq!(get.to_string(), "GET, HEAD");
        assert_eq!(get, Methods::listed(["HEAD", "GET", "GET"]).unwrap());
        assert!(!Methods::listed(["HEAD"]).unwrap().contains("GET"));
    }

    #[test]
    fn options_is_like_any_method() {
        assert!(Methods::listed(["OPTIONS"]).unwrap().contains("OPTIONS"));
        assert!(!Methods::listed(["POST"]).unwrap().contains("OPTIONS"));
    }

    #[test]
    fn a_request_method_in_another_case_does_not_match() {
        let post = Methods::listed(["POST"]).unwrap();
        assert!(!post.contains("post") && !post.contains("Post") && !post.contains("POST "));
    }

    #[test]
    fn a_lower_case_method_is_refused_with_its_upper_case_form() {
        let error = Methods::listed(["GET", "Patch"]).unwrap_err();
        assert_eq!(error, MethodError::LowerCase("Patch".into()));
        assert!(error.to_string().ends_with("write \"PATCH\""), "{error}");
    }

    #[test]
    fn the_error_of_a_foreign_word_for_every_method_says_what_to_do() {
        for word in
            ["*", "ANY", "any", "All", "ALL", "x-amazon-apigateway-any-method", "$default", "*/*"]
        {
            let error = Methods::listed(["GET", word]).unwrap_err();
            assert_eq!(error, MethodError::EveryMethod(word.into()));
            assert!(
                error.to_string().contains(word) && error.to_string().contains("remove `methods`")
            );
        }
    }

    #[test]
    fn several_methods_in_one_text_are_refused() {
        for text in ["GET|POST", "GET,POST", "GET, POST"] {
            assert_eq!(Methods::listed([text]), Err(MethodError::Several(text.into())));
        }
    }

    #[test]
    fn anything_but_a_method_is_refused() {
        for method in ["", " ", "GET ", "GE/T", "GÉT", "GET\n", "(GET)"] {
            assert_eq!(Methods::listed([method]), Err(MethodError::NotToken(method.into())));
        }
        assert_eq!(Methods::listed::<&str>([]), Err(MethodError::None));
        assert!(Methods::listed(["M-SEARCH", "VERSION_2"]).is_ok());
    }
}
