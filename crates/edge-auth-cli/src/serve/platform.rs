//! The native host's part of the core's bargain: a store, and a fetcher of key sets.

use std::time::Duration;

use edge_auth::platform::{MaybeSend, Platform};
use edge_auth_native::{HttpKeySource, OptionalStore};

use crate::store::AnyStore;

/// What gates on this machine ask.
#[derive(Clone)]
pub(crate) struct NativePlatform {
    store: Store,
    source: HttpKeySource,
}

/// API keys and revocations.
type Store = OptionalStore<AnyStore>;

impl NativePlatform {
    /// With this store, if there is one.
    pub(crate) fn new(store: Option<AnyStore>, source: HttpKeySource) -> Self {
        Self {
            store: Store::new(store, "no store was given: start with --store sqlite:PATH"),
            source,
        }
    }

    /// For a policy that is only tried: without a store, nothing was ever revoked.
    pub(crate) fn dry_run(self) -> Self {
        Self { store: self.store.dry_run(), ..self }
    }
}

impl NativePlatform {
    /// Whether there is a store.
    pub(crate) fn has_store(&self) -> bool {
        self.store.is_configured()
    }
}

impl Platform for NativePlatform {
    type ApiKeys = Store;
    type KeySource = HttpKeySource;
    type Revocations = Store;

    fn api_keys(&self) -> &Store {
        &self.store
    }

    fn key_source(&self) -> &HttpKeySource {
        &self.source
    }

    fn revocations(&self) -> &Store {
        &self.store
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        edge_auth_native::timed(work).await
    }
}
