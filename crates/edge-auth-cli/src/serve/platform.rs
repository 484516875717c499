//! The native host's store and fetcher of key sets, for the core.

use std::time::Duration;

use edge_auth::platform::{MaybeSend, Platform};
use edge_auth_native::{HttpKeySource, OptionalStore};

use crate::store::AnyReader;

/// What to do where a policy needs a store and the server has none.
pub(crate) const NO_STORE: &str = "the server has no store: start it with --store sqlite:PATH";

/// The store and the fetcher of the gates in this process.
#[derive(Clone)]
pub(crate) struct NativePlatform {
    store: Store,
    source: HttpKeySource,
}

/// API keys and revocations, which a gate only reads.
type Store = OptionalStore<AnyReader>;

impl NativePlatform {
    /// Makes the platform. Without a store, everything that needs one is unavailable.
    pub(crate) fn new(store: Option<AnyReader>, source: HttpKeySource) -> Self {
        Self { store: Store::new(store, NO_STORE), source }
    }

    /// Makes a platform without a store answer that nothing is revoked, for a policy that is only
    /// tried.
    pub(crate) fn dry_run(self) -> Self {
        Self { store: self.store.dry_run(), ..self }
    }

    /// Returns whether there is a store.
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
