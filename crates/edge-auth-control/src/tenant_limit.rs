//! Keeps an administrator who belongs to a tenant to this tenant: it sees, makes and changes the
//! tenant's keys alone, and revokes them and what the tenant's issuers issued.
//!
//! What belongs to others is answered as if it were absent, and so is a record that is not
//! believed: its tenant is not proven.

use std::collections::BTreeSet;

use edge_auth::api_key::{ApiKey, claimed_block};
use edge_auth::audit::excerpt;
use edge_auth::platform::ApiKeyRecord;
use edge_auth::policy::{Access, CredentialRef, Policy};
use edge_auth::revocation::{Entry, Event, Identifier, Target};
use edge_auth::scopes::Scopes;
use edge_auth::{Decision, Outcome, PrincipalKind};
use edge_auth_token::Timestamp;

use super::{AdminError, CreateKeyRequest, KeyService, ListedKey, Page, Revocations};
use crate::store::{ApiKeyAdmin, RevocationLog};

/// The records that are read in one step.
const STEP: usize = 200;
/// The most steps of one request.
const STEPS: usize = 25;

/// What a tenant's administrator may revoke.
const REVOKES: &str = "revoke its keys, and tokens whose `iss` has this tenant";

/// The limit of an administrator who belongs to a tenant.
#[derive(Debug, Clone)]
pub(super) struct TenantLimit {
    tenant: String,
    /// The scopes that it has, and may give.
    scopes: Scopes,
    /// Its own `X-Auth-Client`.
    client: Option<String>,
    /// The block of its own key, if it has one.
    own_block: Option<String>,
    /// The blocks whose keys open more than the administrator's own credential does, for any
    /// tenant.
    foreign_blocks: BTreeSet<String>,
}

impl TenantLimit {
    /// Returns the limit of the caller who was let in; `None` if it administers everything.
    pub(super) fn of(outcome: &Outcome, policy: &Policy) -> Option<Self> {
        let Decision::Allow(grant) = &outcome.decision else { return None };
        let principal = grant.principal.as_ref()?;
        let tenant = principal.tenant.clone()?;
        let is_key = principal.kind == PrincipalKind::ApiKey;
        let own_block = principal.id.split(':').nth(1).filter(|_| is_key).map(str::to_owned);
        Some(Self {
            tenant,
            scopes: principal.scopes.clone(),
            client: principal.client.clone(),
            own_block,
            foreign_blocks: foreign_blocks(policy, &principal.id),
        })
    }

    /// Returns whether a key belongs to the tenant.
    pub(super) fn owns(&self, key: &ApiKey) -> bool {
        key.tenant() == Some(&*self.tenant)
    }

    /// Makes a requested key one of the tenant.
    ///
    /// # Errors
    /// It names another tenant, a scope that the administrator does not have itself, or another
    /// owner, whose `X-Auth-Client` the key would have.
    pub(super) fn apply(
        &self,
        mut request: CreateKeyRequest,
    ) -> Result<CreateKeyRequest, AdminError> {
        let tenant = &self.tenant;
        if request.tenant.as_ref().is_some_and(|named| named != tenant) {
            return Err(self.reject("make its keys: leave `tenant` out"));
        }
        if request.owner.is_some() && request.owner != self.client {
            return Err(self.reject("name no owner but your own: leave `owner` out"));
        }
        if request.block.is_empty()
            && let Some(block) = &self.own_block
        {
            request.block.clone_from(block);
        }
        if request.all_scopes {
            self.check_gives(&Scopes::All)?;
        }
        for scope in &request.scopes {
            self.check_gives_scope(scope)?;
        }
        request.tenant = Some(tenant.clone());
        Ok(request)
    }

    /// Checks that a key of this block opens no rule that the administrator's own credential does
    /// not open.
    pub(super) fn check_block(&self, block: &str) -> Result<(), AdminError> {
        if !self.foreign_blocks.contains(block) {
            return Ok(());
        }
        let block = excerpt(block, 64);
        Err(self.reject(&format!(
            "keys of the block `{block}` open rules that you do not, for any tenant"
        )))
    }

    /// Checks a key before the administrator has it work, or learns its secret.
    pub(super) fn check_hands_out(&self, key: &ApiKey) -> Result<(), AdminError> {
        self.check_block(key.block())?;
        self.check_gives(key.scopes())
    }

    /// Checks that the administrator has these scopes.
    fn check_gives(&self, scopes: &Scopes) -> Result<(), AdminError> {
        match scopes {
            Scopes::List(list) => list.iter().try_for_each(|scope| self.check_gives_scope(scope)),
            Scopes::All => Err(self.reject("give only scopes that you have, never all of them")),
        }
    }

    fn check_gives_scope(&self, scope: &str) -> Result<(), AdminError> {
        if matches!(&self.scopes, Scopes::List(list) if list.contains(scope)) {
            return Ok(());
        }
        let scope = excerpt(scope, 64);
        Err(self.reject(&format!("give only scopes that you have; `{scope}` is not among them")))
    }

    /// Checks that a request about tokens names an issuer of the tenant, before anything else about
    /// it is answered: what is not the tenant's is answered alike, whether it exists or not.
    pub(super) fn check_issuer(
        &self,
        policy: &Policy,
        named: Option<&str>,
    ) -> Result<(), AdminError> {
        let Some(named) = named else { return Ok(()) };
        let owned = policy
            .issuer_named(named)
            .is_some_and(|iss| policy.tenant_of_iss(&iss) == Some(&*self.tenant));
        if owned { Ok(()) } else { Err(self.reject(REVOKES)) }
    }

    /// Returns whether tokens with this `iss` are the tenant's, by every block that accepts them.
    fn owns_issuer(&self, policy: &Policy, iss: &Identifier) -> bool {
        policy.tenant_of_iss(iss.as_str()) == Some(&*self.tenant)
    }

    /// Rejects what is not the tenant's alone.
    pub(super) fn reject(&self, what: &str) -> AdminError {
        let tenant = &self.tenant;
        AdminError::TenantLimit(format!("you administer the tenant `{tenant}` alone, and {what}"))
    }
}

impl<S: ApiKeyAdmin, L: RevocationLog> KeyService<'_, S, L> {
    /// Returns up to `limit` keys of the tenant. Where the next page begins says nothing about
    /// others: it is one of the tenant's keys, or, after many records of others, only as much of an
    /// id as is needed.
    pub(super) async fn list_of_tenant(
        &self,
        tenant: &TenantLimit,
        block: Option<&str>,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page, AdminError> {
        let mut keys: Vec<ListedKey> = Vec::new();
        let mut last_own = None;
        let mut after = after.map(str::to_owned);
        let mut next = None;
        for _ in 0..STEPS {
            let records = self.store.list(after.as_deref(), STEP, now).await?;
            for record in &records {
                let Some(key) = self.own_key(tenant, block, record) else { continue };
                if keys.len() == limit {
                    return Ok(Page { keys, next: last_own });
                }
                last_own = Some(record.id.clone());
                keys.push(ListedKey::Key(Box::new(key)));
            }
            let [.., before, last] = records.as_slice() else {
                return Ok(Page { keys, next: None });
            };
            if records.len() < STEP {
                return Ok(Page { keys, next: None });
            }
            // A key that was listed must not begin the next page.
            next = match &last_own {
                Some(own) if *own == last.id => last_own.clone(),
                Some(_) | None => Some(shortest_between(&before.id, &last.id)),
            };
            after = Some(last.id.clone());
        }
        Ok(Page { keys, next })
    }

    /// Returns the key of a record, if it is the tenant's and of the block that is asked for.
    fn own_key(
        &self,
        tenant: &TenantLimit,
        block: Option<&str>,
        record: &ApiKeyRecord,
    ) -> Option<ApiKey> {
        if let Some(block) = block
            && claimed_block(record).ok()? != block
        {
            return None;
        }
        self.open(record).ok().filter(|key| tenant.owns(key))
    }

    /// Returns whether a key is stored and belongs to the tenant.
    async fn owns_key(
        &self,
        tenant: &TenantLimit,
        id: &Identifier,
        now: Timestamp,
    ) -> Result<bool, AdminError> {
        let record = self.store.current(id.as_str(), now).await?;
        Ok(record.is_some_and(|record| self.own_key(tenant, None, &record).is_some()))
    }
}

impl<S: ApiKeyAdmin, L: RevocationLog> Revocations<'_, S, L> {
    /// Returns whether the administrator may see an entry.
    pub(super) async fn shows(&self, entry: &Entry, now: Timestamp) -> Result<bool, AdminError> {
        let Some(tenant) = &self.key_service.tenant_limit else { return Ok(true) };
        match &entry.event {
            Event::Revoked(target) | Event::Undone(target) => self.owns(tenant, target, now).await,
            Event::KeyChanged(id) | Event::KeyWritten { id, .. } => {
                self.key_service.owns_key(tenant, id, now).await
            }
            Event::ListImported(_) => Ok(false),
        }
    }

    /// Returns whether a target is provably the tenant's.
    async fn owns(
        &self,
        tenant: &TenantLimit,
        target: &Target,
        now: Timestamp,
    ) -> Result<bool, AdminError> {
        match target {
            Target::Token { issuer, .. }
            | Target::Subject { issuer, .. }
            | Target::Client { issuer, .. }
            | Target::Issuer { issuer, .. }
            | Target::Session { issuer, .. }
            | Target::SigningKey { issuer, .. } => Ok(tenant.owns_issuer(self.policy, issuer)),
            Target::ApiKey { id } => self.key_service.owns_key(tenant, id, now).await,
            Target::Certificate { .. } | Target::CertificateSerial { .. } => Ok(false),
        }
    }

    /// Rejects a target that is not provably the tenant's, other than an API key: of that the
    /// service of keys says that it does not exist.
    pub(super) async fn check_target(
        &self,
        target: &Target,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let Some(tenant) = &self.key_service.tenant_limit else { return Ok(()) };
        if matches!(target, Target::ApiKey { .. }) || self.owns(tenant, target, now).await? {
            return Ok(());
        }
        Err(tenant.reject(REVOKES))
    }
}

/// Returns the blocks whose keys open a rule that the administrator's own credential does not open:
/// one that neither limits tenants nor asks for administrators, and does not take that credential
/// instead.
fn foreign_blocks(policy: &Policy, administrator: &str) -> BTreeSet<String> {
    let mut blocks = BTreeSet::new();
    for rule in policy.rules() {
        let takes_own = match &rule.access {
            Access::Any(named) => named.iter().any(|named| is_of(policy, named, administrator)),
            Access::Public | Access::All(_) => false,
        };
        if rule.limits_tenants() || rule.asks_for_administrators() || takes_own {
            continue;
        }
        for named in rule.access.named() {
            if let CredentialRef::Key(_) = named
                && let Some(block) = policy.name_of(named).strip_prefix("key:")
            {
                blocks.insert(block.to_owned());
            }
        }
    }
    blocks
}

/// Returns whether a principal's credential is of this block.
fn is_of(policy: &Policy, named: &CredentialRef, principal: &str) -> bool {
    principal.strip_prefix(&*policy.name_of(named)).is_some_and(|rest| rest.starts_with(':'))
}

/// Returns the shortest beginning of `last` that sorts after `before`.
fn shortest_between(before: &str, last: &str) -> String {
    for (end, char) in last.char_indices() {
        let start = last.get(..end + char.len_utf8()).unwrap_or(last);
        if start > before {
            return start.to_owned();
        }
    }
    last.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_between_two_ids_and_says_little_about_the_second() {
        for (before, last, between) in [
            ("acme_a1", "acme_b2", "acme_b"),
            ("a", "ab", "ab"),
            ("ä1", "äö", "äö"),
            ("", "x9", "x"),
        ] {
            let found = shortest_between(before, last);
            assert_eq!(found, between);
            assert!(before < &*found && &*found <= last);
        }
    }
}
