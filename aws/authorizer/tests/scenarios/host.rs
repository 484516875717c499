//! Both functions as one host of scenarios: requests for administration go to control.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use edge_auth_dynamodb::{DynamoDbStore, TableName};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::scenario::{
    Call, Capability, HostEvent, ObservedResponse, ScenarioHost, Setup, Started, seed,
};
use edge_auth_testkit::wire::{Function, Server};
use edge_auth_token::Timestamp;
use serde_json::Value;

use crate::as_events;
use crate::common::{Deployed, other_program};

const SECRET: &str = "SECRET0SECRET0SECRET";
/// The variable with the control function's program.
const CONTROL: &str = "EDGE_AUTH_CONTROL_FUNCTION";

/// Starts the authorizer for each scenario, with a new table.
pub(crate) struct LambdaHost {
    documents: Documents,
    issuers: Server,
    tables: DynamoDbLocal,
    runtime: tokio::runtime::Runtime,
    started: u32,
    running: Option<Running>,
}

/// The functions of one scenario.
struct Running {
    authorizer: Function,
    /// Started with the first request for administration.
    control: Option<Function>,
    /// Whether control may have changed something since the authorizer started.
    is_outdated: bool,
    deployed: Deployed,
    environment: BTreeMap<String, String>,
}

impl Running {
    /// Returns the function that a call is for. What control changes, a running authorizer knows
    /// within the feed's interval, and a new one at once: scenarios do not wait.
    fn function(&mut self, call: &Call) -> Result<&mut Function, String> {
        if call.endpoint != Endpoint::Admin {
            if std::mem::take(&mut self.is_outdated) {
                let mut command = self.deployed.command();
                self.authorizer = Function::start(command.envs(&self.environment))?;
            }
            return Ok(&mut self.authorizer);
        }
        self.is_outdated |= call.method != "GET";
        if self.control.is_none() {
            let mut command = self.deployed.command_of(&other_program(CONTROL));
            self.control = Some(Function::start(command.envs(&self.environment))?);
        }
        self.control.as_mut().ok_or_else(|| "control does not run".to_owned())
    }
}

impl LambdaHost {
    pub(crate) fn new() -> std::io::Result<Self> {
        let documents = Documents::default();
        let issuers = Server::of_documents(documents.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let tables = DynamoDbLocal::start()?;
        Ok(Self { documents, issuers, tables, runtime, started: 0, running: None })
    }

    /// Makes a table with the setup's keys.
    fn table(&mut self, setup: &Setup<'_>, started: &mut Started) -> Result<String, String> {
        self.started += 1;
        let name = format!("scenario-{}", self.started);
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIATEST", SECRET, None, None, "tests"))
            .endpoint_url(self.tables.endpoint());
        let patient = std::time::Duration::from_secs(60);
        let table = TableName::parse(&name).map_err(|error| error.to_string())?;
        let store = DynamoDbStore::connect(config, table, patient);
        self.runtime.block_on(async {
            store.init().await.map_err(|error| error.to_string())?;
            started.seeded = seed(setup, &store).await?;
            Ok(name)
        })
    }
}

impl ScenarioHost for LambdaHost {
    fn issuers_url(&self) -> String {
        self.issuers.url()
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_seconds(since.as_secs())
    }

    fn offers(&self, need: Capability) -> bool {
        matches!(need, Capability::Peer | Capability::ApiGateway | Capability::Fragment)
    }

    fn gateway_substitute(&self) -> Option<Endpoint> {
        Some(Endpoint::Authorizer)
    }

    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String> {
        self.running = None;
        self.documents.clear();
        for (path, document) in &setup.documents {
            self.documents.publish(path, document.clone());
        }
        let deployed = Deployed::with(&setup.policy);
        for (name, bytes) in &setup.secret_provider.files {
            let path = deployed.path(name);
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::write(path, bytes)).map_err(|error| error.to_string())?;
        }
        let mut environment: BTreeMap<String, String> =
            setup.secret_provider.secrets.clone().into_iter().collect();
        let mut started = Started::default();
        if ["[[api_key]]", "[revocation]", "[admin]"].iter().any(|part| setup.policy.contains(part))
        {
            let table = self.table(setup, &mut started);
            // A policy with mistakes seeds nothing. The scenario expects that the start fails.
            let table = table.as_deref().unwrap_or("none-there");
            environment.extend(
                [
                    ("EDGE_AUTH_STORE", format!("dynamodb:{table}")),
                    ("AWS_ENDPOINT_URL_DYNAMODB", self.tables.endpoint()),
                    ("AWS_REGION", "eu-west-1".to_owned()),
                    ("AWS_ACCESS_KEY_ID", "AKIATEST".to_owned()),
                    ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
                ]
                .map(|(name, value)| (name.to_owned(), value)),
            );
        }
        let mut authorizer = Function::start(deployed.command().envs(&environment))?;
        started.notices = authorizer.said().to_vec();
        self.running =
            Some(Running { authorizer, control: None, is_outdated: false, deployed, environment });
        Ok(started)
    }

    fn happen(&mut self, event: HostEvent) -> Result<(), String> {
        match event {
            HostEvent::Publishes(path, document) => {
                self.documents.publish(path, document);
                Ok(())
            }
            other => Err(format!("this cannot be made to happen to a function: {other:?}")),
        }
    }

    fn call(&mut self, call: &Call) -> Result<ObservedResponse, String> {
        let function = self.running.as_mut().ok_or("nothing runs")?.function(call)?;
        function.forget_audit();
        let fetches = self.documents.fetches();
        let invoked = function.invoke(as_events::of(call)?.to_string().into_bytes())?;
        let mut answer = match invoked {
            Ok(bytes) => {
                let json: Value =
                    serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
                match call.endpoint {
                    Endpoint::Authorizer => as_events::decided(call, &json),
                    _ => as_events::replied(&json),
                }
            }
            Err(error) => as_events::raised(&error)?,
        };
        answer.audit = function.audit();
        answer.fetches = Some(self.documents.fetches() - fetches);
        Ok(answer)
    }
}
