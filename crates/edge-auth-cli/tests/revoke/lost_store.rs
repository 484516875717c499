//! A store that is lost, or whose write-ahead log is removed, while servers run.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::common::{self, Folder};
use crate::{POLICY, folder, token, without_store};

/// Removes the store, as when its volume is unmounted.
fn lose_store(folder: &Folder) {
    for name in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        let _ = std::fs::remove_file(folder.path(name));
    }
}

fn status_becomes(server: &common::Server, token: &str, status: u16) {
    let patience = Instant::now() + Duration::from_secs(20);
    let bearer = format!("Bearer {token}");
    let asked = || server.call("GET", "/orders", &[("authorization", &bearer)]).status;
    while asked() != status {
        assert!(Instant::now() < patience, "still {}", asked());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_lost_store_with_revocations_is_not_made_anew() {
    let (folder, _) = without_store();
    folder.write("hashes.jsonl", "{}");
    let upstream = format!("http://{}", common::echo());
    let commands: [&[&str]; 8] = [
        &["serve", "--listen", "127.0.0.1:0", "--upstream", &upstream],
        &["keys", "create", "--all-scopes", "--expires", "1d"],
        &["keys", "import", "--file", "hashes.jsonl"],
        &["keys", "list"],
        &["revoke", "token", "--issuer", "corp", "--id", "x", "--reason", "a test"],
        &["revocations", "list"],
        &["revocations", "compact"],
        &["policy", "explain", "policy.toml", "GET", "/orders"],
    ];
    for empty_file in [false, true] {
        for command in commands {
            if empty_file {
                folder.write("keys.db", "");
            }
            let ran = folder.run(command);
            assert_eq!(ran.code(), 3, "{command:?}: {}", ran.stdout());
            assert!(
                ran.stderr().contains("`edge-auth store init`"),
                "{command:?}: {}",
                ran.stderr()
            );
            let size = std::fs::metadata(folder.path("keys.db")).ok().map(|file| file.len());
            assert_eq!(size, empty_file.then_some(0), "{command:?}");
        }
    }
    assert_eq!(folder.json(&["store", "init"])["created"], true);
    assert_eq!(folder.json(&["store", "init"])["created"], false);
    assert_eq!(folder.json(&["revocations", "list"])["revocations"], json!([]));
}

#[test]
fn a_server_whose_store_is_lost_closes_and_stays_closed_on_an_empty_one() {
    let (folder, _) = folder();
    folder.write("policy.toml", &POLICY.replace("bound = \"10s\"", "bound = \"2s\""));
    let server = folder.serve(&["--upstream", &format!("http://{}", common::echo())]);
    let (good, leaked) = (token("good"), token("leaked"));
    status_becomes(&server, &good, 200);
    folder.json(&["revoke", "token", "--issuer", "corp", "--id", "leaked", "--reason", "a test"]);
    status_becomes(&server, &leaked, 401);

    lose_store(&folder);
    status_becomes(&server, &good, 503);
    server.notice("ALERT: the store is gone");
    assert!(!folder.path("keys.db").exists(), "a server that runs makes no store");

    folder.json(&["store", "init"]);
    // Only requests have it read again, and not at once after a read that failed.
    for _ in 0..30 {
        status_becomes(&server, &leaked, 503);
        status_becomes(&server, &good, 503);
        std::thread::sleep(Duration::from_millis(100));
    }
    server.notice("ALERT: record 1 was read before and is gone");
}

#[test]
fn a_revocation_reaches_a_server_whose_log_was_removed_under_it() {
    let (folder, _) = folder();
    folder.write("policy.toml", &POLICY.replace("bound = \"10s\"", "bound = \"2s\""));
    let server = folder.serve(&["--upstream", &format!("http://{}", common::echo())]);
    status_becomes(&server, &token("leaked"), 200);
    // What is in the log only goes with it: the rest is in the file by now.
    Connection::open(folder.path("keys.db"))
        .unwrap()
        .pragma_update(None, "wal_checkpoint", "full")
        .unwrap();
    for name in ["keys.db-wal", "keys.db-shm"] {
        std::fs::remove_file(folder.path(name)).unwrap();
    }
    folder.json(&["revoke", "token", "--issuer", "corp", "--id", "leaked", "--reason", "a test"]);
    status_becomes(&server, &token("leaked"), 401);
    assert_eq!(folder.json(&["revocations", "list"])["revocations"][0]["id"], 1);
}
