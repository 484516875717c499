//! Verifies tokens: their issuer, the key that signed them, and whether they are good now.

use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

use edge_auth_token::{
    Claims, Confirmation, Secret, SignatureBackend, Timestamp, TokenError, UnverifiedToken,
    VerifiedToken, VerifyingKey,
};
use serde_json::Value;

use super::admission;
use super::context::{DecisionContext, wait_for};
use super::outcome::{CheckResult, DeferredTask};
use super::token_claims::{client_text, principal, subject};
use super::token_refusal::{claim_refusal, refusal};
use super::verification::Verification;
use crate::cache::{Cache, Room, Seed};
use crate::credential::PresentedToken;
use crate::denial::{Code, Denial};
use crate::issuer_keys::{IssuerKeys, Selected};
use crate::platform::Platform;
use crate::policy::{CredentialRef, Issuer, Policy, Rule};
use crate::principal::Principal;
use crate::revocation::{LookupTags, RevocationKey, RevocationSecrets};

/// How many verified tokens are kept in memory.
const CACHED: usize = 10_000;
/// How long those tokens may be in all, in bytes. A token takes some 2 kB and three times its length,
/// for its text, its claims and its principal, and a Worker has 128 MB.
const CACHED_BYTES: usize = 12 << 20;

/// The issuers' keys, and the tokens that were verified with them.
pub(super) struct TokenVerifier {
    issuer_keys: Vec<IssuerKeys>,
    /// The key sets of each issuer of the policy.
    key_sets: Vec<KeySets>,
    /// By the seeded hash of the token's text, which two texts may share.
    verified: Cache<u64, Arc<KnownToken>>,
    seed: Seed,
}

/// The key sets of an issuer: their indices among all key sets.
#[derive(Debug)]
pub(super) struct KeySets {
    first: usize,
    /// The tenants, in the order of their key sets; empty if one key set is for all.
    tenants: Vec<String>,
}

/// A token with a good signature, and what that depends on besides its text: the issuer that it was
/// verified for, and the key.
#[derive(Debug)]
struct KnownToken {
    /// The whole text. Only a text that equals it is this token.
    text: Secret,
    token: VerifiedToken,
    /// The index of the issuer.
    issuer: usize,
    /// The index of the key set that has the key.
    key_set: usize,
    key: Arc<VerifyingKey>,
    /// The tags under which its revocation is found; empty where there is no feed.
    marks: Vec<(&'static str, LookupTags)>,
    /// Whom the token is for, once its claims were found to be good: of all that is checked then,
    /// only the times can be wrong later.
    principal: OnceLock<Arc<Principal>>,
}

/// A token that is good for an issuer of the rule.
pub(super) struct GoodToken {
    pub named: CredentialRef,
    pub principal: Arc<Principal>,
    /// How the token is bound to its sender, for the caller to check.
    pub confirmation: Confirmation,
}

impl KeySets {
    pub(super) fn new(first: usize, tenants: Vec<String>) -> Self {
        Self { first, tenants }
    }

    /// Returns the index of the key set for a tenant.
    fn index_for(&self, tenant: Option<&str>) -> Option<usize> {
        if self.tenants.is_empty() {
            return Some(self.first);
        }
        let position = self.tenants.iter().position(|own| Some(own.as_str()) == tenant)?;
        self.first.checked_add(position)
    }
}

impl TokenVerifier {
    pub(super) fn new(issuer_keys: Vec<IssuerKeys>, key_sets: Vec<KeySets>, seed: Seed) -> Self {
        let room = Room { entries: CACHED, weight: CACHED_BYTES };
        Self { issuer_keys, key_sets, verified: Cache::bounded(room, seed), seed }
    }

    /// Takes over the keys that another gate fetched for issuers whose blocks are the same.
    pub(super) fn take_over(&self, other: &Self) {
        for keys in &self.issuer_keys {
            for known in &other.issuer_keys {
                keys.take_over(known);
            }
        }
    }

    /// Fetches a key set again. A failure is among the notices, and the old keys stay.
    pub(super) async fn refresh<P: Platform>(
        &self,
        key_set: usize,
        platform: &P,
        backend: &dyn SignatureBackend,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) {
        if let Some(keys) = self.issuer_keys.get(key_set) {
            let _ = keys.refresh(platform.key_source(), backend, now, notices).await;
        }
    }

    /// Verifies a token against the issuers that the rule names.
    pub(super) async fn verify<P: Platform>(
        &self,
        presented: PresentedToken<'_>,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<GoodToken, Denial> {
        let Verification { policy, rule, platform, revocations, now, .. } = *verification;
        let (bytes, limit) = (presented.text.len(), policy.max_token_bytes);
        if bytes > limit {
            return Err(refusal(TokenError::TooLarge { bytes, limit }));
        }
        let hash = self.seed.hash_one(presented.text);
        let known = match self.find(presented, hash, verification, context) {
            Some(known) => known,
            // Boxed: the future of a known token has no room for it.
            None => Box::pin(self.verify_new(presented, hash, verification, context)).await?,
        };
        let Some(issuer) = policy.issuers.get(known.issuer) else { return Err(no_keys()) };
        let claims = known.token.claims();
        let principal = known.check_claims(issuer, presented.dpop, now, context)?;
        revocations.check_token(&known.marks, claims.issued_at(), platform, now, context).await?;
        admission::check_claims(rule, claims, context)?;
        let named = CredentialRef::Jwt(known.issuer);
        Ok(GoodToken { named, principal, confirmation: claims.confirmation() })
    }

    /// Finds the token among those that were verified before: its text means the same now. Checks
    /// again that the rule gives its `iss` to the issuer that it was verified for, and that this
    /// issuer still has the key.
    fn find<P: Platform>(
        &self,
        presented: PresentedToken<'_>,
        hash: u64,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Option<Arc<KnownToken>> {
        let Verification { policy, rule, now, .. } = *verification;
        let known = self.verified.find(&hash)?;
        // The time that this takes tells nothing: nobody can make another text with this hash
        // without the seed.
        if known.text.expose() != presented.text.as_bytes() {
            return None;
        }
        let (claims, token_type) = (known.token.claims(), known.token.token_type());
        let (index, issuer) = issuer_of(policy, rule, claims, token_type, presented).ok()?;
        if index != known.issuer {
            return None;
        }
        let Some(selected) = self.issuer_keys.get(known.key_set)?.holds(&known.key, now) else {
            self.verified.remove(&hash);
            return None;
        };
        note_refresh(known.key_set, &selected, context);
        context.check("issuer", CheckResult::Passed, || by_its_iss(issuer));
        context.check("signature", CheckResult::Passed, || {
            "verified before, with a key still published".to_owned()
        });
        Some(known)
    }

    /// Parses the token, verifies its signature, and keeps it.
    async fn verify_new<P: Platform>(
        &self,
        presented: PresentedToken<'_>,
        hash: u64,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<Arc<KnownToken>, Denial> {
        let Verification { policy, rule, platform, backend, now, .. } = *verification;
        let parsed =
            UnverifiedToken::parse(presented.text, policy.max_token_bytes).map_err(refusal)?;
        let claims = parsed.unverified_claims();
        let (index, issuer) = issuer_of(policy, rule, claims, parsed.token_type(), presented)?;
        context.check("issuer", CheckResult::Passed, || by_its_iss(issuer));
        let tenant = issuer.identifier.identify(claims).and_then(|found| found.tenant);
        let key_set = self.key_sets.get(index).and_then(|sets| sets.index_for(tenant));
        let Some(key_set) = key_set else { return Err(no_keys()) };
        let Some(keys) = self.issuer_keys.get(key_set) else { return Err(no_keys()) };
        let algorithm = parsed.algorithm();
        if !issuer.algorithms.contains(&algorithm) {
            let reason = format!(
                "`alg` is {algorithm}, which issuer `{}` ({}) does not allow",
                issuer.name, issuer.place
            );
            return Err(Denial::new(Code::AlgorithmNotAllowed, reason));
        }
        let (kid, source) = (parsed.key_id(), platform.key_source());
        let selecting = keys.select(algorithm, kid, source, backend, now, &mut context.notices);
        let selected = wait_for(platform, selecting, &mut context.waited).await?;
        note_refresh(key_set, &selected, context);
        let token = parsed.verify(&selected.key).map_err(refusal)?;
        context.check("signature", CheckResult::Passed, || {
            format!("{algorithm}, by a key of issuer `{}`", issuer.name)
        });
        let marks = match verification.revocations.secrets() {
            Some(secrets) => marks(issuer, &token, &selected.key, secrets),
            None => Vec::new(),
        };
        let known = Arc::new(KnownToken {
            text: Secret::new(presented.text),
            token,
            issuer: index,
            key_set,
            key: selected.key,
            marks,
            principal: OnceLock::new(),
        });
        self.verified.insert_weighing(hash, Arc::clone(&known), presented.text.len());
        Ok(known)
    }
}

impl KnownToken {
    /// Checks the claims for this issuer, at every use of the token, and returns the principal.
    fn check_claims(
        &self,
        issuer: &Issuer,
        dpop: bool,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Arc<Principal>, Denial> {
        let principal = match self.principal.get() {
            Some(principal) => {
                issuer
                    .validation
                    .check_times(self.token.claims(), now)
                    .map_err(|error| claim_refusal(error, issuer))?;
                refuse_dpop(dpop)?;
                principal
            }
            None => {
                let principal = Arc::new(self.new_principal(issuer, dpop, now)?);
                self.principal.get_or_init(|| principal)
            }
        };
        context.check("claims", CheckResult::Passed, || {
            let mut detail = "iss, typ, audience and times are as the policy wants them".to_owned();
            for rule in &issuer.claims {
                detail.push_str(&format!("; {rule}"));
            }
            detail
        });
        Ok(Arc::clone(principal))
    }

    /// Checks everything about the claims, and reads the principal from them.
    fn new_principal(
        &self,
        issuer: &Issuer,
        dpop: bool,
        now: Timestamp,
    ) -> Result<Principal, Denial> {
        let claims = self.token.claims();
        let Some(identified) = issuer.identifier.identify(claims) else {
            let reason = format!("the token is not of issuer `{}`", issuer.name);
            return Err(Denial::new(Code::IssuerUnknown, reason));
        };
        if let Err(error) = issuer.validation.check_beside_issuer(&self.token, now) {
            return Err(claim_refusal(error, issuer));
        }
        for rule in &issuer.claims {
            if let Some(wanted) = rule.refusal(claims) {
                let reason = format!("{wanted}, says issuer `{}` ({})", issuer.name, issuer.place);
                return Err(Denial::new(Code::ClaimInvalid, reason));
            }
        }
        refuse_dpop(dpop)?;
        if claims.confirmation() == Confirmation::Unverifiable {
            let reason =
                "the token's `cnf` asks for something other than a certificate by its `x5t#S256`";
            return Err(Denial::new(Code::BindingUnverifiable, reason));
        }
        principal(issuer, identified.tenant, claims)
    }
}

fn refuse_dpop(dpop: bool) -> Result<(), Denial> {
    if !dpop {
        return Ok(());
    }
    let reason = "the scheme is DPoP, and proofs of possession are not verified";
    Err(Denial::new(Code::BindingUnverifiable, reason))
}

/// Returns the issuer of the rule whose token this claims to be, and whose tokens are sent in this
/// place. The signature, made with that issuer's key, then proves the claim. If several blocks
/// have the same issuer, the first one whose type, audience and claims fit decides; if none fits,
/// the first one refuses.
fn issuer_of<'p>(
    policy: &'p Policy,
    rule: &Rule,
    claims: &Claims,
    token_type: Option<&str>,
    presented: PresentedToken<'_>,
) -> Result<(usize, &'p Issuer), Denial> {
    let (mut matching, mut elsewhere) = (Vec::new(), None);
    for named in rule.access.named() {
        let index = match named {
            CredentialRef::Jwt(index) => *index,
            CredentialRef::Key(_) | CredentialRef::Cert(_) => continue,
        };
        let Some(issuer) = policy.issuers.get(index) else { continue };
        if issuer.identifier.identify(claims).is_none() {
            continue;
        }
        match presented.is_from(&issuer.token_place) {
            true => matching.push((index, issuer)),
            false => elsewhere = Some(issuer),
        }
    }
    if let [one] = matching[..] {
        return Ok(one);
    }
    let fitting = matching.iter().find(|(_, issuer)| issuer.expects(token_type, claims));
    if let Some(chosen) = fitting.or(matching.first()) {
        return Ok(*chosen);
    }
    let reason = match elsewhere {
        Some(issuer) => {
            let place = issuer.token_place.describe();
            format!("a token of issuer `{}` is expected in {place}, and not here", issuer.name)
        }
        None => {
            let claimed = match claims.issuer() {
                Some(iss) => crate::audit::excerpt(iss, 128),
                None => "missing".to_owned(),
            };
            format!("`iss` is {claimed}; no issuer that the rule names has it")
        }
    };
    Err(Denial::new(Code::IssuerUnknown, reason))
}

/// Returns what a token can be revoked by.
fn marks(
    issuer: &Issuer,
    token: &VerifiedToken,
    key: &VerifyingKey,
    secrets: &RevocationSecrets,
) -> Vec<(&'static str, LookupTags)> {
    let claims = token.claims();
    let Some(identified) = issuer.identifier.identify(claims) else { return Vec::new() };
    let iss = identified.iss.as_ref();
    let mut marks = Vec::with_capacity(6);
    let mut add = |what, key: RevocationKey<'_>| marks.push((what, secrets.marks(key)));
    if let Some(id) = claims.token_id() {
        add("`jti`", RevocationKey::Token(iss, id));
    }
    if let Some(subject) = subject(issuer, claims) {
        add("subject", RevocationKey::Subject(iss, subject));
    }
    if let Some(client) = client_text(issuer, claims) {
        add("client", RevocationKey::Client(iss, client));
    }
    if let Some(Value::String(session)) = claims.get("sid") {
        add("`sid`", RevocationKey::Session(iss, session));
    }
    if let Some(id) = key.key_id() {
        add("signing key", RevocationKey::SigningKey(iss, id));
    }
    add("issuer", RevocationKey::Issuer(iss));
    marks
}

fn note_refresh(key_set: usize, selected: &Selected, context: &mut DecisionContext) {
    if selected.refresh_due {
        context.deferred_tasks.push(DeferredTask::RefreshIssuerKeys(key_set));
    }
}

fn by_its_iss(issuer: &Issuer) -> String {
    let by = if issuer.spiffe { "the trust domain of its `sub`" } else { "its `iss`" };
    format!("`{}` by {by}", issuer.name)
}

fn no_keys() -> Denial {
    Denial::new(Code::IssuerUnknown, "no such issuer")
}
