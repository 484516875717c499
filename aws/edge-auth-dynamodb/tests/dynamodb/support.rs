//! One DynamoDB for all tests of this binary, and tables in it.

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use edge_auth::platform::Unavailable;
use edge_auth_dynamodb::{DynamoDbStore, TableName, init};
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;

/// A test is not about time, and machines are busy.
const PATIENT: Duration = Duration::from_secs(60);

/// It ends with the process.
pub(crate) fn local() -> &'static DynamoDbLocal {
    static LOCAL: OnceLock<DynamoDbLocal> = OnceLock::new();
    LOCAL.get_or_init(|| DynamoDbLocal::start().unwrap())
}

/// A client of whatever listens there.
pub(crate) fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("AKIATEST", "not a secret", None, None, "tests"))
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

/// A handle of its own on the table of this name, which is made if there is none.
pub(crate) async fn open(name: &str) -> Result<DynamoDbStore, Unavailable> {
    let (client, table) = (client(&local().endpoint()), TableName::parse(name).unwrap());
    init(&client, &table).await?;
    Ok(DynamoDbStore::new(client, table, PATIENT))
}
