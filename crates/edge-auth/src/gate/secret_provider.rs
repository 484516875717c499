//! Access to the secrets and files of a host that a policy names.

use std::path::{Path, PathBuf};

use edge_auth_token::Secret;

/// Provides the secrets and files that a policy names. An error says what to do, and holds no
/// secret.
pub trait SecretProvider {
    /// Returns the secret of this name: an environment variable, a Worker's secret.
    fn secret(&self, name: &str) -> Result<Secret, String>;

    /// Returns the content of this file, whose path is relative to the policy.
    fn file(&self, path: &Path) -> Result<Vec<u8>, String>;

    /// Returns where this file is, for a host that reads it later and more than once. The path is
    /// relative to the policy.
    fn file_path(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    /// Returns the authorities of the host's own TLS listener, as PEM; `None` if the host has no
    /// such listener, or the listener asks no client for a certificate.
    fn client_ca(&self) -> Option<Result<Vec<u8>, String>> {
        None
    }
}
