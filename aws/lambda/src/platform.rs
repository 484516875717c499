//! The gate's [`Platform`]: a DynamoDB table that it can only read, and a source of key sets.

use std::time::Duration;

use edge_auth::certificate::CertificateSource;
use edge_auth::platform::{MaybeSend, Platform};
use edge_auth::policy::HostCapabilities;
use edge_auth_dynamodb::{DynamoDbReader, TableName};
use edge_auth_native::{HttpKeySource, OptionalStore};

use crate::deadline::{ISSUER_CALL, STORE_CALL};

/// The variable with the table, in the form `dynamodb:TABLE`.
const STORE: &str = "EDGE_AUTH_STORE";
/// What to do where a policy needs a store and the function has none.
const NO_STORE: &str = "no store is configured: set EDGE_AUTH_STORE=dynamodb:TABLE";
/// The sources of certificates that events have.
const CERTIFICATE_SOURCES: [CertificateSource; 3] = [
    CertificateSource::ApiGateway,
    CertificateSource::AlbVerify,
    CertificateSource::AlbPassthrough,
];

/// The services that a gate asks. They make no call before the gate needs one.
pub struct LambdaPlatform {
    store: OptionalStore<DynamoDbReader>,
    source: HttpKeySource,
}

impl LambdaPlatform {
    /// Makes the platform from the environment.
    ///
    /// # Errors
    /// A variable is missing or malformed.
    pub fn from_environment() -> Result<Self, String> {
        let store = match table()? {
            Some(table) => Some(
                DynamoDbReader::from_environment(table, STORE_CALL)
                    .map_err(|error| error.to_string())?,
            ),
            None => None,
        };
        let source = HttpKeySource::with_deadline(ISSUER_CALL);
        Ok(Self { store: OptionalStore::new(store, NO_STORE), source })
    }

    /// Returns what this host offers to a policy.
    pub fn capabilities(&self) -> HostCapabilities<'static> {
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

/// Returns the table that the environment names.
///
/// # Errors
/// `EDGE_AUTH_STORE` names another kind of store, or no table's name.
pub fn table() -> Result<Option<TableName>, String> {
    let Ok(named) = std::env::var(STORE) else { return Ok(None) };
    if named.is_empty() {
        return Ok(None);
    }
    let Some(table) = named.strip_prefix("dynamodb:") else {
        return Err(format!("{STORE} is not of the form dynamodb:TABLE"));
    };
    TableName::parse(table).map(Some).map_err(|error| format!("{STORE}: {error}"))
}

impl Platform for LambdaPlatform {
    type ApiKeys = OptionalStore<DynamoDbReader>;
    type KeySource = HttpKeySource;
    type Revocations = OptionalStore<DynamoDbReader>;

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
