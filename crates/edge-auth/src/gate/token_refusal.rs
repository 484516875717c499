//! Turns the errors of tokens and claims into denials.

use edge_auth_token::{ClaimError, TokenError, TokenType};

use crate::denial::{Code, Denial};
use crate::policy::Issuer;

/// Returns the denial of a token whose claims do not satisfy the issuer's block.
pub(super) fn claim_refusal(error: ClaimError, issuer: &Issuer) -> Denial {
    let code = claim_code(&error);
    let reason = match &error {
        // The refusal that newcomers meet first: say which line to change.
        ClaimError::TokenTypeMismatch { found, .. } => {
            let wanted = match &issuer.validation.token_type {
                TokenType::Exactly(one) => one.clone(),
                TokenType::OneOf(types) => types.join("\" or \""),
                TokenType::OneOfOrNone(types) => format!("{}\" or \"none", types.join("\" or \"")),
                TokenType::Any => "any".to_owned(),
            };
            let hint = match found {
                Some(found) => format!("set `token_type = \"{found}\"`"),
                None => "set `token_type = \"any\"`".to_owned(),
            };
            format!(
                "{error}; if the issuer's access tokens really are like this, choose its `preset` or {hint} \
                 for issuer `{}` at {} (now: \"{wanted}\")",
                issuer.name, issuer.place
            )
        }
        _ => format!("issuer `{}` ({}): {error}", issuer.name, issuer.place),
    };
    Denial::new(code, reason)
}

/// Returns the denial of a token that cannot be read or verified.
pub(super) fn refusal(error: TokenError) -> Denial {
    let code = match &error {
        TokenError::TooLarge { .. } => Code::CredentialTooLarge,
        TokenError::AlgorithmUnsupported { .. } | TokenError::KeyDoesNotFit { .. } => {
            Code::AlgorithmNotAllowed
        }
        TokenError::SignatureInvalid => Code::SignatureInvalid,
        TokenError::Claim(error) => claim_code(error),
        _ => Code::TokenMalformed,
    };
    Denial::new(code, error.to_string())
}

fn claim_code(error: &ClaimError) -> Code {
    match error {
        ClaimError::IssuerMismatch { .. } => Code::IssuerUnknown,
        ClaimError::AudienceMismatch { .. } => Code::AudienceMismatch,
        ClaimError::TokenTypeMismatch { .. } | ClaimError::OtherKind { .. } => {
            Code::TokenTypeMismatch
        }
        ClaimError::Expired { .. } => Code::TokenExpired,
        ClaimError::NotYetValid { .. } | ClaimError::IssuedInFuture { .. } => {
            Code::TokenNotYetValid
        }
        ClaimError::LifetimeTooLong { .. } => Code::TokenLifetimeTooLong,
        _ => Code::ClaimInvalid,
    }
}
