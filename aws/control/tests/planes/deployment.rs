//! Both functions as the template deploys them: one table, one policy, and each its role.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use edge_auth::policy::{Format, Policy};
use edge_auth::revocation::{Identifier, Target};
use edge_auth_control::store::RevocationLog;
use edge_auth_control::{ChangeMeta, RevocationLedger};
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_native::now;
use edge_auth_testkit::platform::MapSecretProvider;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::{iam, wire::Function};
use edge_auth_token::Timestamp;
use serde_json::{Value, json};

use crate::common::{Deployed, other_program};
use crate::guarded::{Guarded, dynamodb};
use crate::role::Role;

pub(crate) const ARN: &str =
    "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/orders/42";
const SECRET: &str = "SECRET0SECRET0SECRET";
pub(crate) const HMAC: &str = "a secret of at least thirty-two bytes";
const PEPPER: &str = "a pepper of at least thirty-two bytes";
const REVOCATION: &str = "a third secret of thirty-two bytes and more";
/// The variable with the authorizer's program.
const AUTHORIZER: &str = "EDGE_AUTH_AUTHORIZER_FUNCTION";

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://corp.example/"
audience = "api"
keys = { secret = "HMAC" }

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders/{id}"
require = { any = ["key:partners", "jwt:corp"] }

[revocation]
secret = "REVOCATION"
interval = "1s"
bound = "3s"

[admin]
"#;

/// Both functions, running.
pub(crate) struct Deployment {
    pub(crate) authorizer: Function,
    pub(crate) control: Function,
    /// DynamoDB as each function has it.
    pub(crate) for_authorizer: Guarded,
    pub(crate) for_control: Guarded,
    table: TableName,
    _files: Deployed,
}

impl Deployment {
    pub(crate) fn start() -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let name = format!("planes-{}", TABLES.fetch_add(1, Ordering::AcqRel));
        let table = TableName::parse(&name).unwrap();
        block_on(store(&dynamodb().endpoint(), &table).init()).unwrap();
        let hash = edge_auth::bootstrap_secret::bootstrap_hash(&bootstrap());
        let files = Deployed::with(&format!("{POLICY}bootstrap_hash = \"{hash}\"\n"));
        let for_authorizer = Guarded::by(Role::of("Authorizer"), &name);
        let for_control = Guarded::by(Role::of("Control"), &name);
        let start = |mut command: std::process::Command, guarded: &Guarded| {
            command
                .env("EDGE_AUTH_STORE", format!("dynamodb:{name}"))
                .env("AWS_ENDPOINT_URL_DYNAMODB", guarded.endpoint())
                .env("AWS_REGION", "eu-west-1")
                .env("AWS_ACCESS_KEY_ID", "AKIATEST")
                .env("AWS_SECRET_ACCESS_KEY", SECRET)
                .env("HMAC", HMAC)
                .env("PEPPER", PEPPER)
                .env("REVOCATION", REVOCATION);
            Function::start(&mut command).unwrap()
        };
        Self {
            authorizer: start(files.command_of(&other_program(AUTHORIZER)), &for_authorizer),
            control: start(files.command(), &for_control),
            for_authorizer,
            for_control,
            table,
            _files: files,
        }
    }

    /// Sends a request to the control function's URL, and returns status and body.
    pub(crate) fn administer(&self, method: &str, path: &str, body: &Value) -> (u64, Value) {
        let secret = bootstrap();
        let event = json!({
            "version": "2.0", "rawPath": path, "rawQueryString": "",
            "headers": {
                "authorization": "AWS4-HMAC-SHA256 Credential=AKIATEST, Signature=0",
                "x-edge-auth-authorization": format!("Bearer {}", String::from_utf8_lossy(secret.expose())),
                "content-type": "application/json",
            },
            "requestContext": {
                "authorizer": { "iam": { "userArn": "arn:aws:iam::1:user/operator" } },
                "http": { "method": method, "path": path, "sourceIp": "192.0.2.1" },
            },
            "body": body.to_string(), "isBase64Encoded": false,
        });
        let answer = self.control.invoke(event.to_string().into_bytes()).unwrap().unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let body = answer["body"].as_str().unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    /// Makes a key, and returns its id and its text.
    pub(crate) fn create_key(&self) -> (String, String) {
        let asked = json!({ "block": "partners", "all_scopes": true, "expires": "1h" });
        let (status, made) = self.administer("POST", "/admin/v1/keys", &asked);
        assert_eq!(status, 201, "{made}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["key"]["id"]), text(&made["secret"]))
    }

    /// Sends the event of the template's schedule to the control function.
    pub(crate) fn run_schedule(&self) -> Result<Value, Value> {
        let event = json!({
            "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
            "source": "aws.events", "account": "123456789012", "time": "2026-01-01T00:00:00Z",
            "region": "eu-west-1", "resources": ["arn:aws:events:eu-west-1:123456789012:rule/maintenance"],
            "detail": {},
        });
        let done = self.control.invoke(event.to_string().into_bytes()).unwrap();
        done.map(|done| serde_json::from_slice(&done).unwrap())
    }

    /// Returns whether the authorizer lets a credential in.
    pub(crate) fn is_allowed(&self, authorization: &str) -> bool {
        let event =
            json!({ "type": "TOKEN", "methodArn": ARN, "authorizationToken": authorization });
        match self.authorizer.invoke(event.to_string().into_bytes()).unwrap() {
            Ok(answer) => iam::allows(&serde_json::from_slice(&answer).unwrap(), ARN),
            Err(error) => {
                assert_eq!(error["errorMessage"], "Unauthorized", "{error}");
                false
            }
        }
    }

    /// Waits until the authorizer refuses a credential that it accepts now.
    pub(crate) fn wait_until_refused(&self, authorization: &str) {
        for _ in 0..600 {
            if !self.is_allowed(authorization) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("it is still allowed");
    }

    /// Returns the store as code in a function's process could open it.
    pub(crate) fn store_through(&self, guarded: &Guarded) -> DynamoDbStore {
        store(&guarded.endpoint(), &self.table)
    }

    /// Appends a revocation that has expired already, as time would make one.
    pub(crate) fn enter_expired_revocation(&self) {
        let secrets = [("REVOCATION", REVOCATION), ("HMAC", HMAC), ("PEPPER", PEPPER)];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let provider = MapSecretProvider { secrets, ..MapSecretProvider::default() };
        let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
        let secrets = policy.revocation_secrets(&provider).unwrap().unwrap();
        let store = store(&dynamodb().endpoint(), &self.table);
        let target = Target::Token {
            issuer: Identifier::try_from("https://corp.example/".to_owned()).unwrap(),
            id: Identifier::try_from("t1".to_owned()).unwrap(),
        };
        let meta = ChangeMeta { by: "the test", reason: "left in a log", now: now() };
        let ledger = RevocationLedger::new(secrets, &store);
        let until = Some(Timestamp::from_seconds(1));
        block_on(ledger.revoke(target, until, meta)).unwrap();
    }

    /// Returns the number of records in the log.
    pub(crate) fn records(&self) -> usize {
        let store = store(&dynamodb().endpoint(), &self.table);
        block_on(store.newest(None, 1000)).unwrap().len()
    }
}

fn bootstrap() -> edge_auth_token::Secret {
    edge_auth::bootstrap_secret::bootstrap_secret(&SeededRandomness::new(7)).unwrap()
}

fn store(endpoint: &str, table: &TableName) -> DynamoDbStore {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("AKIATEST", SECRET, None, None, "tests"))
        .endpoint_url(endpoint);
    DynamoDbStore::connect(config, table.clone(), Duration::from_secs(60))
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
