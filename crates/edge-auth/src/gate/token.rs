//! Verifying a token: whose it is, with which key, and whether it is good here and now.

use std::collections::BTreeSet;
use std::sync::Arc;

use edge_auth_token::Timestamp;
use edge_auth_token::{
    ClaimError, Claims, Confirmation, TokenError, TokenType, UnverifiedToken, VerifiedToken, VerifyingKey,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Gate;
use super::outcome::{CheckResult, DecisionContext, DeferredTask};
use crate::credential::PresentedToken;
use crate::denial::{Code, Denial};
use crate::issuer_keys::Selected;
use crate::platform::Platform;
use crate::policy::{CredentialRef, Issuer};
use crate::principal::{Principal, PrincipalKind};
use crate::revocation::{LookupTags, RevocationKey};
use crate::scopes::Scopes;

/// The most bytes of a subject; more is no identity but an attack on logs and headers.
const MAX_SUBJECT_BYTES: usize = 255;

/// The SHA-256 of a token's text.
pub(crate) type TokenDigest = [u8; 32];

/// A token whose signature was found good, with all that this depends on beside its text: the
/// issuer (by index) that it was verified for, and the key that it was found good by.
#[derive(Debug)]
pub(crate) struct KnownToken {
    token: VerifiedToken,
    issuer: usize,
    key: Arc<VerifyingKey>,
    /// By what its revocation is found; nothing where there is no feed.
    marks: Vec<(&'static str, LookupTags)>,
}

impl<P: Platform> Gate<P> {
    /// Verifies a token against the issuers that the rule names. How it is bound to its sender is
    /// for the caller to check.
    pub(super) async fn verify_token(
        &self,
        presented: PresentedToken<'_>,
        named: &[CredentialRef],
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(CredentialRef, Principal, Confirmation), Denial> {
        let (bytes, limit) = (presented.text.len(), self.policy.max_token_bytes);
        if bytes > limit {
            return Err(refusal(TokenError::TooLarge { bytes, limit }));
        }
        let digest = Sha256::digest(presented.text).into();
        let (issuer, known) = match self.known(presented, &digest, named, now, context) {
            Some(found) => found,
            None => self.verified(presented, digest, named, now, context).await?,
        };
        let principal = self.check_claims(issuer, &known.token, presented.dpop, now, context)?;
        let issued_at = known.token.claims().issued_at();
        self.check_token_revocation(&known.marks, issued_at, now, context).await?;
        Ok((CredentialRef::Jwt(known.issuer), principal, known.token.claims().confirmation()))
    }

    /// The issuer is the one of the rule's whose `iss` the token claims, and whose tokens come by this
    /// field; that the claim is true is shown by the signature, made with that issuer's key.
    fn issuer_of(
        &self,
        claimed: Option<&str>,
        field: Option<&str>,
        named: &[CredentialRef],
    ) -> Result<(usize, &Issuer), Denial> {
        let issuers = named.iter().filter_map(|one| match one {
            CredentialRef::Jwt(index) => self.policy.issuers.get(*index).map(|issuer| (*index, issuer)),
            CredentialRef::Key(_) | CredentialRef::Cert(_) => None,
        });
        let issuers = issuers.filter(|(_, issuer)| field == issuer.token_header.as_deref());
        let mut matching = issuers.filter(|(_, issuer)| claimed == Some(&issuer.validation.issuer));
        matching.next().ok_or_else(|| {
            let claimed = claimed.map_or_else(|| "missing".to_owned(), |iss| crate::audit::excerpt(iss, 128));
            Denial::new(
                Code::IssuerUnknown,
                format!("`iss` is {claimed}; no issuer that the rule names has it"),
            )
        })
    }

    /// Finds the token among those verified before: its text was parsed then, and means the same now.
    /// Asked again is whether the rule gives its `iss` to the issuer that it was verified for, and
    /// whether that issuer still has the key.
    fn known(
        &self,
        presented: PresentedToken<'_>,
        digest: &TokenDigest,
        named: &[CredentialRef],
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Option<(&Issuer, Arc<KnownToken>)> {
        let known = self.tokens.find(digest)?;
        let (index, issuer) = self.issuer_of(known.token.claims().issuer(), presented.field, named).ok()?;
        if index != known.issuer {
            return None;
        }
        let Some(selected) = self.issuer_keys.get(index)?.holds(&known.key, now) else {
            self.tokens.remove(digest);
            return None;
        };
        self.note_refresh(index, &selected, context);
        context.check("issuer", CheckResult::Passed, || by_its_iss(issuer));
        context.check("signature", CheckResult::Passed, || {
            "verified before, with a key still published".to_owned()
        });
        Some((issuer, known))
    }

    /// Parses the token, verifies its signature, and keeps it.
    async fn verified(
        &self,
        presented: PresentedToken<'_>,
        digest: TokenDigest,
        named: &[CredentialRef],
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(&Issuer, Arc<KnownToken>), Denial> {
        let parsed = UnverifiedToken::parse(presented.text, self.policy.max_token_bytes).map_err(refusal)?;
        let (index, issuer) = self.issuer_of(parsed.issuer(), presented.field, named)?;
        context.check("issuer", CheckResult::Passed, || by_its_iss(issuer));
        let keys =
            self.issuer_keys.get(index).ok_or_else(|| Denial::new(Code::IssuerUnknown, "no such issuer"))?;
        let algorithm = parsed.algorithm();
        if !issuer.algorithms.contains(&algorithm) {
            let reason = format!(
                "`alg` is {algorithm}, which issuer `{}` ({}) does not allow",
                issuer.name, issuer.place
            );
            return Err(Denial::new(Code::AlgorithmNotAllowed, reason));
        }
        let source = self.platform.key_source();
        let kid = parsed.key_id();
        let selecting = keys.select(algorithm, kid, source, &*self.backend, now, &mut context.notices);
        let selected = self.wait_for(selecting, &mut context.waited).await?;
        self.note_refresh(index, &selected, context);
        let token = parsed.verify(&selected.key).map_err(refusal)?;
        context.check("signature", CheckResult::Passed, || {
            format!("{algorithm}, by a key of issuer `{}`", issuer.name)
        });
        let marks = self.token_marks(issuer, &token, &selected.key);
        let known = Arc::new(KnownToken { token, issuer: index, key: selected.key, marks });
        self.tokens.insert_weighing(digest, Arc::clone(&known), presented.text.len());
        Ok((issuer, known))
    }

    /// By what the revocation of a token is found.
    fn token_marks(
        &self,
        issuer: &Issuer,
        token: &VerifiedToken,
        key: &VerifyingKey,
    ) -> Vec<(&'static str, LookupTags)> {
        let Some(replica) = &self.revocations else { return Vec::new() };
        let (claims, iss) = (token.claims(), issuer.validation.issuer.as_str());
        let session = claims.get("sid").and_then(Value::as_str);
        let client = first(&issuer.client_claims, claims).and_then(|(_, client)| client.as_str());
        let things = [
            ("`jti`", claims.token_id().map(|id| RevocationKey::Token(iss, id))),
            ("subject", subject(issuer, claims).map(|subject| RevocationKey::Subject(iss, subject))),
            ("client", client.map(|client| RevocationKey::Client(iss, client))),
            ("`sid`", session.map(|id| RevocationKey::Session(iss, id))),
            ("signing key", key.key_id().map(|id| RevocationKey::SigningKey(iss, id))),
            ("issuer", Some(RevocationKey::Issuer(iss))),
        ];
        let marked =
            |(what, thing): (_, Option<RevocationKey<'_>>)| Some((what, replica.secrets.marks(thing?)));
        things.into_iter().filter_map(marked).collect()
    }

    fn note_refresh(&self, index: usize, selected: &Selected, context: &mut DecisionContext) {
        if selected.refresh_due {
            context.deferred_tasks.push(DeferredTask::RefreshIssuerKeys(index));
        }
    }

    /// Whether the claims are good for this issuer, now: asked on every use, cached or not.
    fn check_claims(
        &self,
        issuer: &Issuer,
        token: &VerifiedToken,
        dpop: bool,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Principal, Denial> {
        issuer.validation.check(token, now).map_err(|error| claim_refusal(error, issuer))?;
        let claims = token.claims();
        if let Some(wanted) = issuer.claims.iter().find_map(|rule| rule.refusal(claims)) {
            return Err(Denial::new(
                Code::ClaimInvalid,
                format!("{wanted}, says issuer `{}` ({})", issuer.name, issuer.place),
            ));
        }
        if dpop {
            let reason = "the scheme is DPoP, and proofs of possession are not verified";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        if claims.confirmation() == Confirmation::Unverifiable {
            let reason = "the token's `cnf` asks for something else than a certificate by its `x5t#S256`";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        context.check("claims", CheckResult::Passed, || {
            "iss, typ, audience and times are as the policy wants them".to_owned()
        });
        principal(issuer, claims)
    }
}

fn by_its_iss(issuer: &Issuer) -> String {
    format!("`{}` by its `iss`", issuer.name)
}

/// Who it is: the first of the claims that say so.
fn subject<'c>(issuer: &Issuer, claims: &'c Claims) -> Option<&'c str> {
    let mut subjects = issuer.subject_claims.iter().filter_map(|name| claims.lookup(name)?.as_str());
    subjects.find(|subject| !subject.is_empty())
}

fn principal(issuer: &Issuer, claims: &Claims) -> Result<Principal, Denial> {
    let subject = subject(issuer, claims).ok_or_else(|| {
        Denial::new(
            Code::ClaimInvalid,
            format!("the token has no `{}`", issuer.subject_claims.join("`, no `")),
        )
    })?;
    if subject.len() > MAX_SUBJECT_BYTES {
        return Err(Denial::new(
            Code::ClaimInvalid,
            format!("the subject is longer than {MAX_SUBJECT_BYTES} bytes"),
        ));
    }
    Ok(Principal {
        id: ["jwt:", &issuer.name, ":", subject].concat(),
        kind: PrincipalKind::Jwt,
        subject: subject.to_owned(),
        issuer: claims.issuer().map(str::to_owned),
        client: client(issuer, claims)?,
        scopes: scopes(issuer, claims)?,
    })
}

fn client(issuer: &Issuer, claims: &Claims) -> Result<Option<String>, Denial> {
    let Some((name, value)) = first(&issuer.client_claims, claims) else {
        return Ok(None);
    };
    match value {
        Value::String(client) if client.len() <= MAX_SUBJECT_BYTES => Ok(Some(client.clone())),
        _ => Err(Denial::new(
            Code::ClaimInvalid,
            format!("`{name}` is no string of at most {MAX_SUBJECT_BYTES} bytes"),
        )),
    }
}

/// The scopes of all claims that carry them: space-separated text, or a list.
fn scopes(issuer: &Issuer, claims: &Claims) -> Result<Scopes, Denial> {
    let mut scopes = BTreeSet::new();
    for name in &issuer.scope_claims {
        let ill_typed =
            || Denial::new(Code::ClaimInvalid, format!("`{name}` is neither a string nor a list of strings"));
        match claims.lookup(name) {
            None => {}
            Some(Value::String(text)) => {
                scopes.extend(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned))
            }
            Some(Value::Array(list)) => {
                for scope in list {
                    scopes.insert(scope.as_str().map(str::to_owned).ok_or_else(ill_typed)?);
                }
            }
            Some(_) => return Err(ill_typed()),
        }
    }
    Ok(Scopes::List(scopes))
}

fn first<'a>(names: &'a [String], claims: &'a Claims) -> Option<(&'a str, &'a Value)> {
    names.iter().find_map(|name| Some((name.as_str(), claims.lookup(name)?)))
}

fn claim_refusal(error: ClaimError, issuer: &Issuer) -> Denial {
    let code = claim_code(&error);
    let reason = match &error {
        // The refusal that newcomers meet first: say which line to change.
        ClaimError::TokenTypeMismatch { found, .. } => {
            let wanted = match &issuer.validation.token_type {
                TokenType::Exactly(one) => one.clone(),
                TokenType::OneOf(types) => types.join("\" or \""),
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
        _ => format!("issuer `{}`: {error}", issuer.name),
    };
    Denial::new(code, reason)
}

fn refusal(error: TokenError) -> Denial {
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
        ClaimError::TokenTypeMismatch { .. } => Code::TokenTypeMismatch,
        ClaimError::Expired { .. } => Code::TokenExpired,
        ClaimError::NotYetValid { .. } | ClaimError::IssuedInFuture { .. } => Code::TokenNotYetValid,
        ClaimError::LifetimeTooLong { .. } => Code::TokenLifetimeTooLong,
        _ => Code::ClaimInvalid,
    }
}
