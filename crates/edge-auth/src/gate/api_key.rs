//! Verifying an API key: no I/O for junk and forgeries, one read for a key not seen lately.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::Gate;
use super::key_versions::NotNewest;
use super::outcome::{CheckResult, DecisionContext, DeferredTask};
use crate::api_key::{ApiKey, ApiKeyProfile, KeyRefusal, RecordError};
use crate::denial::{Code, Denial};
use crate::platform::{ApiKeyRecord, ApiKeys, Platform, Unavailable};
use crate::policy::CredentialRef;
use crate::principal::{Principal, PrincipalKind};

/// A refusal by a copy is checked against the store, since the key may have been rotated or enabled
/// meanwhile; but not again this soon, since a wrong secret for a right id costs nothing.
const RECHECK: Duration = Duration::from_secs(1);

/// A record that was read, and when.
#[derive(Debug, Clone)]
pub(crate) struct KnownKey {
    key: Arc<ApiKey>,
    read_at: Timestamp,
    /// When it was read because of a refusal, if it was.
    rechecked_at: Option<Timestamp>,
}

impl KnownKey {
    fn is_older(&self, limit: Duration, now: Timestamp) -> bool {
        has_passed(limit, self.read_at, now)
    }

    fn may_be_rechecked(&self, now: Timestamp) -> bool {
        self.rechecked_at.is_none_or(|then| has_passed(RECHECK, then, now))
    }
}

/// A clock that was set back makes every copy old.
fn has_passed(limit: Duration, then: Timestamp, now: Timestamp) -> bool {
    now < then || now.since(then) >= limit
}

impl<P: Platform> Gate<P> {
    /// Verifies a key against the blocks that the rule names.
    pub(super) async fn verify_key(
        &self,
        text: &str,
        named: &[CredentialRef],
        client_ip: Option<IpAddr>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(CredentialRef, Principal), Denial> {
        let blocks = named.iter().filter_map(|one| match one {
            CredentialRef::Key(index) => self.key_blocks.get(*index).map(|block| (*index, block)),
            CredentialRef::Jwt(_) | CredentialRef::Cert(_) => None,
        });
        // A key that shows whose it is is looked up as no other: that would cost reads.
        let shows = self.key_blocks.iter().any(|block| block.recognises(text));
        let candidates =
            blocks.filter(
                |(_, block)| if shows { block.recognises(text) } else { block.takes_any_text() },
            );
        let mut refused =
            invalid("no block of keys that the rule names has keys of this form".to_owned());
        for (index, block) in candidates {
            match self.check_key(index, block, text, client_ip, now, context).await {
                Ok(principal) => return Ok((CredentialRef::Key(index), principal)),
                // Only hashes of other systems can be in another block's place; ours name their
                // block.
                Err(denial) if denial.code == Code::KeyInvalid => refused = denial,
                Err(denial) => return Err(denial),
            }
        }
        Err(refused)
    }

    async fn check_key(
        &self,
        index: usize,
        block: &ApiKeyProfile,
        text: &str,
        client_ip: Option<IpAddr>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Principal, Denial> {
        let presented = block.parse(text).map_err(|refusal| refused(block, refusal))?;
        context.check("key form", CheckResult::Passed, || {
            format!("checksum and tag are right for block `{}`", block.name())
        });
        // What is in memory of the record may have been overtaken.
        self.know_revocations(now, context).await?;
        let id = presented.record_id();
        let known = self
            .keys
            .find(&(index, id.to_owned()))
            .filter(|known| !known.is_older(self.policy.key_record_age(), now));
        let key = match known {
            Some(known) => {
                let check = known.key.check(&presented, client_ip, now);
                if check.is_ok() || !known.may_be_rechecked(now) {
                    if known.is_older(self.policy.key_record_age() / 2, now) {
                        context
                            .deferred_tasks
                            .push(DeferredTask::RefreshApiKey { block: index, id: id.to_owned() });
                    }
                    context.check("key record", CheckResult::Passed, || "in memory".to_owned());
                    return self.finish(block, &known.key, check, now, context).await;
                }
                self.wait_for(self.read_again(index, id, Some(now), now), &mut context.waited)
                    .await?
            }
            None if context
                .absent_keys
                .iter()
                .any(|(block, absent)| (*block, &**absent) == (index, id)) =>
            {
                None
            }
            None => self.wait_for(self.read_key(index, id, now), &mut context.waited).await?,
        };
        let Some(key) = key else {
            context.absent_keys.push((index, id.to_owned()));
            return Err(invalid(format!(
                "block `{}` has no record of this key's id",
                block.name()
            )));
        };
        context.check("key record", CheckResult::Passed, || {
            "read from the store, its MAC is right".to_owned()
        });
        let check = key.check(&presented, client_ip, now);
        self.finish(block, &key, check, now, context).await
    }

    async fn finish(
        &self,
        block: &ApiKeyProfile,
        key: &ApiKey,
        check: Result<(), KeyRefusal>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Principal, Denial> {
        check.map_err(|refusal| refused(block, refusal))?;
        self.check_key_revocation(key.id(), now, context).await?;
        context.check("key", CheckResult::Passed, || {
            "secret, state, expiry and network are right".to_owned()
        });
        Ok(Principal {
            id: format!("key:{}:{}", block.name(), key.id()),
            kind: PrincipalKind::ApiKey,
            subject: key.id().to_owned(),
            issuer: None,
            client: key.owner().map(str::to_owned),
            scopes: key.scopes().clone(),
        })
    }

    /// Reads a record from the store, believes it if its MAC is right, and keeps it.
    pub(super) async fn read_key(
        &self,
        index: usize,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<ApiKey>>, Denial> {
        self.read_again(index, id, None, now).await
    }

    async fn read_again(
        &self,
        index: usize,
        id: &str,
        rechecked_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Arc<ApiKey>>, Denial> {
        let Some(block) = self.key_blocks.get(index) else {
            return Ok(None);
        };
        let cached = (index, id.to_owned());
        let changed = self.keys_changed.load(Ordering::SeqCst);
        let mut record = self.platform.api_keys().find(id, now).await.map_err(unavailable)?;
        let mut opened = record.as_ref().map(|record| self.open_newest(block, record, now));
        if matches!(opened, Some(Err(Distrust::NotNewest(_)))) {
            // It may be a copy that lags behind, or what was found before a newer one was told of.
            record = self.platform.api_keys().current(id, now).await.map_err(unavailable)?;
            opened = record.as_ref().map(|record| self.open_newest(block, record, now));
        }
        let key = match opened {
            Some(Ok(key)) => key,
            Some(Err(error)) => {
                self.keys.remove(&cached);
                return Err(invalid(format!(
                    "ALERT: the stored record `{id}` of block `{}` is not trusted: {error}",
                    block.name()
                )));
            }
            None => {
                self.keys.remove(&cached);
                return Ok(None);
            }
        };
        let key = Arc::new(key);
        self.keys
            .insert(cached.clone(), KnownKey { key: Arc::clone(&key), read_at: now, rechecked_at });
        // It may be from before the change of a key of which all was forgotten meanwhile.
        if self.keys_changed.load(Ordering::SeqCst) != changed {
            self.keys.remove(&cached);
        }
        Ok(Some(key))
    }

    /// Opens a record, if its MAC is right and no newer one is known.
    fn open_newest(
        &self,
        block: &ApiKeyProfile,
        record: &ApiKeyRecord,
        now: Timestamp,
    ) -> Result<ApiKey, Distrust> {
        let key = block.open(record)?;
        let announced =
            self.revocations.as_ref().and_then(|replica| replica.key_version(&record.id, now));
        self.key_versions.take_in(record, key.expires_at(), announced, now)?;
        Ok(key)
    }
}

/// Why a stored record is not believed.
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

/// One code for everything that a guesser could learn from; the others are told only to one who
/// has the right secret.
fn refused(block: &ApiKeyProfile, refusal: KeyRefusal) -> Denial {
    let code = match &refusal {
        KeyRefusal::Revoked { .. } => Code::KeyRevoked,
        KeyRefusal::Disabled => Code::KeyDisabled,
        KeyRefusal::Expired { .. } => Code::KeyExpired,
        KeyRefusal::NetworkNotAllowed { .. } | KeyRefusal::ClientAddressUnknown => {
            Code::KeyNetworkNotAllowed
        }
        _ => Code::KeyInvalid,
    };
    Denial::new(code, format!("block `{}`: {refusal}", block.name()))
}

fn invalid(reason: String) -> Denial {
    Denial::new(Code::KeyInvalid, reason)
}
