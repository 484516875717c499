//! The version of the ledger's tables: the Worker keeps the data of an earlier version, and leaves
//! a later version alone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::{Driver, Log};
use crate::keys::{PEPPER, POLICY, made};

/// A wrapper of the control Worker whose ledger also runs SQL.
const AROUND: &str = r#"
import control from "./src/index.js";
import { Ledger as Real } from "./src/index.js";
export default control;
export { Reader } from "./src/index.js";
export class Ledger extends Real {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
  }
  async fetch(request) {
    const { sql } = await request.clone().json();
    return sql ? Response.json(this.sql.exec(sql).toArray()) : super.fetch(request);
  }
}
"#;

/// The tables before they had a version, with a key and a revocation in them.
const UNVERSIONED: &str = "
    CREATE TABLE api_key (
        id TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL,
        version INTEGER NOT NULL,
        lapses_at INTEGER,
        copied INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL;
    CREATE INDEX api_key_uncopied ON api_key (id) WHERE copied = 0;
    CREATE TABLE revocation (
        sequence INTEGER PRIMARY KEY,
        mark TEXT NOT NULL,
        document TEXT NOT NULL,
        lapses_at INTEGER
    ) STRICT;
    CREATE INDEX revocation_mark ON revocation (mark);
    CREATE INDEX revocation_lapses_at ON revocation (lapses_at) WHERE lapses_at IS NOT NULL;
    CREATE TABLE revocation_snapshot (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        sequence INTEGER NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE revocation_snapshot_part (
        id TEXT NOT NULL,
        part INTEGER NOT NULL,
        base64 TEXT NOT NULL,
        UNIQUE (id, part)
    ) STRICT;
    INSERT INTO api_key (id, document, version, lapses_at) VALUES ('k1', 'the key', 3, NULL);
    INSERT INTO revocation (sequence, mark, document) VALUES (1, 'm', 'the revocation');
    INSERT INTO revocation_snapshot (one, sequence, id, document) VALUES (1, 1, 'a', 'the snapshot');
    INSERT INTO revocation_snapshot_part (id, part, base64) VALUES ('a', 0, 'AAAA');";

/// The tables of a version that is newer than this Worker.
const NEWER: &str = "
    CREATE TABLE schema_version (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;
    INSERT INTO schema_version VALUES (1, 2);";

const VERSION: &str = "SELECT version FROM schema_version";
const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

/// A gate, the control Worker and its ledger.
struct Ledger {
    driver: Driver,
    started: Value,
}

impl Ledger {
    fn start() -> Self {
        let mut ledger = Self { driver: Driver::start(), started: Value::Null };
        ledger.restart();
        ledger
    }

    /// Restarts the Workers. The object keeps its data.
    fn restart(&mut self) {
        let gate = Deployment::gate("gate").policy(POLICY).variable("PEPPER", PEPPER).reading();
        let control = gate.control(1).with("keys", Value::Null).with("around", json!(AROUND));
        self.started =
            self.driver.start_workers(json!([Value::from(gate), Value::from(control)])).unwrap();
    }

    fn ask(&self, question: Value) -> Result<Value, String> {
        self.driver.ask("ledger", json!({ "worker": "control", "question": question }))
    }

    fn sql(&self, statements: &str) -> Value {
        self.ask(json!({ "sql": statements })).unwrap()
    }
}

#[test]
fn a_fresh_object_has_the_version() {
    let ledger = Ledger::start();
    assert_eq!(ledger.ask(json!({ "find": { "id": "k1", "now": 0 } })), Ok(json!({ "found": [] })));
    assert_eq!(ledger.sql(VERSION), json!([{ "version": 1 }]));
}

#[test]
fn an_object_without_a_version_gets_one_and_keeps_its_data() {
    let ledger = Ledger::start();
    ledger.sql(UNVERSIONED);
    let key = json!({ "id": "k1", "document": "the key", "version": 3, "lapses_at": null });
    let found = ledger.ask(json!({ "find": { "id": "k1", "now": 0 } }));
    assert_eq!(found, Ok(json!({ "found": [key] })));
    let revocation =
        json!({ "sequence": 1, "mark": "m", "document": "the revocation", "lapses_at": null });
    let read = ledger.ask(json!({ "since": { "first": 1, "limit": 10 } }));
    assert_eq!(read, Ok(json!({ "tail": { "records": [revocation], "age": 0 } })));
    let snapshot = json!({ "sequence": 1, "id": "a", "document": "the snapshot" });
    assert_eq!(ledger.ask(json!("snapshot")), Ok(json!({ "snapshot": snapshot })));
    let part = ledger.ask(json!({ "part": { "id": "a", "index": 0 } }));
    assert_eq!(part, Ok(json!({ "part": { "base64": "AAAA" } })));
    assert_eq!(ledger.sql(VERSION), json!([{ "version": 1 }]));
}

#[test]
fn an_object_of_a_newer_version_is_refused_and_not_written() {
    let ledger = Ledger::start();
    ledger.sql(NEWER);
    for question in [
        json!({ "find": { "id": "k1", "now": 0 } }),
        json!({ "append": { "records": [
            { "sequence": 1, "mark": "m", "document": "d", "lapses_at": null },
        ] } }),
    ] {
        let refused = ledger.ask(question).unwrap_err();
        assert!(refused.contains("the ledger's tables have version 2"), "{refused}");
        assert!(refused.contains("knows versions up to 1"), "{refused}");
        assert!(refused.contains("deploy the newer Worker again"), "{refused}");
    }
    assert_eq!(ledger.sql(TABLES), json!([{ "name": "schema_version" }]));
}

#[test]
fn a_worker_older_than_the_tables_answers_503_and_logs_what_to_do() {
    let mut ledger = Ledger::start();
    let key = made(&ledger.driver);
    ledger.sql("UPDATE schema_version SET version = 2");
    ledger.restart();
    let question =
        [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/orders/1"), ("x-api-key", &key)];
    let refused = send(address(&ledger.started, "gate"), "GET", "/authorize", &question);
    fn reported(log: &Log) -> bool {
        log.text.contains("the ledger's tables have version 2")
    }
    let logs = ledger.driver.logs_until(reported, Duration::from_secs(20));
    assert_eq!(refused.status, 503, "{logs:?}");
    assert!(logs.iter().any(reported), "{logs:?}");
}

/// The missing column makes creating the index fail.
#[test]
fn a_migration_that_fails_changes_nothing() {
    let ledger = Ledger::start();
    ledger.sql("CREATE TABLE revocation (sequence INTEGER PRIMARY KEY) STRICT");
    for _ in 0..2 {
        let failed = ledger.ask(json!({ "find": { "id": "k1", "now": 0 } })).unwrap_err();
        assert!(failed.contains("no such column"), "{failed}");
        assert_eq!(ledger.sql(TABLES), json!([{ "name": "revocation" }]));
    }
}

/// A trigger rejects the second record.
#[test]
fn an_append_that_fails_leaves_no_record() {
    let ledger = Ledger::start();
    let read = json!({ "since": { "first": 1, "limit": 10 } });
    assert_eq!(ledger.ask(read.clone()), Ok(json!({ "tail": { "records": [], "age": 0 } })));
    ledger.sql(
        "CREATE TRIGGER undo AFTER INSERT ON revocation WHEN new.sequence = 2
         BEGIN DELETE FROM revocation WHERE sequence = 2; END",
    );
    let records = [1, 2].map(
        |sequence| json!({ "sequence": sequence, "mark": "m", "document": "d", "lapses_at": null }),
    );
    let append = json!({ "append": { "records": records } });
    let failed = ledger.ask(append).unwrap_err();
    assert!(failed.contains("ALERT"), "{failed}");
    assert_eq!(ledger.ask(read), Ok(json!({ "tail": { "records": [], "age": 0 } })));
}
