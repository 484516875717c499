//! Administers keys and revocations for a command: in a store, or at a host over HTTP.
//!
//! Both do the same and return the same: the bodies of `/admin/v1`.

mod answer;
mod credential;
mod host;
mod host_url;
#[cfg(feature = "dynamodb")]
mod iam;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use edge_auth_control::bodies::{IssuedKeyBody, KeyBody, KeyEntry, RevokedKeyBody, WrappedKeyBody};
use edge_auth_control::{
    CreateKeyRequest, ImportKeyRequest, RevocationPage, RevocationRequest, RevocationResponse,
};

pub(crate) use store::StoreAdministration;

use crate::error::CommandError;
use credential::CredentialArgs;
use host::HostAdministration;
use host_url::HostUrl;

/// The most keys that a list reads into memory.
const MAX_KEYS: usize = 5_000_000;

/// Where to administer, and as whom.
#[derive(Debug, Args)]
pub(crate) struct AdministrationArgs {
    /// The policy; not needed for a host
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "EDGE_AUTH_POLICY",
        hide_env_values = true
    )]
    policy: Option<PathBuf>,
    /// The store of API keys and revocations, as in `sqlite:keys.db`, or a host that administers
    /// it, as in `https://control.example.com`
    #[arg(
        long,
        value_name = "STORE",
        global = true,
        env = "EDGE_AUTH_STORE",
        hide_env_values = true
    )]
    store: Option<String>,
    /// The author of the change, for the log; not verified, and not used for a host, which knows
    /// the credential [default: the name of this user]
    #[arg(long, value_name = "NAME", global = true, env = "EDGE_AUTH_BY", hide_env_values = true)]
    by: Option<String>,
    #[command(flatten)]
    credential: CredentialArgs,
}

/// Administers keys and revocations.
pub(crate) enum Administration {
    /// In a store, under a policy.
    Store(Box<StoreAdministration>),
    /// At a host.
    Host(Box<HostAdministration>),
}

/// Calls a method, whichever administration it is.
macro_rules! ask {
    ($any:ident.$method:ident($($argument:expr),*)) => {
        match $any {
            Self::Store(store) => store.$method($($argument),*).await,
            Self::Host(host) => host.$method($($argument),*).await,
        }
    };
}

impl Administration {
    /// Opens the store, or prepares to ask the host. With `creates`, makes a missing store, unless
    /// the policy has a revocation feed. The error for missing arguments also names those in
    /// `missing`.
    pub(crate) async fn open(
        args: AdministrationArgs,
        creates: bool,
        mut missing: Vec<&'static str>,
    ) -> Result<Self, CommandError> {
        let AdministrationArgs { policy, store, by, credential } = args;
        let url = match store.as_deref().and_then(HostUrl::parse) {
            Some(url) => Some(url?),
            None => None,
        };
        if policy.is_none() && url.is_none() {
            missing.push("--policy FILE, or EDGE_AUTH_POLICY");
        }
        if store.is_none() {
            missing.push("--store sqlite:PATH or https://HOST, or EDGE_AUTH_STORE");
        }
        if !missing.is_empty() {
            let missing = missing.join("\n    ");
            return Err(CommandError::Usage(format!("missing arguments:\n    {missing}")));
        }
        match (url, policy, store) {
            (Some(url), ..) => Ok(Self::Host(Box::new(HostAdministration::new(url, credential)?))),
            (None, Some(policy), Some(store)) => {
                credential.refuse_for_a_store()?;
                let opened = StoreAdministration::open(&policy, &store, by, creates).await?;
                Ok(Self::Store(Box::new(opened)))
            }
            (None, ..) => Err(CommandError::Usage("the policy or the store is missing".to_owned())),
        }
    }

    /// Makes a key.
    pub(crate) async fn create_key(
        &self,
        request: CreateKeyRequest,
    ) -> Result<IssuedKeyBody<'static>, CommandError> {
        ask!(self.create_key(request))
    }

    /// Imports a key of another system by its hash.
    pub(crate) async fn import_key(
        &self,
        request: ImportKeyRequest,
    ) -> Result<KeyBody, CommandError> {
        ask!(self.import_key(request))
    }

    /// Returns all keys, or those of one block, in the order of their ids.
    pub(crate) async fn keys(&self, block: Option<&str>) -> Result<Vec<KeyEntry>, CommandError> {
        let (mut all, mut after): (Vec<KeyEntry>, Option<String>) = (Vec::new(), None);
        loop {
            let page = ask!(self.page_of_keys(block, after.as_deref()))?;
            all.extend(page.keys);
            match page.next {
                // Pages go on in the order of the ids, so they end.
                Some(next) if after.as_ref() < Some(&next) && all.len() < MAX_KEYS => {
                    after = Some(next);
                }
                Some(_) => {
                    let message = "the pages of keys do not end: read those of one block";
                    return Err(CommandError::host(message));
                }
                None => return Ok(all),
            }
        }
    }

    /// Returns one key.
    pub(crate) async fn show_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        ask!(self.show_key(id))
    }

    /// Gives a key a new secret. The old one stays good for `overlap`.
    pub(crate) async fn rotate_key(
        &self,
        id: &str,
        overlap: Duration,
    ) -> Result<IssuedKeyBody<'static>, CommandError> {
        ask!(self.rotate_key(id, overlap))
    }

    /// Disables a key until it is enabled again.
    pub(crate) async fn disable_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        ask!(self.disable_key(id))
    }

    /// Enables a disabled key.
    pub(crate) async fn enable_key(&self, id: &str) -> Result<KeyBody, CommandError> {
        ask!(self.enable_key(id))
    }

    /// Revokes a key for good.
    pub(crate) async fn revoke_key(
        &self,
        id: &str,
        reason: &str,
    ) -> Result<RevokedKeyBody, CommandError> {
        ask!(self.revoke_key(id, reason))
    }

    /// Wraps a key's stored hash under the current pepper.
    pub(crate) async fn wrap_key(&self, id: &str) -> Result<WrappedKeyBody, CommandError> {
        ask!(self.wrap_key(id))
    }

    /// Revokes what is asked for.
    pub(crate) async fn revoke(
        &self,
        request: RevocationRequest,
    ) -> Result<RevocationResponse, CommandError> {
        ask!(self.revoke(request))
    }

    /// Makes a snapshot of the log if one is due. A host does so by itself.
    pub(crate) async fn tidy(&self) -> Result<(), CommandError> {
        match self {
            Self::Store(store) => store.tidy().await,
            Self::Host(_) => Ok(()),
        }
    }

    /// Returns up to `limit` entries of the log, the newest first, beginning before the entry
    /// `before` if it is given.
    pub(crate) async fn revocations(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RevocationPage, CommandError> {
        ask!(self.revocations(before, limit))
    }

    /// Returns one entry of the log.
    pub(crate) async fn show_revocation(
        &self,
        entry: u64,
    ) -> Result<RevocationResponse, CommandError> {
        ask!(self.show_revocation(entry))
    }

    /// Takes back what an entry revokes.
    pub(crate) async fn undo_revocation(
        &self,
        entry: u64,
        reason: &str,
    ) -> Result<RevocationResponse, CommandError> {
        ask!(self.undo_revocation(entry, reason))
    }

    /// Makes a snapshot of the log. Returns how many revocations it holds.
    pub(crate) async fn compact(&self) -> Result<usize, CommandError> {
        ask!(self.compact())
    }
}
