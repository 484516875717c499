//! Makes the client: region, credentials, retries.

use std::env::var;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use edge_auth::platform::Unavailable;

#[cfg(feature = "profiles")]
use crate::control::DynamoDbStore;
use crate::head::HEADS;
use crate::reader::{DynamoDbReader, LazyClient};
use crate::table_name::TableName;

/// The most attempts of one call.
const ATTEMPTS: u32 = 4;
/// The longest pause before the second attempt. Pauses are random, and grow.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
/// The longest pause before any attempt.
const LONGEST_BACKOFF: Duration = Duration::from_millis(400);

impl DynamoDbReader {
    /// Makes the reader from the environment of a Lambda function: `AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, and
    /// `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL` for another endpoint. It makes no call.
    ///
    /// # Errors
    /// A variable is missing.
    pub fn from_environment(table: TableName, deadline: Duration) -> Result<Self, Unavailable> {
        let credentials = Credentials::new(
            required(&table, "AWS_ACCESS_KEY_ID")?,
            required(&table, "AWS_SECRET_ACCESS_KEY")?,
            optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let endpoint =
            optional("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| optional("AWS_ENDPOINT_URL"));
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(required(&table, "AWS_REGION")?))
            .credentials_provider(credentials);
        config.set_endpoint_url(endpoint);
        Ok(Self::connect(config, table, deadline))
    }

    /// Makes the reader of this table. `config` has the endpoint and the credentials; timeouts and
    /// retries are set here, so that each operation ends within `deadline`.
    pub fn connect(config: Builder, table: TableName, deadline: Duration) -> Self {
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF);
        // An attempt that hangs leaves time for another one.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(deadline / 4)
            .operation_attempt_timeout(deadline * 2 / 5)
            .build();
        let config = config.retry_config(retries).timeout_config(timeouts);
        let client = LazyClient::new(Box::new(move || Client::from_conf(config.build())));
        Self { client: Arc::new(client), table, deadline, head: any_head() }
    }
}

/// Returns a copy of the log's head, any of them with the same probability.
fn any_head() -> u32 {
    // The keys of a hasher are random.
    let random = RandomState::new().build_hasher().finish();
    u32::try_from(random % u64::from(HEADS)).unwrap_or_default()
}

/// Returns an environment variable, unless it is empty.
fn optional(name: &str) -> Option<String> {
    var(name).ok().filter(|value| !value.is_empty())
}

fn required(table: &TableName, name: &str) -> Result<String, Unavailable> {
    match optional(name) {
        Some(value) => Ok(value),
        None => Err(Unavailable::new(format!("DynamoDB table {table}: {name} is not set"))),
    }
}

/// Region and credentials as the AWS command line finds them: environment, profiles, SSO, roles,
/// containers, instances.
#[cfg(feature = "profiles")]
#[derive(Debug)]
pub struct Profile(aws_config::SdkConfig);

#[cfg(feature = "profiles")]
impl Profile {
    /// Reads the environment and the files of the AWS command line. Credentials are fetched with
    /// the first call.
    pub async fn load() -> Self {
        Self(aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await)
    }

    /// Makes the store in this table.
    pub fn store(&self, table: TableName, deadline: Duration) -> DynamoDbStore {
        DynamoDbStore::connect(Builder::from(&self.0), table, deadline)
    }
}
