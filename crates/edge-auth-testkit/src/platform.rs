//! A whole host in memory: records, documents, secrets and files.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use edge_auth::SecretProvider;
use edge_auth::platform::{MaybeSend, Platform};
use edge_auth_control::ControlStore;
use edge_auth_token::Secret;

use crate::delays::Stopwatch;
use crate::documents::{DocumentSource, Documents};
use crate::memory::MemoryApiKeys;
use crate::revocations::MemoryRevocations;

/// A platform in memory. Each part counts its operations.
#[derive(Debug, Clone)]
pub struct MemoryPlatform {
    /// The API-key records.
    pub api_keys: MemoryApiKeys,
    /// The issuers' documents.
    pub key_source: DocumentSource,
    /// The revocation feed.
    pub revocations: MemoryRevocations,
    /// The clock that measures durations.
    pub stopwatch: Stopwatch,
}

impl MemoryPlatform {
    /// Creates a platform without records. `documents` are served under `base`.
    pub fn new(documents: Documents, base: impl Into<String>) -> Self {
        let key_source = DocumentSource { documents, base: base.into() };
        Self {
            api_keys: MemoryApiKeys::new(),
            key_source,
            revocations: MemoryRevocations::new(),
            stopwatch: Stopwatch::default(),
        }
    }
}

impl Platform for MemoryPlatform {
    type ApiKeys = MemoryApiKeys;
    type KeySource = DocumentSource;
    type Revocations = MemoryRevocations;

    fn api_keys(&self) -> &MemoryApiKeys {
        &self.api_keys
    }

    fn key_source(&self) -> &DocumentSource {
        &self.key_source
    }

    fn revocations(&self) -> &MemoryRevocations {
        &self.revocations
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        let began = self.stopwatch.elapsed();
        let done = work.await;
        (done, self.stopwatch.elapsed().saturating_sub(began))
    }
}

impl ControlStore for MemoryPlatform {
    type ApiKeys = MemoryApiKeys;
    type Revocations = MemoryRevocations;

    fn api_keys(&self) -> &MemoryApiKeys {
        &self.api_keys
    }

    fn revocations(&self) -> &MemoryRevocations {
        &self.revocations
    }
}

/// The secrets and files that a policy names.
#[derive(Debug, Clone, Default)]
pub struct MapSecretProvider {
    /// The secrets.
    pub secrets: BTreeMap<String, String>,
    /// The files, by the paths in the policy.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl SecretProvider for MapSecretProvider {
    fn secret(&self, name: &str) -> Result<Secret, String> {
        let secret = self.secrets.get(name).ok_or_else(|| format!("{name}: no such secret"))?;
        Ok(Secret::new(secret.as_bytes()))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        let file = path.to_str().and_then(|path| self.files.get(path));
        file.cloned().ok_or_else(|| format!("{}: no such file", path.display()))
    }
}
