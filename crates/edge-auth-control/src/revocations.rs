//! Administers the revocations of a policy, for the HTTP API and the CLI.

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::revocation_responses::whole_seconds;
use super::{AdminError, KeyService, RevocationChange, RevocationRequest, RevocationResponse};
use crate::ledger::{ChangeMeta, LedgerError, RevocationLedger};
use crate::store::{ApiKeyAdmin, RevocationLog};
use edge_auth::SecretProvider;
use edge_auth::platform::Randomness;
use edge_auth::policy::{Policy, PolicyErrors};
use edge_auth::revocation::{Entry, Event, RevocationSecrets, Target};

/// The notice of an undone revocation of an API key.
const KEY_STAYS_REVOKED: &str = "the key itself stays revoked: its record says so, for good. Issue a new key with \
     `edge-auth keys create` or `POST /admin/v1/keys`";

/// The revocation log of a policy, and the API keys that can be revoked in it.
#[derive(Debug)]
pub struct Revocations<'a, S, L> {
    pub(super) policy: &'a Policy,
    pub(super) key_service: KeyService<'a, S, L>,
    pub(super) ledger: RevocationLedger<'a, L>,
    by: String,
}

/// A page of the log, the newest entry first.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RevocationPage {
    /// The entries.
    pub revocations: Vec<RevocationResponse>,
    /// Why records of this page are not believed.
    pub untrusted: Vec<String>,
    /// The `before` of the next page; `null` after the last one.
    pub next: Option<u64>,
}

impl<'a, S: ApiKeyAdmin, L: RevocationLog> Revocations<'a, S, L> {
    /// Makes a service for a policy's log and keys, with its secrets from `secret_provider`. `by`
    /// is the administrator.
    pub fn new(
        policy: &'a Policy,
        secret_provider: &dyn SecretProvider,
        (store, log): (&'a S, &'a L),
        by: &str,
    ) -> Result<Self, AdminError> {
        let invalid = |errors: PolicyErrors| AdminError::Invalid(errors.to_string());
        let secrets = policy.revocation_secrets(secret_provider).map_err(invalid)?;
        let key_service = KeyService::new(policy, secret_provider, store).map_err(invalid)?;
        Self::of(policy, secrets, key_service, log, by)
    }

    pub(super) fn of(
        policy: &'a Policy,
        secrets: Option<RevocationSecrets>,
        key_service: KeyService<'a, S>,
        log: &'a L,
        by: &str,
    ) -> Result<Self, AdminError> {
        let ledger = RevocationLedger::new(secrets.ok_or(AdminError::NoFeed)?, log);
        let key_service = key_service.publishing(Some(ledger.clone()), by);
        Ok(Self { policy, key_service, ledger, by: by.to_owned() })
    }

    /// Revokes what is asked for. An API key must exist, and is revoked in its record, too.
    pub async fn create(
        &self,
        request: RevocationRequest,
        now: Timestamp,
    ) -> Result<Entry, AdminError> {
        self.fulfil(self.change(request, now)?, now).await
    }

    /// Revokes what is asked for, and returns the entry, and its response with a notice for the
    /// administrator.
    pub async fn create_with_notice(
        &self,
        request: RevocationRequest,
        now: Timestamp,
    ) -> Result<(Entry, RevocationResponse), AdminError> {
        let order = self.change(request, now)?;
        let notice = order.notice.clone();
        let entry = self.fulfil(order, now).await?;
        let bound_seconds = Some(whole_seconds(self.policy.revocation_limits().bound));
        let view = RevocationResponse { notice, bound_seconds, ..RevocationResponse::new(&entry) };
        Ok((entry, view))
    }

    /// Checks a request, for an administrator of a tenant too.
    fn change(
        &self,
        request: RevocationRequest,
        now: Timestamp,
    ) -> Result<RevocationChange, AdminError> {
        if let Some(limit) = &self.key_service.tenant_limit {
            limit.check_issuer(self.policy, request.issuer.as_deref())?;
        }
        request.order(self.policy, now)
    }

    async fn fulfil(&self, order: RevocationChange, now: Timestamp) -> Result<Entry, AdminError> {
        if let Target::ApiKey { id } = &order.target {
            let (_, entry) =
                self.key_service.revoke_by_entry(id.as_str(), &order.reason, now).await?;
            return entry.ok_or(AdminError::NoFeed);
        }
        self.check_target(&order.target, now).await?;
        let RevocationChange { target, until, reason, .. } = order;
        Ok(self.ledger.revoke(target, until, self.order(&reason, now)).await?)
    }

    /// Takes back what an entry revokes. A key that was revoked in its record stays revoked.
    pub async fn undo(
        &self,
        sequence: u64,
        reason: &str,
        now: Timestamp,
    ) -> Result<Entry, AdminError> {
        if let Some(limit) = &self.key_service.tenant_limit {
            let what = "take nothing back: that would undo the revocations of all administrators";
            return Err(limit.reject(what));
        }
        Ok(self.ledger.undo(sequence, self.order(reason, now)).await?)
    }

    /// Takes back what an entry revokes, and returns the new entry as it is shown. A notice says
    /// that an API key stays revoked.
    pub async fn undo_with_notice(
        &self,
        sequence: u64,
        reason: &str,
        now: Timestamp,
    ) -> Result<(Entry, RevocationResponse), AdminError> {
        let entry = self.undo(sequence, reason, now).await?;
        let mut view = RevocationResponse::new(&entry);
        if let Event::Undone(Target::ApiKey { .. }) = entry.event {
            view.notice = Some(KEY_STAYS_REVOKED.to_owned());
        }
        Ok((entry, view))
    }

    /// Returns one entry.
    pub async fn show(&self, sequence: u64, now: Timestamp) -> Result<Entry, AdminError> {
        let absent = || AdminError::Ledger(LedgerError::NotFound(sequence));
        let entry = match (&self.key_service.tenant_limit, self.ledger.show(sequence).await) {
            (Some(_), Err(LedgerError::Entry(_))) => return Err(absent()),
            (_, entry) => entry?,
        };
        if self.shows(&entry, now).await? { Ok(entry) } else { Err(absent()) }
    }

    /// Returns up to `limit` entries (200 at most), the newest first, beginning before the entry
    /// `before` if it is given.
    pub async fn list(
        &self,
        before: Option<u64>,
        limit: usize,
        now: Timestamp,
    ) -> Result<RevocationPage, AdminError> {
        let listing = self.ledger.list(before, limit).await?;
        let mut page =
            RevocationPage { revocations: Vec::new(), untrusted: Vec::new(), next: listing.next };
        for entry in listing.entries {
            match entry {
                Ok(entry) if self.shows(&entry, now).await? => {
                    page.revocations.push(RevocationResponse::new(&entry));
                }
                Err(error) if self.key_service.tenant_limit.is_none() => {
                    page.untrusted.push(error.to_string());
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(page)
    }

    /// Makes a snapshot of the whole log, and drops expired records. Returns how many revocations
    /// it holds.
    pub async fn compact(
        &self,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<usize, AdminError> {
        if let Some(limit) = &self.key_service.tenant_limit {
            return Err(limit.reject("the log is everyone's"));
        }
        Ok(self.ledger.compact(randomness, now).await?)
    }

    /// Makes a snapshot if one is due.
    pub async fn tidy(
        &self,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<(), AdminError> {
        Ok(self.ledger.compact_if_due(randomness, now).await?)
    }

    pub(super) fn order<'o>(&'o self, reason: &'o str, now: Timestamp) -> ChangeMeta<'o> {
        ChangeMeta { by: &self.by, reason, now }
    }
}
