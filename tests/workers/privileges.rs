//! An exploit drill: code in the gate's process tries to change what the ledger says through every
//! binding that the gate has.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use edge_auth_testkit::wire::exchange;
use serde_json::{Value, json};

use crate::deployment::{Deployment, address, call, send};
use crate::driver::{Driver, workers_folder};
use crate::edge::arriving;
use crate::keys::{ADMIN, BOOTSTRAP, PEPPER, REVOCATION, made, made_by, revoking};

const PATIENCE: Duration = Duration::from_secs(10);

/// Changes a copy in KV behind the control Worker's back. Answers what was there before.
const KV_EDITOR: &str = r#"
export default {
  async fetch(request: Request, env: any) {
    const { key, value, bytes } = await request.json() as any;
    const kept = await env.KEYS.get(key);
    if (value || bytes) await env.KEYS.put(key, value ?? new Uint8Array(bytes));
    return Response.json({ kept });
  },
};
"#;

/// Code with the gate's binding. Answers what a request to the ledger brings, or what a call of a
/// method of the binding throws.
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
    intruder: SocketAddr,
    editor: SocketAddr,
    gate: SocketAddr,
    control: SocketAddr,
}

impl Drill {
    fn start() -> Self {
        Self::on(Driver::start())
    }

    /// Starts the Workers again: what the gate had in memory is lost.
    fn restarted(self) -> Self {
        Self::on(self.driver)
    }

    fn on(driver: Driver) -> Self {
        let gate = Deployment::gate("gate")
            .policy(&format!("{}{ADMIN}", revoking("2s")))
            .variable("PEPPER", PEPPER)
            .variable("REVOCATION", REVOCATION)
            .reading();
        let intruder = Deployment::of_script("intruder", INTRUDER).reading();
        let editor = Deployment::of_script("editor", KV_EDITOR).keys(1);
        let workers = [gate.control(1), gate, intruder, editor].map(Value::from);
        let started = driver.start_workers(json!(workers)).unwrap();
        let [intruder, editor, gate, control] =
            ["intruder", "editor", "gate", "control"].map(|name| address(&started, name));
        Self { driver, intruder, editor, gate, control }
    }

    /// Asks the gate about a request with this key.
    fn status(&self, key: &str) -> u16 {
        let question =
            [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", key)];
        send(self.gate, "GET", "/authorize", &question).status
    }

    fn administer(&self, path: &str, body: Value) {
        let mut request = call("POST", path, &[("authorization", BOOTSTRAP)]);
        request.body = body.to_string().into_bytes();
        let answer = exchange(self.control, &arriving(&request)).unwrap();
        assert!(
            (200..300).contains(&answer.status),
            "{path}: {}",
            String::from_utf8_lossy(&answer.body)
        );
    }

    fn attempt(&self, what: Value) -> Value {
        posted(self.intruder, &what)
    }

    fn edit_kv(&self, what: Value) -> Value {
        posted(self.editor, &what)
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
        json!({ "copy_again": { "id": id } }),
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

/// KV is the one store that another Worker of the account may change.
#[test]
fn an_older_record_that_is_put_back_into_kv_revives_no_key() {
    let drill = Drill::start();
    let key = made(&drill.driver);
    let id = key.split('_').nth(2).unwrap();
    let name = format!("api_key:{id}");
    assert_eq!(drill.status(&key), 200, "{:?}", drill.driver.logs());
    let good = drill.edit_kv(json!({ "key": name }))["kept"].clone();
    assert!(good.is_string(), "{good}");
    drill.administer(&format!("/admin/v1/keys/{id}/revoke"), json!({ "reason": "a test" }));
    drill.edit_kv(json!({ "key": name, "value": good }));
    let drill = drill.restarted();
    assert_eq!(drill.edit_kv(json!({ "key": name }))["kept"], good);
    assert_eq!(drill.status(&key), 401, "{:?}", drill.driver.logs());
}

/// Parts of snapshots have digests in the manifest, which KV does not have.
#[test]
fn a_changed_part_of_a_snapshot_in_kv_revives_no_key_and_closes_no_gate() {
    let drill = Drill::start();
    let [revoked, good] = [1, 2].map(|seed| made_by(&drill.driver, "control", seed));
    let id = revoked.split('_').nth(2).unwrap();
    let revoke = json!({ "kind": "api-key", "id": id, "reason": "a test" });
    drill.administer("/admin/v1/revocations", revoke);
    drill.administer("/admin/v1/revocations/compact", json!({}));
    let snapshot = drill.ask(json!("snapshot"));
    let name = format!("snapshot:{}:0", snapshot["snapshot"]["id"].as_str().unwrap());
    let part = drill.edit_kv(json!({ "key": name, "bytes": vec![7; 64] }));
    assert!(part["kept"].is_string(), "the control Worker copied the part: {part}");
    let drill = drill.restarted();
    assert_eq!(drill.status(&revoked), 401, "{:?}", drill.driver.logs());
    let since = Instant::now();
    while drill.status(&good) != 200 {
        assert!(since.elapsed() < PATIENCE, "{:?}", drill.driver.logs());
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(drill.status(&revoked), 401, "{:?}", drill.driver.logs());
}

/// The bindings of the gate that is deployed are those of the drill, and its code has no writes.
#[test]
fn the_gate_is_bound_to_reader_alone() {
    let folder = workers_folder();
    let configuration = fs::read_to_string(folder.join("gate/wrangler.toml")).unwrap();
    let settings = configuration.lines().filter(|line| !line.starts_with('#'));
    let tables: Vec<&str> = settings.clone().filter(|line| line.starts_with('[')).collect();
    assert_eq!(tables, ["[build]", "[[rules]]", "[[services]]"]);
    let bound: Vec<&str> = settings
        .filter(|line| {
            ["binding", "service", "entrypoint"].iter().any(|name| line.starts_with(name))
        })
        .collect();
    assert_eq!(
        bound,
        ["binding = \"READER\"", "service = \"edge-auth-control\"", "entrypoint = \"Reader\""]
    );
    let has = |worker: &str, text: &str| {
        let wasm = fs::read(folder.join(worker).join("build/index_bg.wasm")).unwrap();
        wasm.windows(text.len()).any(|window| window == text.as_bytes())
    };
    for text in ["put_snapshot", "revocations.compact", "INSERT INTO", "schema_version", "api_key:"]
    {
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

fn posted(to: SocketAddr, what: &Value) -> Value {
    let mut request = call("POST", "/", &[]);
    request.body = what.to_string().into_bytes();
    let answer = exchange(to, &request).unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}
