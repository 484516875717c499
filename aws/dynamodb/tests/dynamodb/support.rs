//! One DynamoDB for all tests of this binary, with tables in it, and DynamoDB's answers.

use std::net::Ipv4Addr;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use edge_auth::platform::{ApiKeyRecord, Unavailable};
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::scenario::{Call, Endpoint, SeenRequest};
use edge_auth_testkit::wire::{Response, exchange};
use edge_auth_token::Timestamp;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(4_000_000_000);

/// A deadline that a busy machine keeps.
pub(crate) const PATIENT: Duration = Duration::from_secs(60);

/// A credential, which no message may contain.
pub(crate) const SECRET: &str = "SECRET0SECRET0SECRET";

/// Returns the DynamoDB, which ends with the process.
pub(crate) fn local() -> &'static DynamoDbLocal {
    static LOCAL: OnceLock<DynamoDbLocal> = OnceLock::new();
    LOCAL.get_or_init(|| DynamoDbLocal::start().unwrap())
}

/// Returns a configuration for this endpoint.
pub(crate) fn config(endpoint: &str) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new(
            "AKIATEST",
            SECRET,
            Some(SECRET.to_owned()),
            None,
            "tests",
        ))
        .endpoint_url(endpoint)
        // The SDK rations attempts for each partition: a test must not use up another one's.
        .retry_partition(RetryPartition::new(endpoint.to_owned()))
}

/// Returns a store in the table of this name at an endpoint.
pub(crate) fn at(endpoint: &str, table: &str) -> DynamoDbStore {
    DynamoDbStore::connect(config(endpoint), TableName::parse(table).unwrap(), PATIENT)
}

/// Returns a new store in the table of this name, and makes the table if need be.
pub(crate) async fn open(table: &str) -> Result<DynamoDbStore, Unavailable> {
    let store = at(&local().endpoint(), table);
    store.init().await?;
    Ok(store)
}

/// Passes a request on to DynamoDB, and returns its answer.
pub(crate) fn forwarded(request: &SeenRequest) -> Response {
    let headers = request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host"));
    let call = Call {
        endpoint: Endpoint::Gateway,
        method: request.method.clone(),
        target: request.target.clone().into_bytes(),
        host: local().address().to_string(),
        headers: headers.map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect(),
        body: request.body.clone(),
        authority: None,
        handover: None,
        location: None,
        from: Ipv4Addr::LOCALHOST.into(),
    };
    exchange(local().address(), &call).unwrap()
}

/// Returns an error in DynamoDB's form.
pub(crate) fn refusal(code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message });
    Response { status: 400, body: body.to_string().into_bytes(), ..Response::default() }
}

pub(crate) fn record(id: &str) -> ApiKeyRecord {
    ApiKeyRecord { id: id.to_owned(), document: "{}".to_owned(), version: 1, expires_at: None }
}
