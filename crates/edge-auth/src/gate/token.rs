//! Verifying a token: whose it is, with which key, and whether it is good here and now.

use std::collections::BTreeSet;
use std::sync::Arc;

use edge_auth_token::{
    ClaimError, ClaimPath, Claims, Confirmation, Timestamp, TokenError, TokenType, UnverifiedToken,
    VerifiedToken, VerifyingKey,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::outcome::{CheckResult, DecisionContext, DeferredTask};
use super::{Gate, admission};
use crate::credential::PresentedToken;
use crate::denial::{Code, Denial};
use crate::issuer_keys::Selected;
use crate::platform::Platform;
use crate::policy::{CredentialRef, Issuer, Rule};
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
    /// Which of the key sets the key is from.
    key_set: usize,
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
        rule: &Rule,
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
        admission::check_claims(rule, known.token.claims(), context)?;
        Ok((CredentialRef::Jwt(known.issuer), principal, known.token.claims().confirmation()))
    }

    /// The issuer is the one of the rule's whose token this claims to be, and whose tokens come
    /// from this place; that the claim is true is shown by the signature, made with that issuer's
    /// key. Of several blocks of one issuer the first decides whose type, audience and claims fit;
    /// if none fits, the first refuses.
    fn issuer_of(
        &self,
        claims: &Claims,
        token_type: Option<&str>,
        presented: PresentedToken<'_>,
        named: &[CredentialRef],
    ) -> Result<(usize, &Issuer), Denial> {
        let issuers = named.iter().filter_map(|one| match one {
            CredentialRef::Jwt(index) => {
                self.policy.issuers.get(*index).map(|issuer| (*index, issuer))
            }
            CredentialRef::Key(_) | CredentialRef::Cert(_) => None,
        });
        let (mut matching, mut elsewhere) = (Vec::new(), None);
        for (index, issuer) in issuers {
            if issuer.identifier.identify(claims).is_none() {
                continue;
            }
            match presented.is_from(&issuer.token_place) {
                true => matching.push((index, issuer)),
                false => elsewhere = Some(issuer),
            }
        }
        let fits = |(_, issuer): &&(usize, &Issuer)| issuer.expects(token_type, claims);
        let chosen = match matching.as_slice() {
            [one] => Some(*one),
            several => several.iter().find(fits).or(several.first()).copied(),
        };
        chosen.ok_or_else(|| {
            let claimed = claims.issuer();
            let claimed =
                claimed.map_or_else(|| "missing".to_owned(), |iss| crate::audit::excerpt(iss, 128));
            let reason = match elsewhere {
                Some(issuer) => {
                    let place = issuer.token_place.describe();
                    format!(
                        "tokens of issuer `{}` are looked for in {place}, and not here",
                        issuer.name
                    )
                }
                None => format!("`iss` is {claimed}; no issuer that the rule names has it"),
            };
            Denial::new(Code::IssuerUnknown, reason)
        })
    }

    /// Finds the token among those verified before: its text was parsed then, and means the same
    /// now. Asked again is whether the rule gives its `iss` to the issuer that it was verified for,
    /// and whether that issuer still has the key.
    fn known(
        &self,
        presented: PresentedToken<'_>,
        digest: &TokenDigest,
        named: &[CredentialRef],
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Option<(&Issuer, Arc<KnownToken>)> {
        let known = self.tokens.find(digest)?;
        let (claims, token_type) = (known.token.claims(), known.token.token_type());
        let (index, issuer) = self.issuer_of(claims, token_type, presented, named).ok()?;
        if index != known.issuer {
            return None;
        }
        let Some(selected) = self.issuer_keys.get(known.key_set)?.holds(&known.key, now) else {
            self.tokens.remove(digest);
            return None;
        };
        self.note_refresh(known.key_set, &selected, context);
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
        let parsed =
            UnverifiedToken::parse(presented.text, self.policy.max_token_bytes).map_err(refusal)?;
        let claims = parsed.unverified_claims();
        let (index, issuer) = self.issuer_of(claims, parsed.token_type(), presented, named)?;
        context.check("issuer", CheckResult::Passed, || by_its_iss(issuer));
        let no_keys = || Denial::new(Code::IssuerUnknown, "no such issuer");
        let tenant = issuer.identifier.identify(claims).and_then(|found| found.tenant);
        let key_set =
            self.key_sets.get(index).and_then(|sets| sets.index_for(tenant)).ok_or_else(no_keys)?;
        let keys = self.issuer_keys.get(key_set).ok_or_else(no_keys)?;
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
        let selecting =
            keys.select(algorithm, kid, source, &*self.backend, now, &mut context.notices);
        let selected = self.wait_for(selecting, &mut context.waited).await?;
        self.note_refresh(key_set, &selected, context);
        let token = parsed.verify(&selected.key).map_err(refusal)?;
        context.check("signature", CheckResult::Passed, || {
            format!("{algorithm}, by a key of issuer `{}`", issuer.name)
        });
        let marks = self.token_marks(issuer, &token, &selected.key);
        let known =
            Arc::new(KnownToken { token, issuer: index, key_set, key: selected.key, marks });
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
        let claims = token.claims();
        let Some(identified) = issuer.identifier.identify(claims) else { return Vec::new() };
        let iss = identified.iss.as_ref();
        let session = claims.get("sid").and_then(Value::as_str);
        let client = first(&issuer.client_claims, claims).and_then(|(_, client)| client.as_str());
        let things = [
            ("`jti`", claims.token_id().map(|id| RevocationKey::Token(iss, id))),
            (
                "subject",
                subject(issuer, claims).map(|subject| RevocationKey::Subject(iss, subject)),
            ),
            ("client", client.map(|client| RevocationKey::Client(iss, client))),
            ("`sid`", session.map(|id| RevocationKey::Session(iss, id))),
            ("signing key", key.key_id().map(|id| RevocationKey::SigningKey(iss, id))),
            ("issuer", Some(RevocationKey::Issuer(iss))),
        ];
        let marked = |(what, thing): (_, Option<RevocationKey<'_>>)| {
            Some((what, replica.secrets.marks(thing?)))
        };
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
        let claims = token.claims();
        let Some(identified) = issuer.identifier.identify(claims) else {
            let reason = format!("the token is not of issuer `{}`", issuer.name);
            return Err(Denial::new(Code::IssuerUnknown, reason));
        };
        issuer
            .validation
            .check_beside_issuer(token, now)
            .map_err(|error| claim_refusal(error, issuer))?;
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
            let reason =
                "the token's `cnf` asks for something else than a certificate by its `x5t#S256`";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        context.check("claims", CheckResult::Passed, || {
            let mut told = "iss, typ, audience and times are as the policy wants them".to_owned();
            for rule in &issuer.claims {
                told.push_str(&format!("; {rule}"));
            }
            told
        });
        principal(issuer, identified.tenant, claims)
    }
}

fn by_its_iss(issuer: &Issuer) -> String {
    let by = if issuer.spiffe { "the trust domain of its `sub`" } else { "its `iss`" };
    format!("`{}` by {by}", issuer.name)
}

/// Who it is: the first of the claims that say so.
fn subject<'c>(issuer: &Issuer, claims: &'c Claims) -> Option<&'c str> {
    let mut subjects = issuer.subject_claims.iter().filter_map(|name| claims.find(name)?.as_str());
    subjects.find(|subject| !subject.is_empty())
}

fn principal(issuer: &Issuer, tenant: Option<&str>, claims: &Claims) -> Result<Principal, Denial> {
    let subject = subject(issuer, claims).ok_or_else(|| {
        Denial::new(
            Code::ClaimInvalid,
            format!(
                "the token has no `{}` with text",
                names(&issuer.subject_claims).join("`, no `")
            ),
        )
    })?;
    if subject.len() > MAX_SUBJECT_BYTES {
        return Err(Denial::new(
            Code::ClaimInvalid,
            format!("the subject is longer than {MAX_SUBJECT_BYTES} bytes"),
        ));
    }
    // Each tenant has subjects of its own. It has no `:`, so that no two callers have one id.
    let id = match tenant {
        Some(tenant) => ["jwt:", &issuer.name, ":", tenant, ":", subject].concat(),
        None => ["jwt:", &issuer.name, ":", subject].concat(),
    };
    Ok(Principal {
        id,
        kind: PrincipalKind::Jwt,
        subject: subject.to_owned(),
        issuer: Some(told_issuer(issuer, claims).to_owned()),
        client: client(issuer, claims)?,
        scopes: scopes(issuer, claims)?,
    })
}

/// The verified issuer, as the upstream knows it. The `iss` of a JWT-SVID is compared with nothing,
/// so it is not told.
fn told_issuer<'a>(issuer: &'a Issuer, claims: &'a Claims) -> &'a str {
    match claims.issuer() {
        Some(iss) if !issuer.spiffe => iss,
        Some(_) | None => &issuer.validation.issuer,
    }
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

/// The scopes of all claims that carry them.
fn scopes(issuer: &Issuer, claims: &Claims) -> Result<Scopes, Denial> {
    let mut scopes = BTreeSet::new();
    for claim in &issuer.scope_claims {
        claim
            .read(claims, &mut scopes)
            .map_err(|reason| Denial::new(Code::ClaimInvalid, reason))?;
    }
    Ok(Scopes::List(scopes))
}

fn names(paths: &[ClaimPath]) -> Vec<&str> {
    paths.iter().map(ClaimPath::as_str).collect()
}

fn first<'a>(names: &'a [ClaimPath], claims: &'a Claims) -> Option<(&'a str, &'a Value)> {
    names.iter().find_map(|name| Some((name.as_str(), claims.find(name)?)))
}

fn claim_refusal(error: ClaimError, issuer: &Issuer) -> Denial {
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
