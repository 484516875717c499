//! Secrets for one run.

use std::collections::BTreeMap;
use std::path::Path;

use edge_auth::SecretProvider;
use edge_auth::platform::Randomness;
use edge_auth_token::Secret;

use crate::native::SystemRandomness;

/// Provides the secrets that were set, or made for the run.
#[derive(Default)]
pub(crate) struct SandboxSecrets {
    secrets: BTreeMap<String, Secret>,
    client_ca: Option<String>,
}

impl SandboxSecrets {
    /// Makes a secret for each of the names.
    pub(crate) fn made_for<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut secrets = BTreeMap::new();
        for name in names {
            let mut bytes = [0; 32];
            SystemRandomness.fill(&mut bytes).map_err(|error| error.to_string())?;
            secrets.insert(name.to_owned(), Secret::new(bytes));
        }
        Ok(Self { secrets, client_ca: None })
    }

    /// Sets one secret.
    pub(crate) fn set(&mut self, name: &str, secret: Secret) {
        self.secrets.insert(name.to_owned(), secret);
    }

    /// Sets the authority of all client certificates, as PEM.
    pub(crate) fn set_client_ca(&mut self, pem: String) {
        self.client_ca = Some(pem);
    }
}

impl SecretProvider for SandboxSecrets {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        self.secrets.get(name).cloned().ok_or_else(|| format!("`{name}` was not made for this run"))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("{} is not read in this run", path.display()))
    }

    fn client_ca(&self) -> Option<Result<Vec<u8>, String>> {
        self.client_ca.as_ref().map(|pem| Ok(pem.clone().into_bytes()))
    }
}
