//! An exploit drill: code in the gate's process tries to change the ledger through every binding
//! that the gate has. Each attempt is refused and logged, and changes nothing.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, call};
use crate::driver::{Driver, workers_folder};
use crate::keys::{PEPPER, REVOCATION, made, revoking};

const PATIENCE: Duration = Duration::from_secs(10);

/// Code with the gate's bindings. Answers what a request to the ledger brings, or what a call of a
/// method of its bindings throws.
const INTRUDER: &str = r#"
export default {
  async fetch(request: Request, env: any) {
    const { body, method, url = "https://ledger/", call } = await request.json() as any;
    try {
      if (call) return Response.json({ done: String(await env.READER[call]({})) });
      const answer = await env.READER.fetch(url, { method, body });
      return Response.json({ status: answer.status, text: await answer.text() });
    } catch (error) {
      return Response.json({ failed: String(error) });
    }
  },
};
"#;

struct Drill {
    driver: Driver,
    intruder: std::net::SocketAddr,
}

impl Drill {
    fn start() -> Self {
        let driver = Driver::start();
        let gate = Deployment::gate("gate")
            .policy(&revoking("2s"))
            .variable("PEPPER", PEPPER)
            .variable("REVOCATION", REVOCATION);
        let intruder = Deployment::of_script("intruder", INTRUDER).reading().keys(1);
        let workers = [gate.control(1), intruder].map(Value::from);
        let started = driver.start_workers(json!(workers)).unwrap();
        Self { intruder: address(&started, "intruder"), driver }
    }

    fn attempt(&self, what: Value) -> Value {
        let mut attempt = call("POST", "/", &[]);
        attempt.body = what.to_string().into_bytes();
        let answer = edge_auth_testkit::wire::exchange(self.intruder, &attempt).unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn ask(&self, question: Value) -> Value {
        self.driver.ask("ledger", json!({ "worker": "control", "question": question })).unwrap()
    }

    /// Returns everything that the ledger has.
    fn contents(&self) -> Vec<Value> {
        vec![
            self.ask(json!({ "list": { "after": null, "limit": 100, "now": 0 } })),
            self.ask(json!({ "since": { "first": 1, "limit": 100 } })),
            self.ask(json!("snapshot")),
            self.ask(json!({ "part": { "id": "0000000000000001", "index": 0 } })),
        ]
    }
}

#[test]
fn the_gate_cannot_write_what_it_reads() {
    let drill = Drill::start();
    let key = made(&drill.driver);
    let id = key.split('_').nth(2).unwrap();
    let records = json!([{ "sequence": 1, "mark": "m", "document": "d", "lapses_at": null }]);
    assert_eq!(
        drill.ask(json!({ "append": { "records": records } })),
        json!({ "put": { "stored": true } })
    );
    let before = drill.contents();

    let reads = [
        json!({ "find": { "id": id, "now": 0 } }),
        json!({ "since": { "first": 1, "limit": 10 } }),
        json!("snapshot"),
    ];
    for read in reads {
        let answer = drill.attempt(json!({ "method": "POST", "body": read.to_string() }));
        assert_eq!(answer["status"], 200, "{read}: {answer}");
    }
    let forged = json!({ "id": id, "document": "d", "version": 2, "lapses_at": null });
    let snapshot = json!({ "sequence": 9, "id": "0000000000000001", "document": "d" });
    let part = json!({ "base64": "AAAA" });
    let writes = [
        json!({ "put": { "record": forged, "expected": 1, "now": 0 } }),
        json!({ "put": { "record": forged, "expected": null, "now": 0 } }),
        json!({ "sweep": { "now": 9_007_199_254_740_991_u64, "limit": 100 } }),
        json!({ "append": { "records": [
            { "sequence": 2, "mark": "m", "document": "d", "lapses_at": null },
        ] } }),
        json!({ "forget": { "before": 9, "now": 9, "limit": 9 } }),
        json!({ "put_snapshot": { "snapshot": snapshot } }),
        json!({ "put_part": { "id": "0000000000000001", "index": 0, "part": part } }),
        // What only administrators list.
        json!({ "list": { "after": null, "limit": 10, "now": 0 } }),
        json!({ "newest": { "before": null, "limit": 10 } }),
        // A read around a write.
        json!({ "since": { "first": 1, "limit": 10 }, "append": { "records": records } }),
        json!({ "find": { "id": id, "now": 0, "put": { "record": forged } } }),
        json!([{ "append": { "records": records } }]),
        json!("x".repeat(100_000)),
    ];
    for write in writes {
        let answer = drill.attempt(json!({ "method": "POST", "body": write.to_string() }));
        assert_eq!(answer["status"], 403, "{write}: {answer}");
        let logs = drill.driver.logs_until(|log| log.text.contains("ALERT: Reader"), PATIENCE);
        let last = logs.last().unwrap();
        assert!(last.level == "error" && last.text.contains("ALERT: Reader"), "{write}: {logs:?}");
    }
    for url in ["https://control/admin/v1/keys", "https://ledger/put", "https://ledger/?put=1"] {
        let body = json!({ "put": { "record": forged, "expected": 1, "now": 0 } }).to_string();
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = drill.attempt(json!({ "method": method, "url": url, "body": body }));
            assert_eq!(answer["status"], 403, "{method} {url}: {answer}");
        }
    }
    for call in ["put", "append", "scheduled", "alarm", "getByName", "administer", "constructor"] {
        let answer = drill.attempt(json!({ "call": call }));
        assert!(answer["failed"].is_string(), "{call}: {answer}");
    }
    assert_eq!(drill.contents(), before);
}

/// The bindings of the gate that is deployed are those of the drill, and its code has no writes.
#[test]
fn the_gate_is_bound_to_reader_alone() {
    let folder = workers_folder();
    let configuration = fs::read_to_string(folder.join("gate/wrangler.toml")).unwrap();
    let settings = configuration.lines().filter(|line| !line.starts_with('#'));
    let tables: Vec<&str> = settings.clone().filter(|line| line.starts_with('[')).collect();
    assert_eq!(tables, ["[build]", "[[rules]]", "[[services]]", "[[kv_namespaces]]"]);
    let bound: Vec<&str> = settings
        .filter(|line| {
            ["binding", "service", "entrypoint"].iter().any(|name| line.starts_with(name))
        })
        .collect();
    assert_eq!(
        bound,
        [
            "binding = \"READER\"",
            "service = \"edge-auth-control\"",
            "entrypoint = \"Reader\"",
            "binding = \"KEYS\""
        ]
    );
    let has = |worker: &str, text: &str| {
        let wasm = fs::read(folder.join(worker).join("build/index_bg.wasm")).unwrap();
        wasm.windows(text.len()).any(|window| window == text.as_bytes())
    };
    for text in ["put_snapshot", "revocations.compact", "INSERT INTO", "schema_version"] {
        assert!(has("control", text), "{text}");
        assert!(!has("gate", text), "{text}");
    }
    assert!(has("gate", "marked"));
}

/// A policy of tokens alone needs the gate alone.
#[test]
fn a_policy_of_tokens_alone_needs_no_control_worker() {
    const TOKENS: &str = "
[forward_auth]
proxy = \"traefik\"

[[issuer]]
name = \"corp\"
issuer = \"https://login.example.com/\"
audience = \"https://api.example.com\"
keys = { jwks = { keys = [{ kty = \"OKP\", crv = \"Ed25519\", x = \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\" }] } }

[[rule]]
path = \"/orders/{*rest}\"
require = \"jwt:corp\"
";
    let driver = Driver::start();
    let gate = Deployment::gate("gate").policy(TOKENS);
    let started = driver.start_workers(json!([Value::from(gate)])).unwrap();
    let gate = address(&started, "gate");
    let question = [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1")];
    let refused = crate::deployment::send(gate, "GET", "/authorize", &question);
    assert_eq!(refused.status, 401, "{:?}", driver.logs());
}
