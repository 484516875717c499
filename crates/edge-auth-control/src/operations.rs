//! Carries out the actions of `/admin/v1`: from the body of a request to the reply.

pub mod bodies;
#[cfg(test)]
mod openapi_tests;

use std::time::Duration;

use edge_auth_token::Timestamp;
use serde::de::DeserializeOwned;

use self::bodies::{
    CompactionBody, IssuedKeyBody, KeyBody, KeyEntry, KeysBody, ReasonBody, RevokedKeyBody,
    RotationBody, UntrustedRecord, WrappedKeyBody,
};
use super::action::Action;
use super::query::{KeysQuery, RevocationsQuery, entry_number};
use super::tenant_limit::TenantLimit;
use super::{
    AdminError, ImportKeyRequest, KeyResponse, KeyService, ListedKey, Page, RevocationResponse,
    Revocations,
};
use crate::ledger::RevocationLedger;
use crate::store::{ApiKeyAdmin, RevocationLog};
use edge_auth::Reply;
use edge_auth::api_key::{ApiKey, ApiKeyProfile, PlaintextKey};
use edge_auth::platform::Randomness;
use edge_auth::policy::Policy;
use edge_auth::revocation::{Entry, Event, RevocationSecrets, Target};

/// The OpenAPI 3.1 description of `/admin/v1`.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The services and arguments for one request of one administrator.
pub(super) struct Operations<'a, S, L> {
    pub policy: &'a Policy,
    pub profiles: &'a [ApiKeyProfile],
    pub revocation_secrets: Option<&'a RevocationSecrets>,
    pub store: &'a S,
    pub log: &'a L,
    /// The administrator, for the revocation log.
    pub by: String,
    /// Its limit, if it belongs to a tenant.
    pub tenant_limit: Option<TenantLimit>,
    pub randomness: &'a dyn Randomness,
    pub now: Timestamp,
}

/// An action that was carried out.
pub(super) struct Performed {
    pub reply: Reply,
    /// The id of the key that was written.
    pub key: Option<String>,
    /// The number of the revocation that was entered.
    pub revocation: Option<u64>,
    /// The reason that the administrator gave.
    pub reason: Option<String>,
    /// What the operator should know besides.
    pub notice: Option<String>,
}

impl<S: ApiKeyAdmin, L: RevocationLog> Operations<'_, S, L> {
    pub(super) async fn perform(
        &self,
        action: &Action<'_>,
        query: &str,
        body: &[u8],
    ) -> Result<Performed, AdminError> {
        let (randomness, now) = (self.randomness, self.now);
        match action {
            Action::Describe => Ok(Performed::read(describe())),
            Action::List => {
                let KeysQuery { block, after, limit } = KeysQuery::parse(query)?;
                let keys = self.keys();
                let page = keys.list(block.as_deref(), after.as_deref(), limit, now).await?;
                Ok(Performed::read(Reply::json(200, &KeysBody::new(page, now))))
            }
            Action::Show(id) => {
                let key = self.keys().show(id, now).await?;
                let body = KeyBody { key: KeyResponse::new(&key, now) };
                Ok(Performed::read(Reply::json(200, &body)))
            }
            Action::Create => {
                let (key, text) = self.keys().create(read(body)?, randomness, now).await?;
                Ok(Performed::on_key(201, &key, Some(&text), now))
            }
            Action::Import => {
                let ImportKeyRequest { hash, request } = read(body)?;
                let key = self.keys().import(request, &hash, now).await?;
                Ok(Performed::on_key(201, &key, None, now))
            }
            Action::Rotate(id) => {
                let RotationBody { overlap } = read(body)?;
                let overlap = duration(&overlap)?;
                let (key, text) = self.keys().rotate(id, overlap, randomness, now).await?;
                Ok(Performed::on_key(200, &key, Some(&text), now))
            }
            Action::Disable(id) => {
                let key = self.keys().disable(id, now).await?;
                Ok(Performed::on_key(200, &key, None, now))
            }
            Action::Enable(id) => {
                let key = self.keys().enable(id, now).await?;
                Ok(Performed::on_key(200, &key, None, now))
            }
            Action::Revoke(id) => {
                let ReasonBody { reason } = read(body)?;
                let (key, entry) = self.keys().revoke_by_entry(id, &reason, now).await?;
                let mut performed = Performed::on_key(200, &key, None, now);
                let bound = self.policy.revocation_limits().bound;
                performed.reply = Reply::json(200, &RevokedKeyBody::new(&key, bound, now));
                performed.revocation = entry.map(|entry| entry.sequence);
                performed.reason = Some(audit_reason(&reason));
                Ok(performed)
            }
            Action::Rewrap(id) => {
                let (key, wrapped) = self.keys().rewrap(id, now).await?;
                let body = WrappedKeyBody { key: KeyResponse::new(&key, now), wrapped };
                let reply = Reply::json(200, &body);
                let key = wrapped.then(|| key.id().to_owned());
                Ok(Performed { key, ..Performed::read(reply) })
            }
            Action::ListRevocations => {
                let RevocationsQuery { before, limit } = RevocationsQuery::parse(query)?;
                let page = self.revocations()?.list(before, limit, now).await?;
                Ok(Performed::read(Reply::json(200, &page)))
            }
            Action::ShowRevocation(id) => {
                let entry = self.revocations()?.show(entry_number(id)?, now).await?;
                Ok(Performed::read(Reply::json(200, &RevocationResponse::new(&entry))))
            }
            Action::CreateRevocation => {
                let revocations = self.revocations()?;
                let (entry, response) = revocations.create_with_notice(read(body)?, now).await?;
                let mut performed = Performed::on_entry(201, &entry);
                performed.reply = Reply::json(201, &response);
                // The revocation is made, even if no snapshot is.
                if let Err(error) = revocations.tidy(randomness, now).await {
                    performed.notice = Some(format!("revocations: no snapshot was made: {error}"));
                }
                Ok(performed)
            }
            Action::UndoRevocation(id) => {
                let ReasonBody { reason } = read(body)?;
                let number = entry_number(id)?;
                let (entry, response) =
                    self.revocations()?.undo_with_notice(number, &reason, now).await?;
                let mut performed = Performed::on_entry(201, &entry);
                performed.reply = Reply::json(201, &response);
                Ok(performed)
            }
            Action::CompactRevocations => {
                let held = self.revocations()?.compact(randomness, now).await?;
                Ok(Performed::read(Reply::json(200, &CompactionBody { held })))
            }
        }
    }

    /// The keys, whose changes the revocation feed announces if there is one.
    fn keys(&self) -> KeyService<'_, S, L> {
        let ledger =
            self.revocation_secrets.map(|secrets| RevocationLedger::new(secrets.clone(), self.log));
        self.key_service().publishing(ledger, &self.by)
    }

    fn revocations(&self) -> Result<Revocations<'_, S, L>, AdminError> {
        let (secrets, keys) = (self.revocation_secrets.cloned(), self.key_service());
        Revocations::of(self.policy, secrets, keys, self.log, &self.by)
    }

    fn key_service(&self) -> KeyService<'_, S> {
        let keys = KeyService::of_blocks(self.profiles.to_vec(), self.store);
        keys.limited_to(self.tenant_limit.clone())
    }
}

impl Performed {
    fn read(reply: Reply) -> Self {
        Self { reply, key: None, revocation: None, reason: None, notice: None }
    }

    fn on_key(status: u16, key: &ApiKey, text: Option<&PlaintextKey>, now: Timestamp) -> Self {
        let response = KeyResponse::new(key, now);
        let reply = match text {
            Some(text) => {
                Reply::json(status, &IssuedKeyBody { key: response, secret: text.expose().into() })
            }
            None => Reply::json(status, &KeyBody { key: response }),
        };
        Self { key: Some(key.id().to_owned()), ..Self::read(reply) }
    }

    fn on_entry(status: u16, entry: &Entry) -> Self {
        let key = match &entry.event {
            Event::Revoked(Target::ApiKey { id }) => Some(id.to_string()),
            Event::Revoked(_)
            | Event::Undone(_)
            | Event::KeyChanged(_)
            | Event::KeyWritten { .. }
            | Event::ListImported(_) => None,
        };
        Self {
            key,
            revocation: Some(entry.sequence),
            reason: Some(audit_reason(&entry.reason)),
            ..Self::read(Reply::json(status, &RevocationResponse::new(entry)))
        }
    }
}

impl KeysBody {
    /// Makes the answer of a page as it is at `now`.
    pub fn new(page: Page, now: Timestamp) -> Self {
        let mut keys = Vec::with_capacity(page.keys.len());
        for listed in page.keys {
            keys.push(match listed {
                ListedKey::Key(key) => KeyEntry::Key(Box::new(KeyResponse::new(&key, now))),
                ListedKey::Untrusted { id, reason } => {
                    KeyEntry::Untrusted(UntrustedRecord { id, untrusted: reason })
                }
            });
        }
        Self { keys, next: page.next }
    }
}

fn describe() -> Reply {
    let mut reply = Reply::empty(200);
    reply.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    reply.body = OPENAPI.as_bytes().to_vec();
    reply
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, AdminError> {
    edge_auth::json::object(body)
        .map_err(|error| AdminError::Invalid(format!("the body is not as described: {error}")))
}

fn duration(text: &str) -> Result<Duration, AdminError> {
    humantime::parse_duration(text).map_err(|_| {
        AdminError::Invalid(format!(
            "overlap: `{}` is not a duration like 24h",
            text.escape_debug()
        ))
    })
}

/// Makes a reason fit for the audit log.
fn audit_reason(reason: &str) -> String {
    edge_auth::audit::excerpt(reason, 256)
}

#[cfg(test)]
mod tests;
