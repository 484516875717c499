//! Counts the calls to DynamoDB that a decision makes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use edge_auth::certificate::PlatformCertificate;
use edge_auth::platform::{MaybeSend, Platform};
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Code, Gate, Headers, Policy};
use edge_auth_control::{CreateKeyRequest, KeyService};
use edge_auth_dynamodb::DynamoDbStore;
use edge_auth_testkit::documents::{DocumentSource, Documents};
use edge_auth_testkit::platform::MapSecretProvider;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::wire::Server;
use edge_auth_token::AwsLcRs;

use crate::support::{NOW, at, forwarded, open};

const POLICY: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders"
require = "key:partners"
"#;

struct TestPlatform(DynamoDbStore, DocumentSource);

impl Platform for TestPlatform {
    type ApiKeys = DynamoDbStore;
    type KeySource = DocumentSource;
    type Revocations = DynamoDbStore;

    fn api_keys(&self) -> &DynamoDbStore {
        &self.0
    }

    fn key_source(&self) -> &DocumentSource {
        &self.1
    }

    fn revocations(&self) -> &DynamoDbStore {
        &self.0
    }

    async fn timed<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
    ) -> (W::Output, Duration) {
        let began = Instant::now();
        (work.await, began.elapsed())
    }
}

async fn ask(gate: &Gate<TestPlatform>, key: &str) -> Option<Code> {
    let fields = [("x-api-key", key.as_bytes())];
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target: "/orders",
        headers: Headers(&fields),
        client_ip: None,
        certificate: PlatformCertificate::Nothing,
        path_rewritten: false,
        proxy_trusted: false,
    };
    gate.authorize(&request, NOW).await.code()
}

#[tokio::test]
async fn a_key_costs_one_read_once_and_a_forged_one_none() {
    open("counted").await.unwrap();
    let calls = Arc::<Mutex<Vec<String>>>::default();
    let counted = Arc::clone(&calls);
    let server = Server::start(move |request| {
        let target =
            request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-target"));
        let (_, operation) = target.and_then(|(_, target)| target.rsplit_once('.')).unwrap();
        counted.lock().unwrap().push(operation.to_owned());
        forwarded(&request)
    })
    .unwrap();
    let store = at(&server.url(), "counted");
    let mut secret_provider = MapSecretProvider::default();
    secret_provider
        .secrets
        .insert("PEPPER".to_owned(), "a pepper of at least thirty-two bytes".to_owned());
    let policy = || Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let (admin_policy, randomness) = (policy(), SeededRandomness::new(1));
    let key_service = KeyService::new(&admin_policy, &secret_provider, &store).unwrap();
    let request = CreateKeyRequest {
        block: "partners".to_owned(),
        all_scopes: true,
        never_expires: true,
        ..CreateKeyRequest::default()
    };
    let (_, text) = key_service.create(request, &randomness, NOW).await.unwrap();
    let took = || std::mem::take(&mut *calls.lock().unwrap());
    assert_eq!(took(), ["PutItem"]);

    let source = DocumentSource { documents: Documents::default(), base: String::new() };
    let host = TestPlatform(store.clone(), source);
    let gate =
        Gate::new(policy(), &secret_provider, Box::new(AwsLcRs), host, &randomness).unwrap().0;
    let forged = "acme_live_0123456789abcdefgh_0123456789012345678901234567890123456789012abcdef";
    assert_eq!(ask(&gate, forged).await.map(Code::name), Some("key_invalid"));
    assert_eq!(took(), [""; 0]);
    assert_eq!(ask(&gate, text.expose()).await, None);
    assert_eq!(took(), ["GetItem"]);
    for _ in 0..5 {
        assert_eq!(ask(&gate, text.expose()).await, None);
    }
    assert_eq!(took(), [""; 0]);
}
