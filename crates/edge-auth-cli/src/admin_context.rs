//! A policy and a store, for one command of an administrator's.

use std::path::PathBuf;

use clap::Args;
use edge_auth::Policy;
use edge_auth::admin::{KeyService, Revocations};
use edge_auth::revocation::RevocationLedger;

use crate::error::CommandError;
use crate::native::{LocalSecretProvider, PolicyFile};
use crate::store::{self, AnyStore};

/// Which policy and which store.
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
    /// Where key records and revocations are kept, as in `sqlite:keys.db`
    #[arg(
        long,
        value_name = "STORE",
        global = true,
        env = "EDGE_AUTH_STORE",
        hide_env_values = true
    )]
    store: Option<String>,
}

/// A policy with what it refers to, and an open store.
pub(crate) struct AdminContext {
    pub(crate) policy: Policy,
    pub(crate) secret_provider: LocalSecretProvider,
    store: AnyStore,
}

impl AdminContext {
    /// Opens the store. A command that may make one does, unless the policy has a revocation feed.
    /// What else the command lacks (`missing`) is told together with a policy or store that is not
    /// named.
    pub(crate) async fn open(
        args: AdminContextArgs,
        creates: bool,
        mut missing: Vec<&'static str>,
    ) -> Result<Self, CommandError> {
        if args.policy.is_none() {
            missing.push("which policy: --policy FILE, or EDGE_AUTH_POLICY");
        }
        if args.store.is_none() {
            missing.push("where keys are kept: --store sqlite:PATH, or EDGE_AUTH_STORE");
        }
        let (Some(policy), Some(spec), []) = (args.policy, args.store, missing.as_slice()) else {
            return Err(CommandError::Usage(format!("say {}", missing.join("\n    and "))));
        };
        let file = PolicyFile::at(&policy);
        let policy = file.read()?;
        let store = match creates {
            true => store::open_or_make_named(&spec, &policy).await?.0,
            false => store::open_existing_named(&spec).await?,
        };
        Ok(Self { policy, secret_provider: file.secret_provider(), store })
    }

    /// The keys; changes are told by the revocation feed, if the policy has one.
    pub(crate) fn key_service(&self) -> Result<KeyService<'_, AnyStore, AnyStore>, CommandError> {
        let key_service = KeyService::new(&self.policy, &self.secret_provider, &self.store)?;
        let secrets = self.policy.revocation_secrets(&self.secret_provider)?;
        let ledger = secrets.map(|secrets| RevocationLedger::new(secrets, &self.store));
        Ok(key_service.publishing(ledger, this_user()))
    }

    /// The revocations.
    pub(crate) fn revocations(&self) -> Result<Revocations<'_, AnyStore, AnyStore>, CommandError> {
        let stores = (&self.store, &self.store);
        Ok(Revocations::new(&self.policy, &self.secret_provider, stores, &this_user())?)
    }
}

/// `cli:NAME` of whoever is logged in, as far as the environment tells: for the log, and no proof.
fn this_user() -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let name = named.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    format!("cli:{}", name.chars().filter(|char| !char.is_control()).take(64).collect::<String>())
}
