//! The function's [`Platform`]: a DynamoDB table, and a source of key sets.

use std::time::Duration;

use edge_auth::certificate::CertificateSource;
use edge_auth::platform::{MaybeSend, Platform};
use edge_auth::policy::HostCapabilities;
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_native::{HttpKeySource, OptionalStore};

use crate::deadline::{ISSUER_CALL, STORE_CALL};

/// The variable with the table, in the form `dynamodb:TABLE`.
const STORE: &str = "EDGE_AUTH_STORE";
/// What to do where a policy needs a store and the function has none.
pub(crate) const NO_STORE: &str = "no store is configured: set EDGE_AUTH_STORE=dynamodb:TABLE";
/// The sources of certificates that events have.
const CERTIFICATE_SOURCES: [CertificateSource; 3] = [
    CertificateSource::ApiGateway,
    CertificateSource::AlbVerify,
    CertificateSource::AlbPassthrough,
];

/// The services that the gate asks. They make no call before the gate needs one.
pub(crate) struct LambdaPlatform {
    store: OptionalStore<DynamoDbStore>,
    source: HttpKeySource,
}

impl LambdaPlatform {
    /// Makes the platform from the environment.
    pub(crate) fn from_environment() -> Result<Self, String> {
        let store = match std::env::var(STORE) {
            Ok(named) if !named.is_empty() => Some(store(&named)?),
            Ok(_) | Err(_) => None,
        };
        let source = HttpKeySource::with_deadline(ISSUER_CALL);
        Ok(Self { store: OptionalStore::new(store, NO_STORE), source })
    }
}

impl LambdaPlatform {
    /// Returns the store that the control plane writes, if there is one.
    pub(crate) fn store(&self) -> Option<&DynamoDbStore> {
        self.store.get()
    }

    /// Returns what this host offers to a policy.
    pub(crate) fn capabilities(&self) -> HostCapabilities<'static> {
        HostCapabilities {
            store: self.store.is_configured(),
            key_copies: false,
            store_help: "set EDGE_AUTH_STORE=dynamodb:TABLE",
            fetch_files: true,
            gateway: false,
            raw_path: true,
            own_certificate_sources: &CERTIFICATE_SOURCES,
            knows_location: false,
            listener_asks_for_certificates: false,
        }
    }
}

fn store(named: &str) -> Result<DynamoDbStore, String> {
    let Some(table) = named.strip_prefix("dynamodb:") else {
        return Err(format!("{STORE} is not of the form dynamodb:TABLE"));
    };
    let table = TableName::parse(table).map_err(|error| format!("{STORE}: {error}"))?;
    DynamoDbStore::from_environment(table, STORE_CALL).map_err(|error| error.to_string())
}

impl Platform for LambdaPlatform {
    type ApiKeys = OptionalStore<DynamoDbStore>;
    type KeySource = HttpKeySource;
    type Revocations = OptionalStore<DynamoDbStore>;

    fn api_keys(&self) -> &Self::ApiKeys {
        &self.store
    }

    fn key_source(&self) -> &HttpKeySource {
        &self.source
    }

    fn revocations(&self) -> &Self::Revocations {
        &self.store
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        edge_auth_native::timed(work).await
    }
}
