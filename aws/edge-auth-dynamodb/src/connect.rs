//! The client: region, credentials, retries.

use std::env::var;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use edge_auth::platform::Unavailable;

use crate::store::{DynamoDbStore, LazyClient};
use crate::table_name::TableName;

/// How often a call is tried in all. Between two tries is a random time, up to this at first, and
/// longer then.
const ATTEMPTS: u32 = 4;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_millis(400);

impl DynamoDbStore {
    /// The store in this table, with what a Lambda function's environment says: `AWS_REGION`,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`; and
    /// `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL` where DynamoDB is elsewhere. It makes no
    /// call.
    ///
    /// # Errors
    /// A variable is missing.
    pub fn from_environment(table: TableName, deadline: Duration) -> Result<Self, Unavailable> {
        let is_set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
        let wanted = |name: &str| {
            is_set(name).ok_or_else(|| {
                Unavailable::new(format!("DynamoDB table {table}: {name} is not set"))
            })
        };
        let credentials = Credentials::new(
            wanted("AWS_ACCESS_KEY_ID")?,
            wanted("AWS_SECRET_ACCESS_KEY")?,
            is_set("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let endpoint = is_set("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| is_set("AWS_ENDPOINT_URL"));
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(wanted("AWS_REGION")?))
            .credentials_provider(credentials);
        config.set_endpoint_url(endpoint);
        Ok(Self::connect(config, table, deadline))
    }

    /// The store in this table. `config` says where it is, and with which credentials; how often a
    /// call is tried is decided here, so that each operation has ended by `deadline`.
    pub fn connect(config: Builder, table: TableName, deadline: Duration) -> Self {
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF);
        // One attempt that hangs leaves time for another one.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(deadline / 4)
            .operation_attempt_timeout(deadline * 2 / 5)
            .build();
        let config = config.retry_config(retries).timeout_config(timeouts);
        let client = LazyClient::new(Box::new(move || Client::from_conf(config.build())));
        Self { client: Arc::new(client), table, deadline }
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

    /// The store in this table.
    pub fn store(&self, table: TableName, deadline: Duration) -> DynamoDbStore {
        DynamoDbStore::connect(Builder::from(&self.0), table, deadline)
    }
}
