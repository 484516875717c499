//! The policy and the store of one administrative command.

use std::path::PathBuf;

use clap::Args;
use edge_auth::Policy;
use edge_auth_control::RevocationLedger;
use edge_auth_control::{KeyService, Revocations};

use crate::error::CommandError;
use crate::native::{LocalSecretProvider, PolicyFile};
use crate::store::{self, AnyStore};

/// The policy, the store, and the author of the change.
#[derive(Debug, Args)]
pub(crate) struct AdminContextArgs {
    /// The policy
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        env = "EDGE_AUTH_POLICY",
        hide_env_values = true
    )]
    policy: Option<PathBuf>,
    /// The store of API keys and revocations, as in `sqlite:keys.db`
    #[arg(
        long,
        value_name = "STORE",
        global = true,
        env = "EDGE_AUTH_STORE",
        hide_env_values = true
    )]
    store: Option<String>,
    /// The author of the change, for the log; not verified [default: the name of this user]
    #[arg(long, value_name = "NAME", global = true, env = "EDGE_AUTH_BY", hide_env_values = true)]
    by: Option<String>,
}

/// A policy with the secrets and files that it names, and an open store.
pub(crate) struct AdminContext {
    pub(crate) policy: Policy,
    pub(crate) secret_provider: LocalSecretProvider,
    store: AnyStore,
    /// `cli:NAME`, for the log.
    by: String,
}

impl AdminContext {
    /// Reads the policy and opens the store. With `creates`, makes a missing store, unless the
    /// policy has a revocation feed. The error for missing arguments also names those in `missing`.
    pub(crate) async fn open(
        args: AdminContextArgs,
        creates: bool,
        mut missing: Vec<&'static str>,
    ) -> Result<Self, CommandError> {
        if args.policy.is_none() {
            missing.push("--policy FILE, or EDGE_AUTH_POLICY");
        }
        if args.store.is_none() {
            missing.push("--store sqlite:PATH, or EDGE_AUTH_STORE");
        }
        let (Some(policy), Some(spec), []) = (args.policy, args.store, missing.as_slice()) else {
            return Err(CommandError::Usage(format!(
                "missing arguments:\n    {}",
                missing.join("\n    ")
            )));
        };
        let file = PolicyFile::at(&policy);
        let policy = file.read()?;
        let store = match creates {
            true => store::open_or_make_named(&spec, &policy).await?.0,
            false => store::open_existing_named(&spec).await?,
        };
        let by = author(args.by);
        Ok(Self { policy, secret_provider: file.secret_provider(), store, by })
    }

    /// Returns the service of API keys; it announces changes in the revocation feed, if there is
    /// one.
    pub(crate) fn key_service(&self) -> Result<KeyService<'_, AnyStore, AnyStore>, CommandError> {
        let key_service = KeyService::new(&self.policy, &self.secret_provider, &self.store)?;
        let secrets = self.policy.revocation_secrets(&self.secret_provider)?;
        let ledger = secrets.map(|secrets| RevocationLedger::new(secrets, &self.store));
        Ok(key_service.publishing(ledger, self.by.clone()))
    }

    /// Returns the service of revocations.
    pub(crate) fn revocations(&self) -> Result<Revocations<'_, AnyStore, AnyStore>, CommandError> {
        let stores = (&self.store, &self.store);
        Ok(Revocations::new(&self.policy, &self.secret_provider, stores, &self.by)?)
    }
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
