//! A table with one key, behind a relay to DynamoDB that can fail.

use std::process::Command;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use edge_auth::platform::ApiKeys;
use edge_auth::policy::{Format, Policy};
use edge_auth_control::{CreateKeyRequest, KeyService};
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_native::now;
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::platform::MapSecretProvider;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::wire::{Function, Response, Server};

use crate::common::Deployed;

const PEPPER: &str = "a pepper of at least thirty-two bytes";
const SECRET: &str = "SECRET0SECRET0SECRET";

const POLICY: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders/{id}"
require = "key:partners"
"#;

const THROTTLED: &str = r#"{
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow down"
}"#;

pub(crate) struct Table {
    name: String,
    pub(crate) key: String,
    relay: Server,
    instead: Arc<AtomicU16>,
    asked: Arc<AtomicU16>,
}

/// Returns the DynamoDB, which ends with the process.
fn dynamodb() -> &'static DynamoDbLocal {
    static DYNAMODB: OnceLock<DynamoDbLocal> = OnceLock::new();
    DYNAMODB.get_or_init(|| DynamoDbLocal::start().unwrap())
}

impl Table {
    pub(crate) fn new() -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let name = format!("table-{}", TABLES.fetch_add(1, Ordering::AcqRel));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIATEST", SECRET, None, None, "tests"))
            .endpoint_url(dynamodb().endpoint());
        // The store is not under test here, and machines are busy.
        let store = DynamoDbStore::connect(
            config,
            TableName::parse(&name).unwrap(),
            Duration::from_secs(60),
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let key = runtime.block_on(key(&store));
        let (instead, asked) = (Arc::new(AtomicU16::new(0)), Arc::new(AtomicU16::new(0)));
        let (status_instead, counted) = (Arc::clone(&instead), Arc::clone(&asked));
        let relay = Server::start(move |request| {
            counted.fetch_add(1, Ordering::AcqRel);
            match status_instead.load(Ordering::Acquire) {
                0 => dynamodb().pass_on(request),
                status => {
                    Response { status, headers: Vec::new(), body: THROTTLED.as_bytes().to_vec() }
                }
            }
        });
        Self { name, key, relay: relay.unwrap(), instead, asked }
    }

    /// Starts a function that has read nothing yet.
    pub(crate) fn function(&self) -> (Function, Deployed) {
        let deployed = Deployed::with(POLICY);
        let mut command: Command = deployed.command();
        command.env("EDGE_AUTH_STORE", format!("dynamodb:{}", self.name)).env("PEPPER", PEPPER);
        command.env("AWS_ENDPOINT_URL_DYNAMODB", self.relay.url()).env("AWS_REGION", "eu-west-1");
        command.env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", SECRET);
        (Function::start(&mut command).unwrap(), deployed)
    }

    /// Returns the number of calls since the last time.
    pub(crate) fn asked(&self) -> u16 {
        self.asked.swap(0, Ordering::AcqRel)
    }

    pub(crate) fn answers_instead(&self, status: u16) {
        self.instead.store(status, Ordering::Release);
    }

    pub(crate) fn answers_again(&self) {
        self.instead.store(0, Ordering::Release);
    }

    /// Stops the relay, and returns the key.
    pub(crate) fn close(self) -> String {
        self.key
    }
}

/// Makes the table and a key for all scopes in it.
async fn key(store: &DynamoDbStore) -> String {
    store.init().await.unwrap();
    let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let secrets = [("PEPPER".to_owned(), PEPPER.to_owned())].into();
    let resources = MapSecretProvider { secrets, ..MapSecretProvider::default() };
    let key_service = KeyService::new(&policy, &resources, store).unwrap();
    let request = CreateKeyRequest {
        block: "partners".to_owned(),
        all_scopes: true,
        never_expires: true,
        ..CreateKeyRequest::default()
    };
    let (made, text) = key_service.create(request, &SeededRandomness::new(7), now()).await.unwrap();
    assert!(store.find(made.id(), now()).await.unwrap().is_some());
    text.expose().to_owned()
}
