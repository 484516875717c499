//! The refusals: a stable code for each kind, and the one table from code to HTTP.

use serde::{Serialize, Serializer};

/// A refusal. The caller learns the code and nothing more; the reason is for the operator's log and
/// never holds a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The stable code.
    pub code: Code,
    /// The cause, for the operator.
    pub reason: String,
}

impl Denial {
    /// Makes a refusal with a reason for the operator's log.
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $status:literal, $title:literal;)*) => {
        /// A stable code for each kind of refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])* $variant,)* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// Returns the code as it is written: `token_expired`.
            pub fn name(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            /// Returns the HTTP status (RFC 9110, section 15) on endpoints that can express it.
            /// `ForwardAuth` (`endpoints/forward_auth.rs`) maps it for nginx, which takes only
            /// 2xx, 401 and 403.
            pub fn status(self) -> u16 { match self { $(Self::$variant => $status,)* } }

            /// Returns one sentence for the caller, the same for every refusal of this kind.
            pub fn title(self) -> &'static str { match self { $(Self::$variant => $title,)* } }
        }
    };
}

codes! {
    /// No rule matches: default deny.
    NoRule = "no_rule", 403, "No rule allows this request.";
    /// The path can be read in more than one way.
    PathAmbiguous = "path_ambiguous", 400, "The path can be read in more than one way.";
    /// The method, the host or another part violates HTTP.
    RequestMalformed = "request_malformed", 400, "The request is malformed.";
    /// `Host` and `:authority` differ.
    HostMismatch = "host_mismatch", 400, "Host and :authority differ.";
    /// An endpoint's request lacks what the proxy must send.
    ForwardedRequestIncomplete = "forwarded_request_incomplete", 400, "The proxy did not send the method, path or host of the original request.";
    /// The caller of an endpoint for proxies is not a trusted one.
    ProxyUntrusted = "proxy_untrusted", 403, "This caller is not a trusted proxy.";
    /// No credential that the rule names was presented.
    CredentialMissing = "credential_missing", 401, "A credential is required.";
    /// A credential is unreadable, or there are two of a kind.
    CredentialMalformed = "credential_malformed", 400, "The credential is malformed, or there are several of a kind.";
    /// A credential is longer than the policy allows.
    CredentialTooLarge = "credential_too_large", 431, "The credential is too large.";
    /// The token is not a strictly formed JWS with claims.
    TokenMalformed = "token_malformed", 401, "The token is malformed.";
    /// The token's algorithm is not allowed for its issuer.
    AlgorithmNotAllowed = "algorithm_not_allowed", 401, "The token's algorithm is not accepted.";
    /// The token's issuer is not one that the rule names.
    IssuerUnknown = "issuer_unknown", 401, "The token's issuer is not accepted here.";
    /// The issuer has no key that fits the token.
    SigningKeyUnknown = "signing_key_unknown", 401, "The token's signing key is unknown.";
    /// The signature is wrong.
    SignatureInvalid = "signature_invalid", 401, "The token's signature is invalid.";
    /// `exp` has passed.
    TokenExpired = "token_expired", 401, "The token has expired.";
    /// `nbf` or `iat` is still to come.
    TokenNotYetValid = "token_not_yet_valid", 401, "The token is not valid yet.";
    /// The token lives longer than the policy allows.
    TokenLifetimeTooLong = "token_lifetime_too_long", 401, "The token's lifetime is too long.";
    /// The token is of another type: an ID token, for example.
    TokenTypeMismatch = "token_type_mismatch", 401, "The token has the wrong type.";
    /// The token is for another audience.
    AudienceMismatch = "audience_mismatch", 401, "The token is for another audience.";
    /// A claim is missing, has the wrong type or the wrong value.
    ClaimInvalid = "claim_invalid", 401, "A claim of the token is missing or wrong.";
    /// The token is bound to a sender in a way that cannot be checked here.
    BindingUnverifiable = "binding_unverifiable", 401, "The token is bound to a sender that cannot be verified.";
    /// The token is bound to a certificate, and the client has another one or none.
    BindingMismatch = "binding_mismatch", 401, "The token is bound to another client certificate.";
    /// The rule asks for a token that is bound to a certificate, and this one is not.
    BindingMissing = "binding_missing", 401, "The token is not bound to a client certificate.";
    /// The token was revoked, or all tokens of its subject, client, session, issuer or signing key.
    TokenRevoked = "token_revoked", 401, "The token has been revoked.";
    /// The API key is not one of ours. The code does not say which part is wrong.
    KeyInvalid = "key_invalid", 401, "The API key is invalid.";
    /// The API key has expired.
    KeyExpired = "key_expired", 401, "The API key has expired.";
    /// The API key was revoked.
    KeyRevoked = "key_revoked", 401, "The API key has been revoked.";
    /// The API key is disabled.
    KeyDisabled = "key_disabled", 401, "The API key is disabled.";
    /// The API key may not be used from this network.
    KeyNetworkNotAllowed = "key_network_not_allowed", 403, "The API key may not be used from this network.";
    /// The certificate, or the form in which it came, cannot be read.
    CertificateMalformed = "certificate_malformed", 401, "The client certificate is malformed.";
    /// The policy does not trust the certificate's issuer.
    CertificateIssuerUntrusted = "certificate_issuer_untrusted", 401, "The client certificate's issuer is not trusted here.";
    /// The certificate, or one above it, has expired.
    CertificateExpired = "certificate_expired", 401, "The client certificate has expired.";
    /// The certificate, or one above it, is not valid yet.
    CertificateNotYetValid = "certificate_not_yet_valid", 401, "The client certificate is not valid yet.";
    /// The certificate was revoked.
    CertificateRevoked = "certificate_revoked", 401, "The client certificate has been revoked.";
    /// The certificate may not be used like this: it is not for clients, its key is weak, or it
    /// violates a constraint.
    CertificateInvalid = "certificate_invalid", 401, "The client certificate cannot be used here.";
    /// The certificate does not have the identity that the policy asks for.
    CertificateIdentityMismatch = "certificate_identity_mismatch", 401, "The client certificate does not have the expected identity.";
    /// The principal lacks a scope.
    ScopeInsufficient = "scope_insufficient", 403, "The credential lacks a scope.";
    /// The rule allows only certain callers, by their ids or claims, and this is not one of them.
    PrincipalNotAllowed = "principal_not_allowed", 403, "This caller is not allowed here.";
    /// The client's location is not one of the rule's `when`, or is unknown.
    LocationRefused = "location_refused", 403, "Requests from this location are not allowed here.";
    /// A cookie is the credential, and a page of another site may have sent the request.
    CrossSiteRequest = "cross_site_request", 403, "The request may come from another site.";
    /// The request asks for a protocol upgrade that the rule does not allow.
    UpgradeNotAllowed = "upgrade_not_allowed", 403, "A protocol upgrade is not allowed here.";
    /// The store of API keys did not answer.
    StoreUnavailable = "store_unavailable", 503, "The gate cannot decide at the moment.";
    /// The gate could not read the revocations for longer than the policy's bound.
    RevocationStale = "revocation_stale", 503, "The gate cannot decide at the moment.";
    /// The revocation list of the certificate's issuer is missing, or a newer one is overdue.
    CertificateListStale = "certificate_list_stale", 503, "The gate cannot decide at the moment.";
    /// The issuer's keys could not be fetched.
    IssuerKeysUnavailable = "issuer_keys_unavailable", 503, "The gate cannot decide at the moment.";
}

impl Code {
    /// Returns the `error` of a Bearer challenge (RFC 6750, section 3.1), if it has one. A request
    /// without a credential gets a challenge without an error.
    pub fn bearer_error(self) -> Option<&'static str> {
        match (self, self.status()) {
            (Self::CredentialMalformed, _) => Some("invalid_request"),
            (Self::ScopeInsufficient, _) => Some("insufficient_scope"),
            (Self::CredentialMissing, _) => None,
            (code, 401) if code.is_about_certificate() => None,
            (_, 401) => Some("invalid_token"),
            _ => None,
        }
    }

    /// Returns whether the answer carries a challenge: every 401 does (RFC 9110, section 15.5.2),
    /// and so do the two other statuses of RFC 6750.
    pub fn is_challenged(self) -> bool {
        self.status() == 401 || self.bearer_error().is_some()
    }

    /// Returns whether the gate refused the client certificate.
    fn is_about_certificate(self) -> bool {
        self.name().starts_with("certificate_")
    }

    /// Returns whether the fault is the host's, and not the caller's.
    pub fn is_outage(self) -> bool {
        self.status() == 503
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outages_have_a_5xx_status() {
        for code in Code::ALL {
            let outage = matches!(
                code,
                Code::StoreUnavailable
                    | Code::RevocationStale
                    | Code::CertificateListStale
                    | Code::IssuerKeysUnavailable
            );
            assert_eq!(code.status() >= 500, outage, "{}", code.name());
        }
    }

    #[test]
    fn the_reference_lists_every_code_with_its_status() {
        let reference = include_str!("../../../docs/http-api.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} |", code.name(), code.status());
            assert!(reference.contains(&row), "{row}");
        }
    }

    #[test]
    fn codes_are_unique_and_spelled_in_snake_case() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn a_missing_credential_is_challenged_without_an_error() {
        assert!(Code::CredentialMissing.is_challenged());
        assert_eq!(Code::CredentialMissing.bearer_error(), None);
        assert_eq!(Code::TokenExpired.bearer_error(), Some("invalid_token"));
        assert_eq!(Code::NoRule.bearer_error(), None);
        assert!(!Code::NoRule.is_challenged());
    }
}
