//! The function's part of the core's bargain: a DynamoDB table, and a fetcher of key sets.

use std::time::Duration;

use edge_auth::certificate::CertificateSource;
use edge_auth::platform::{MaybeSend, Platform};
use edge_auth::policy::HostCapabilities;
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_native::{HttpKeySource, OptionalStore};

use crate::deadline::{ISSUER_CALL, STORE_CALL};

/// Names the table, as for the command: `dynamodb:TABLE`.
const STORE: &str = "EDGE_AUTH_STORE";
/// The sources by which events hand certificates over.
const CERTIFICATE_SOURCES: [CertificateSource; 3] = [
    CertificateSource::ApiGateway,
    CertificateSource::AlbVerify,
    CertificateSource::AlbPassthrough,
];

/// What the gate asks. Nothing of it makes a call before it is asked.
pub(crate) struct LambdaPlatform {
    store: OptionalStore<DynamoDbStore>,
    source: HttpKeySource,
}

impl LambdaPlatform {
    /// With the table that the environment names.
    pub(crate) fn from_environment() -> Result<Self, String> {
        let named = std::env::var(STORE).ok().filter(|named| !named.is_empty());
        let store = named.map(|named| store(&named)).transpose()?;
        // An issuer that is slower leaves API Gateway no time for an answer.
        let source = HttpKeySource::with_deadline(ISSUER_CALL);
        Ok(Self {
            store: OptionalStore::new(
                store,
                "no store was named: set EDGE_AUTH_STORE=dynamodb:TABLE",
            ),
            source,
        })
    }
}

impl LambdaPlatform {
    /// What this host offers to a policy.
    pub(crate) fn capabilities(&self) -> HostCapabilities<'static> {
        HostCapabilities {
            store: self.store.is_configured(),
            key_copies: false,
            store_help: "say where it is kept with EDGE_AUTH_STORE=dynamodb:TABLE",
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
    let table = named
        .strip_prefix("dynamodb:")
        .ok_or_else(|| format!("{STORE} is not like dynamodb:TABLE"))?;
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
