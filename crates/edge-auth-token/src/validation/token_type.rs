//! The kind of a token: the header's `typ` (RFC 8725, section 3.11).

use serde::{Deserialize, Serialize};

use crate::header::{is_media_type, without_application};
use crate::{ClaimError, LogSafe};

/// The accepted values of the header's `typ`. They are compared as media types: without regard to
/// case, and with or without `application/` (RFC 7515, section 4.1.9).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum TokenType {
    /// This one, like `at+jwt` (RFC 9068, section 2.1). Refuses a token without `typ`.
    Exactly(String),
    /// One of these. Refuses a token without `typ`.
    OneOf(Vec<String>),
    /// One of these, or no `typ` (JWT-SVIDs, for example).
    OneOfOrNone(Vec<String>),
    /// Any or no `typ`. Accepts an ID token of the same issuer and audience, too.
    Any,
}

/// The registered types of JWTs that are not access tokens: proofs, events, requests, attestations,
/// statements. An issuer must not use one of these for access tokens. None has a slash.
const OTHER_KINDS: &[&str] = &[
    "alternate-request+jwt",
    "client-authentication+jwt",
    "dc+sd-jwt",
    "dpop+jwt",
    "entity-statement+jwt",
    "explicit-registration-response+jwt",
    "jwk-set+jwt",
    "kb+jwt",
    "logout+jwt",
    "oauth-authz-req+jwt",
    "oauth-client-attestation+jwt",
    "oauth-client-attestation-pop+jwt",
    "oauth-id-jag+jwt",
    "openid4vci-proof+jwt",
    "passport",
    "resolve-response+jwt",
    "secevent+jwt",
    "sd-jwt",
    "software-statement+jwt",
    "statuslist+jwt",
    "token-introspection+jwt",
    "trust-mark+jwt",
    "trust-mark-delegation+jwt",
    "trust-mark-status-response+jwt",
    "vc+jwt",
    "vc+sd-jwt",
    "vc-ld+jwt",
    "vp+jwt",
    "wpt+jwt",
];

impl TokenType {
    /// Returns whether a `typ` is registered for something else than an access token. Every
    /// [`TokenType`] refuses such a token, [`TokenType::Any`] included.
    pub fn is_other_kind(token_type: &str) -> bool {
        let token_type = without_application(token_type);
        OTHER_KINDS.iter().any(|kind| token_type.eq_ignore_ascii_case(kind))
    }

    /// Checks a token's `typ`.
    pub(super) fn check(&self, found: Option<&str>) -> Result<(), ClaimError> {
        if let Some(found) = found
            && Self::is_other_kind(found)
        {
            return Err(ClaimError::OtherKind { found: LogSafe::new(found) });
        }
        let wanted = match self {
            Self::Any => return Ok(()),
            Self::OneOfOrNone(_) if found.is_none() => return Ok(()),
            Self::Exactly(wanted) => std::slice::from_ref(wanted),
            Self::OneOf(wanted) | Self::OneOfOrNone(wanted) => wanted,
        };
        if let Some(found) = found
            && wanted.iter().any(|wanted| is_media_type(found, wanted))
        {
            return Ok(());
        }
        Err(ClaimError::TokenTypeMismatch {
            found: found.map(LogSafe::new),
            wanted: LogSafe::list(wanted.iter().map(String::as_str)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn is_mismatch(result: &Result<(), ClaimError>) -> bool {
        matches!(result, Err(ClaimError::TokenTypeMismatch { .. }))
    }

    #[test]
    fn a_proof_or_event_is_never_an_access_token() {
        let kinds =
            ["dpop+jwt", "logout+jwt", "application/secevent+jwt", "Token-Introspection+JWT"];
        for kind in kinds.iter().chain(OTHER_KINDS) {
            for token_type in [
                TokenType::Any,
                TokenType::OneOfOrNone(types(&["JWT"])),
                TokenType::Exactly((*kind).to_owned()),
            ] {
                let found = token_type.check(Some(kind));
                assert!(matches!(found, Err(ClaimError::OtherKind { .. })), "{kind}");
            }
        }
    }

    #[test]
    fn an_optional_type_must_be_right_if_it_is_present() {
        let token_type = TokenType::OneOfOrNone(types(&["JWT", "JOSE"]));
        for found in [None, Some("JWT"), Some("jose")] {
            assert_eq!(token_type.check(found), Ok(()), "{found:?}");
        }
        for found in [Some("at+jwt"), Some("")] {
            assert!(is_mismatch(&token_type.check(found)), "{found:?}");
        }
    }

    #[test]
    fn an_id_token_is_not_an_access_token() {
        let token_type = TokenType::Exactly("at+jwt".to_owned());
        for found in [None, Some("JWT"), Some("id_token+jwt"), Some("at+jwt "), Some("")] {
            assert!(is_mismatch(&token_type.check(found)), "{found:?}");
        }
        for found in ["at+jwt", "AT+JWT", "application/at+jwt"] {
            assert_eq!(token_type.check(Some(found)), Ok(()));
        }
    }

    #[test]
    fn the_type_may_be_one_of_several_or_any() {
        let token_type = TokenType::OneOf(types(&["at+jwt", "JWT"]));
        assert_eq!(token_type.check(Some("jwt")), Ok(()));
        assert!(is_mismatch(&token_type.check(None)));
        assert!(token_type.check(Some("dpop+jwt")).is_err());
        assert!(is_mismatch(&TokenType::OneOf(Vec::new()).check(Some("jwt"))));
        assert_eq!(TokenType::Any.check(None), Ok(()));
    }
}
