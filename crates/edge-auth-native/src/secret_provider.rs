//! The secrets and files that a policy names: environment variables, and files beside the policy.

use std::path::{Path, PathBuf};

use edge_auth::SecretProvider;
use edge_auth_token::Secret;

use crate::read_bounded;

/// The largest file that a policy may refer to, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Provides environment variables, and files relative to the policy's folder.
#[derive(Debug, Clone)]
pub struct LocalSecretProvider {
    folder: PathBuf,
    client_ca: Option<PathBuf>,
}

impl LocalSecretProvider {
    /// Provides for a policy in this folder.
    pub fn beside(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), client_ca: None }
    }

    /// Adds the authorities of a listener that asks clients for certificates.
    pub fn with_client_ca(self, path: Option<&Path>) -> Self {
        Self { client_ca: path.map(Path::to_owned), ..self }
    }
}

impl SecretProvider for LocalSecretProvider {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(Secret::new(value)),
            Ok(_) => Err(format!("the environment variable `{name}` is empty")),
            Err(std::env::VarError::NotPresent) => Err(format!(
                "the environment variable `{name}` is not set; a new secret comes from `openssl rand -base64 32`"
            )),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!(
                "the environment variable `{name}` is not UTF-8 text; write its bytes in base64"
            )),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        read_bounded(&self.folder.join(path), MAX_FILE_BYTES)
    }

    fn file_path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    fn client_ca(&self) -> Option<Result<Vec<u8>, String>> {
        // The command line names it, so it is not relative to the policy.
        self.client_ca.as_deref().map(|path| read_bounded(path, MAX_FILE_BYTES))
    }
}
