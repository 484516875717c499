//! Administers in a store, under a policy.

use std::path::Path;
use std::time::Duration;

use edge_auth::Policy;
use edge_auth::api_key::{ApiKey, PlaintextKey};
use edge_auth_control::RevocationLedger;
use edge_auth_control::bodies::{IssuedKeyBody, KeyBody, KeysBody, RevokedKeyBody, WrappedKeyBody};
use edge_auth_control::{
    CreateKeyRequest, ImportKeyRequest, KeyResponse, KeyService, RevocationPage, RevocationRequest,
    RevocationResponse, Revocations,
};
use edge_auth_token::Timestamp;

use crate::error::CommandError;
use crate::native::{LocalSecretProvider, PolicyFile, SystemRandomness, now};
use crate::store::{self, AnyStore};

/// The number of records in one read.
const PAGE: usize = 200;

/// A policy with the secrets and files that it names, and an open store.
pub(crate) struct StoreAdministration {
    pub(crate) policy: Policy,
    pub(crate) secret_provider: LocalSecretProvider,
    store: AnyStore,
    /// `cli:NAME`, for the log.
    by: String,
}

impl StoreAdministration {
    /// Reads the policy and opens the store. With `creates`, makes a missing store, unless the
    /// policy has a revocation feed.
    pub(super) async fn open(
        policy: &Path,
        store: &str,
        by: Option<String>,
        creates: bool,
    ) -> Result<Self, CommandError> {
        let file = PolicyFile::at(policy);
        let policy = file.read()?;
        let store = match creates {
            true => store::open_or_make_named(store, &policy).await?.0,
            false => store::open_existing_named(store).await?,
        };
        Ok(Self { policy, secret_provider: file.secret_provider(), store, by: author(by) })
    }

    /// Returns the service of API keys; it announces changes in the revocation feed, if there is
    /// one.
    fn key_service(&self) -> Result<KeyService<'_, AnyStore, AnyStore>, CommandError> {
        let key_service = KeyService::new(&self.policy, &self.secret_provider, &self.store)?;
        let secrets = self.policy.revocation_secrets(&self.secret_provider)?;
        let ledger = secrets.map(|secrets| RevocationLedger::new(secrets, &self.store));
        Ok(key_service.publishing(ledger, self.by.clone()))
    }

    /// Returns the service of revocations.
    pub(crate) fn revocation_service(
        &self,
    ) -> Result<Revocations<'_, AnyStore, AnyStore>, CommandError> {
        let stores = (&self.store, &self.store);
        Ok(Revocations::new(&self.policy, &self.secret_provider, stores, &self.by)?)
    }

    pub(super) async fn create_key(
        &self,
        request: CreateKeyRequest,
    ) -> Result<IssuedKeyBody<'static>, CommandError> {
        let now = now();
        let (key, text) = self.key_service()?.create(request, &SystemRandomness, now).await?;
        Ok(issued(&key, &text, now))
    }

    pub(super) async fn import_key(
        &self,
        ImportKeyRequest { hash, request }: ImportKeyRequest,
    ) -> Result<KeyBody, CommandError> {
        let now = now();
        Ok(body(&self.key_service()?.import(request, &hash, now).await?, now))
    }

    pub(super) async fn page_of_keys(
        &self,
        block: Option<&str>,
        after: Option<&str>,
    ) -> Result<KeysBody, CommandError> {
        let now = now();
        Ok(KeysBody::new(self.key_service()?.list(block, after, PAGE, now).await?, now))
    }

    pub(super) async fn show_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        let now = now();
        Ok(body(&self.key_service()?.show(id, now).await?, now))
    }

    pub(super) async fn rotate_key(
        &self,
        id: &str,
        overlap: Duration,
    ) -> Result<IssuedKeyBody<'static>, CommandError> {
        let now = now();
        let rotated = self.key_service()?.rotate(id, overlap, &SystemRandomness, now).await?;
        let (key, text) = rotated;
        Ok(issued(&key, &text, now))
    }

    pub(super) async fn disable_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        let now = now();
        Ok(body(&self.key_service()?.disable(id, now).await?, now))
    }

    pub(super) async fn enable_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        let now = now();
        Ok(body(&self.key_service()?.enable(id, now).await?, now))
    }

    pub(super) async fn revoke_key(
        &self,
        id: &str,
        reason: &str,
    ) -> Result<RevokedKeyBody, CommandError> {
        let now = now();
        let key = self.key_service()?.revoke(id, reason, now).await?;
        Ok(RevokedKeyBody::new(&key, self.policy.revocation_limits().bound, now))
    }

    pub(super) async fn wrap_key(&self, id: &str) -> Result<WrappedKeyBody, CommandError> {
        let now = now();
        let (key, wrapped) = self.key_service()?.rewrap(id, now).await?;
        Ok(WrappedKeyBody { key: KeyResponse::new(&key, now), wrapped })
    }

    pub(super) async fn revoke(
        &self,
        request: RevocationRequest,
    ) -> Result<RevocationResponse, CommandError> {
        Ok(self.revocation_service()?.create_with_notice(request, now()).await?.1)
    }

    pub(super) async fn tidy(&self) -> Result<(), CommandError> {
        Ok(self.revocation_service()?.tidy(&SystemRandomness, now()).await?)
    }

    pub(super) async fn revocations(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RevocationPage, CommandError> {
        Ok(self.revocation_service()?.list(before, limit, now()).await?)
    }

    pub(super) async fn show_revocation(
        &self,
        entry: u64,
    ) -> Result<RevocationResponse, CommandError> {
        Ok(RevocationResponse::new(&self.revocation_service()?.show(entry, now()).await?))
    }

    pub(super) async fn undo_revocation(
        &self,
        entry: u64,
        reason: &str,
    ) -> Result<RevocationResponse, CommandError> {
        Ok(self.revocation_service()?.undo_with_notice(entry, reason, now()).await?.1)
    }

    pub(super) async fn compact(&self) -> Result<usize, CommandError> {
        Ok(self.revocation_service()?.compact(&SystemRandomness, now()).await?)
    }
}

fn body(key: &ApiKey, now: Timestamp) -> KeyBody {
    KeyBody { key: KeyResponse::new(key, now) }
}

fn issued(key: &ApiKey, text: &PlaintextKey, now: Timestamp) -> IssuedKeyBody<'static> {
    IssuedKeyBody { key: KeyResponse::new(key, now), secret: text.expose().to_owned().into() }
}

/// Returns `cli:NAME` for the log: the name that was given, or that the environment has for this
/// user, or the number of this user.
fn author(given: Option<String>) -> String {
    for name in [given, std::env::var("USER").ok(), std::env::var("LOGNAME").ok()] {
        let name = name.unwrap_or_default();
        let name: String = name.chars().filter(|char| !char.is_control()).take(64).collect();
        if !name.trim().is_empty() {
            return format!("cli:{name}");
        }
    }
    format!("cli:uid-{}", rustix::process::getuid().as_raw())
}
