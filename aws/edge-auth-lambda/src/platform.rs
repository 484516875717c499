//! The function's part of the core's bargain: a DynamoDB table, and a fetcher of key sets.

use std::time::Duration;

use edge_auth::Policy;
use edge_auth::platform::{MaybeSend, Platform};
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_host::{HttpKeySource, MaybeStore};

use crate::deadline::{ISSUER_CALL, STORE_CALL};

/// Names the table, as for the command: `dynamodb:TABLE`.
const STORE: &str = "EDGE_AUTH_STORE";

/// What the gate asks. Nothing of it makes a call before it is asked.
pub(crate) struct LambdaPlatform {
    store: MaybeStore<DynamoDbStore>,
    source: HttpKeySource,
}

impl LambdaPlatform {
    /// With the table that the environment names, which a policy with API keys needs.
    pub(crate) fn for_policy(policy: &Policy) -> Result<Self, String> {
        let named = std::env::var(STORE).ok().filter(|named| !named.is_empty());
        let needs = [
            (policy.api_key_blocks().next().is_some(), "API keys: say where they are kept"),
            (policy.has_revocation_feed(), "a revocation feed: say where it is kept"),
        ];
        if let Some((_, what)) = needs.into_iter().find(|(needed, _)| *needed && named.is_none()) {
            return Err(format!("the policy has {what} with {STORE}=dynamodb:TABLE"));
        }
        let store = named.map(|named| store(&named)).transpose()?;
        // An issuer that is slower leaves API Gateway no time for an answer.
        let source = HttpKeySource::with_deadline(ISSUER_CALL);
        Ok(Self {
            store: MaybeStore::new(store, "no store was named: set EDGE_AUTH_STORE=dynamodb:TABLE"),
            source,
        })
    }
}

fn store(named: &str) -> Result<DynamoDbStore, String> {
    let table =
        named.strip_prefix("dynamodb:").ok_or_else(|| format!("{STORE} is not like dynamodb:TABLE"))?;
    let table = TableName::parse(table).map_err(|error| format!("{STORE}: {error}"))?;
    DynamoDbStore::from_environment(table, STORE_CALL).map_err(|error| error.to_string())
}

impl Platform for LambdaPlatform {
    type ApiKeys = MaybeStore<DynamoDbStore>;
    type KeySource = HttpKeySource;
    type Revocations = MaybeStore<DynamoDbStore>;

    fn api_keys(&self) -> &Self::ApiKeys {
        &self.store
    }

    fn key_source(&self) -> &HttpKeySource {
        &self.source
    }

    fn revocations(&self) -> &Self::Revocations {
        &self.store
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(&self, work: W) -> (W::Output, Duration) {
        edge_auth_host::timed(work).await
    }
}
