//! Verifies API keys: without I/O for junk and forgeries, and with one read of the store for a key
//! that was not seen lately.

use std::sync::Arc;

use edge_auth_token::Timestamp;

use super::context::{DecisionContext, wait_for};
use super::key_record_cache::{CachedRecord, KeyRecordCache, KnownKey};
use super::key_versions::{KeyVersions, NotNewest};
use super::outcome::{CheckResult, DeferredTask};
use super::revocation::RevocationChecker;
use super::verification::Verification;
use crate::api_key::{ApiKey, ApiKeyProfile, KeyRefusal, RecordError};
use crate::cache::Seed;
use crate::denial::{Code, Denial};
use crate::platform::{ApiKeyRecord, ApiKeys, Platform, Unavailable};
use crate::policy::CredentialRef;
use crate::principal::{Derived, Principal, PrincipalKind};

/// The policy's blocks of API keys, and the records that were read lately.
pub(super) struct ApiKeyVerifier {
    profiles: Vec<ApiKeyProfile>,
    records: Arc<KeyRecordCache>,
    /// The newest versions that were seen.
    versions: Arc<KeyVersions>,
}

impl ApiKeyVerifier {
    pub(super) fn new(profiles: Vec<ApiKeyProfile>, seed: Seed) -> Self {
        let records = Arc::new(KeyRecordCache::new(seed));
        Self { profiles, records, versions: Arc::new(KeyVersions::new(seed)) }
    }

    pub(super) fn profiles(&self) -> &[ApiKeyProfile] {
        &self.profiles
    }

    pub(super) fn records(&self) -> &Arc<KeyRecordCache> {
        &self.records
    }

    /// Takes over the versions that another gate has seen.
    pub(super) fn take_over(&mut self, other: &Self) {
        self.versions = Arc::clone(&other.versions);
    }

    /// Returns whether a text has the form of a key of the policy's blocks.
    pub(super) fn recognises(&self, text: &str) -> bool {
        self.profiles.iter().any(|profile| profile.recognises(text))
    }

    /// Verifies a key against the blocks that the rule names.
    pub(super) async fn verify<P: Platform>(
        &self,
        text: &str,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<(CredentialRef, Arc<Principal>), Denial> {
        // A key whose form names its block is not looked up in other blocks: that would cost reads.
        let recognised = self.recognises(text);
        let mut refused =
            invalid("no block of keys that the rule names has keys of this form".to_owned());
        for named in verification.rule.access.named() {
            let index = match named {
                CredentialRef::Key(index) => *index,
                CredentialRef::Jwt(_) | CredentialRef::Cert(_) => continue,
            };
            let Some(profile) = self.profiles.get(index) else { continue };
            let is_candidate =
                if recognised { profile.recognises(text) } else { profile.takes_any_text() };
            if !is_candidate {
                continue;
            }
            match self.check(index, profile, text, verification, context).await {
                Ok(principal) => return Ok((CredentialRef::Key(index), principal)),
                // Another block may have the hash of an imported key; ours name their block.
                Err(denial) if denial.code == Code::KeyInvalid => refused = denial,
                Err(denial) => return Err(denial),
            }
        }
        Err(refused)
    }

    /// Reads the record of a known key again.
    pub(super) async fn refresh<P: Platform>(
        &self,
        index: usize,
        id: &str,
        platform: &P,
        revocations: &RevocationChecker,
        now: Timestamp,
    ) -> Result<(), Denial> {
        self.read_record(index, id, None, platform, revocations, now).await.map(drop)
    }

    async fn check<P: Platform>(
        &self,
        index: usize,
        profile: &ApiKeyProfile,
        text: &str,
        verification: &Verification<'_, P>,
        context: &mut DecisionContext,
    ) -> Result<Arc<Principal>, Denial> {
        let Verification { platform, revocations, now, .. } = *verification;
        let client_ip = verification.request.client_ip;
        let presented = profile.read(text).map_err(|refusal| refused(profile, refusal))?;
        let id = presented.record_id();
        let changes = self.records.changes();
        let mut cached = self.records.find(index, id);
        // A tag saves reads of the store. The id of a record in memory had its tag checked before.
        if cached.is_none() {
            presented.check_tag().map_err(|refusal| refused(profile, refusal))?;
        }
        context.check("key form", CheckResult::Passed, || {
            format!("checksum and tag are right for block `{}`", profile.name())
        });
        // A change that the feed announces takes the record out of memory.
        revocations.ensure_fresh(platform, now, context).await?;
        if self.records.changes() != changes {
            cached = self.records.find(index, id);
        }
        let max_age = verification.policy.key_record_age();
        let mut rechecked_at = None;
        if let Some(record) = cached
            && !record.is_older(max_age, now)
        {
            let check = record.known.key.check(&presented, client_ip, now);
            if check.is_ok() || !record.may_be_rechecked(now) {
                if record.is_older(max_age / 2, now) {
                    let refresh = DeferredTask::RefreshApiKey { block: index, id: id.to_owned() };
                    context.deferred_tasks.push(refresh);
                }
                context.check("key record", CheckResult::Passed, || "in memory".to_owned());
                return finish(profile, &record.known, check, verification, context).await;
            }
            rechecked_at = Some(now);
        } else if context.is_absent(index, id) {
            return Err(absent(profile));
        }
        let reading = self.read_record(index, id, rechecked_at, platform, revocations, now);
        let Some(known) = wait_for(platform, reading, &mut context.waited).await? else {
            context.absent_keys.push((index, id.to_owned()));
            return Err(absent(profile));
        };
        context.check("key record", CheckResult::Passed, || {
            "read from the store, its MAC is right".to_owned()
        });
        let check = known.key.check(&presented, client_ip, now);
        finish(profile, &known, check, verification, context).await
    }

    /// Reads a record from the store, checks its MAC and version, and keeps it in memory; `None` if
    /// there is no such record.
    async fn read_record<P: Platform>(
        &self,
        index: usize,
        id: &str,
        rechecked_at: Option<Timestamp>,
        platform: &P,
        revocations: &RevocationChecker,
        now: Timestamp,
    ) -> Result<Option<Arc<KnownKey>>, Denial> {
        let Some(profile) = self.profiles.get(index) else {
            return Ok(None);
        };
        let store = platform.api_keys();
        let changes = self.records.changes();
        let record = store.find(id, now).await.map_err(unavailable)?;
        let mut opened = record.map(|record| self.open_newest(profile, &record, revocations, now));
        if matches!(opened, Some(Err(Distrust::NotNewest(_)))) {
            // It may be a copy that lags behind, or may have been read before a newer one was
            // announced.
            let record = store.current(id, now).await.map_err(unavailable)?;
            opened = record.map(|record| self.open_newest(profile, &record, revocations, now));
        }
        let key = match opened {
            Some(Ok(key)) => key,
            Some(Err(error)) => {
                self.records.remove(id);
                return Err(invalid(format!(
                    "ALERT: the stored record `{id}` of block `{}` is not trusted: {error}",
                    profile.name()
                )));
            }
            None => {
                self.records.remove(id);
                return Ok(None);
            }
        };
        let principal = Arc::new(principal(profile, &key));
        let known = Arc::new(KnownKey { key, principal });
        let record =
            CachedRecord { profile: index, known: Arc::clone(&known), read_at: now, rechecked_at };
        self.records.insert(id, record, changes);
        Ok(Some(known))
    }

    /// Opens a record, if its MAC is right and no newer one is known.
    fn open_newest(
        &self,
        profile: &ApiKeyProfile,
        record: &ApiKeyRecord,
        revocations: &RevocationChecker,
        now: Timestamp,
    ) -> Result<ApiKey, Distrust> {
        let key = profile.open(record)?;
        let announced = revocations.announced_version(&record.id, now);
        self.versions.take_in(record, key.expires_at(), announced, now)?;
        Ok(key)
    }
}

/// Returns the principal of a checked key, unless it was revoked.
async fn finish<P: Platform>(
    profile: &ApiKeyProfile,
    known: &KnownKey,
    check: Result<(), KeyRefusal>,
    verification: &Verification<'_, P>,
    context: &mut DecisionContext,
) -> Result<Arc<Principal>, Denial> {
    let Verification { platform, revocations, now, .. } = *verification;
    check.map_err(|refusal| refused(profile, refusal))?;
    revocations.check_key(known.key.id(), platform, now, context).await?;
    context.check("key", CheckResult::Passed, || {
        "secret, state, expiry and network are right".to_owned()
    });
    Ok(Arc::clone(&known.principal))
}

fn principal(profile: &ApiKeyProfile, key: &ApiKey) -> Principal {
    Principal {
        id: format!("key:{}:{}", profile.name(), key.id()),
        kind: PrincipalKind::ApiKey,
        subject: key.id().to_owned(),
        issuer: None,
        client: key.owner().map(str::to_owned),
        tenant: key.tenant().map(str::to_owned),
        scopes: key.scopes().clone(),
        derived: Derived::default(),
    }
}

/// Why a stored record is not trusted.
#[derive(Debug, thiserror::Error)]
enum Distrust {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    NotNewest(#[from] NotNewest),
}

fn unavailable(error: Unavailable) -> Denial {
    Denial::new(Code::StoreUnavailable, format!("API keys: {error}"))
}

/// Returns one code for every refusal that a guesser could learn from. The other codes are for
/// callers that have the right secret.
fn refused(profile: &ApiKeyProfile, refusal: KeyRefusal) -> Denial {
    let code = match &refusal {
        KeyRefusal::Revoked { .. } => Code::KeyRevoked,
        KeyRefusal::Disabled => Code::KeyDisabled,
        KeyRefusal::Expired { .. } => Code::KeyExpired,
        KeyRefusal::NetworkNotAllowed { .. } | KeyRefusal::ClientAddressUnknown => {
            Code::KeyNetworkNotAllowed
        }
        KeyRefusal::Malformed(_)
        | KeyRefusal::ChecksumWrong
        | KeyRefusal::TagUnknown
        | KeyRefusal::SecretWrong
        | KeyRefusal::EnvironmentMismatch { .. } => Code::KeyInvalid,
    };
    Denial::new(code, format!("block `{}`: {refusal}", profile.name()))
}

fn absent(profile: &ApiKeyProfile) -> Denial {
    invalid(format!("block `{}` has no record of this key's id", profile.name()))
}

fn invalid(reason: String) -> Denial {
    Denial::new(Code::KeyInvalid, reason)
}
