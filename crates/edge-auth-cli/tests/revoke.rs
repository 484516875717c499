//! Revoking by the command, in another process than the servers that refuse.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::Folder;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan};
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use rusqlite::Connection;
use serde_json::{Value, json};

/// One secret serves two purposes here, which keys derived from it keep apart.
const POLICY: &str = r#"
[revocation]
bound = "10s"
secret = "PEPPER"

[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { jwks_file = "jwks.json" }
max_lifetime = "2h"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[client_cert]]
name = "devices"
source = "rfc9440"
ca_file = "ca.pem"
identity = "fingerprint"

[[rule]]
path = "/orders"
require = { any = ["jwt:corp", "key:partners", "cert:devices"] }
"#;

/// With an empty store.
fn folder() -> (Folder, Authority) {
    let (folder, authority) = without_store();
    folder.json(&["store", "init"]);
    (folder, authority)
}

fn without_store() -> (Folder, Authority) {
    let folder = Folder::with_policy(POLICY);
    let authority = Authority::root(&AuthorityPlan::named("Devices CA"));
    folder.write("ca.pem", &authority.pem());
    folder.write(
        "jwks.json",
        &json!({ "keys": [TestKey::named("p256").unwrap().jwk()] }).to_string(),
    );
    (folder, authority)
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn token(id: &str) -> String {
    let key = TestKey::named("p256").unwrap();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" });
    let claims = json!({
        "iss": "https://login.example.com/",
        "aud": "https://api.example.com",
        "sub": "alice",
        "jti": id,
        "iat": seconds(),
        "exp": seconds() + 3600,
    });
    compact(
        header.to_string().as_bytes(),
        claims.to_string().as_bytes(),
        &Signer::Key(key, key.algorithm),
    )
}

/// The arguments after which the command waits for these servers to refuse this field.
fn probing(servers: &[common::Server], path: &str, field: &str) -> Vec<String> {
    let probes = servers
        .iter()
        .flat_map(|server| ["--probe".to_owned(), format!("http://{}{path}", server.address)]);
    ["--wait".to_owned()]
        .into_iter()
        .chain(probes)
        .chain(["--header".to_owned(), field.to_owned()])
        .collect()
}

fn refused_by_all(report: &Value, count: usize) {
    let probes = report["waited"]["probes"].as_array().unwrap();
    assert_eq!(probes.len(), count, "{report}");
    assert!(probes.iter().all(|probe| probe["refused_after_seconds"].is_number()), "{report}");
}

#[test]
fn a_token_and_a_key_are_refused_by_every_server_on_the_store_before_the_command_returns() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let key = folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let (id, secret) = (key["key"]["id"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let upstream = common::echo();
    let gateway = || folder.serve(&["--upstream", &format!("http://{upstream}")]);
    let servers = [gateway(), gateway()];
    let token = token("leaked");

    let field = format!("Authorization: Bearer {token}");
    let revoke = ["revoke", "token", "--issuer", "corp", "--id", "leaked", "--reason", "a test"];
    let probing_token = probing(&servers, "/orders", &field);
    let arguments: Vec<&str> =
        revoke.into_iter().chain(probing_token.iter().map(String::as_str)).collect();
    refused_by_all(&folder.json(&arguments), 2);

    let field = format!("X-API-Key: {secret}");
    let revoke = ["revoke", "api-key", "--id", id, "--reason", "a test"];
    let probing_key = probing(&servers, "/orders", &field);
    let arguments: Vec<&str> =
        revoke.into_iter().chain(probing_key.iter().map(String::as_str)).collect();
    refused_by_all(&folder.json(&arguments), 2);
    assert_eq!(folder.json(&["keys", "show", id])["key"]["state"], "revoked");
}

#[test]
fn a_host_that_does_not_refuse_within_the_bound_is_a_failure() {
    let (folder, _) = folder();
    folder.write("policy.toml", &POLICY.replace("bound = \"10s\"", "bound = \"1s\""));
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    // It knows nothing of revocations.
    let indifferent = format!("http://{}/", common::echo());
    let ran = folder.run(&[
        "--json",
        "revoke",
        "token",
        "--issuer",
        "corp",
        "--id",
        "x",
        "--reason",
        "a test",
        "--wait",
        "--probe",
        &indifferent,
    ]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    assert_eq!(ran.report()["waited"]["probes"][0]["refused_after_seconds"], Value::Null);
}

/// Removes the store as a volume goes that is not mounted any more.
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
fn a_store_that_is_lost_is_not_made_anew_where_revocations_were_in_it() {
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
fn a_server_whose_store_is_lost_closes_and_an_empty_one_opens_it_again_for_nobody() {
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

#[test]
fn the_log_is_listed_shown_and_undone() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let revoke = [
        "revoke",
        "subject",
        "--issuer",
        "corp",
        "--subject",
        "bob",
        "--reason",
        "lost the laptop",
    ];
    let entered = folder.json(&revoke);
    assert_eq!(entered["says"], "revoked");
    let id = entered["id"].to_string();
    assert_eq!(folder.json(&["revocations", "show", &id]), entered);
    let undone = folder.json(&["revocations", "undo", &id, "--reason", "found it"]);
    assert_eq!((undone["says"].as_str(), &undone["target"]), (Some("undone"), &entered["target"]));
    let listed = folder.json(&["revocations", "list"]);
    assert_eq!(listed["revocations"], json!([undone, entered]));
    let told = folder.run(&["revocations", "list"]).stdout();
    assert!(told.contains("lost the laptop") && told.contains("found it"), "{told}");
    assert_eq!(folder.json(&["revocations", "compact"])["held"], 0);
}

#[test]
fn a_revocation_list_is_taken_over_and_wrong_ones_are_refused() {
    let (folder, authority) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let list = authority.revocation_list(&[vec![1], vec![2]], (seconds() - 60, seconds() + 3600));
    std::fs::write(folder.path("devices.crl"), &list).unwrap();
    let import = ["revoke", "crl", "devices.crl", "--block", "devices", "--reason", "weekly"];
    let report = folder.json(&import);
    assert_eq!((&report["listed"], &report["entered"]), (&json!(2), &json!(2)), "{report}");

    let others = Authority::root(&AuthorityPlan::named("Devices CA"));
    std::fs::write(
        folder.path("devices.crl"),
        others.revocation_list(&[vec![3]], (seconds() - 60, seconds() + 60)),
    )
    .unwrap();
    let refused = folder.run(&import);
    assert_eq!(refused.code(), 1);
    assert!(refused.stderr().contains("signature is not that of"), "{}", refused.stderr());

    // A hundred megabytes, of which nothing is on the disk.
    let huge = std::fs::File::create(folder.path("devices.crl")).unwrap();
    huge.set_len(100 * 1024 * 1024).unwrap();
    let refused = folder.run(&import);
    assert_eq!(refused.code(), 1);
    assert!(refused.stderr().contains("larger than"), "{}", refused.stderr());
}

#[test]
fn a_certificate_that_is_revoked_by_its_file_is_revoked_by_all_of_its_names() {
    let (folder, authority) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let client = authority.issue(&ClientPlan { serial: vec![0x0a, 0xff], ..ClientPlan::default() });
    folder.write("device.pem", &client.pem());
    let revoke =
        ["revoke", "certificate", "--file", "device.pem", "--reason", "its key was copied"];
    let report = folder.json(&revoke);
    assert_eq!(report["target"], json!({ "kind": "certificate", "fingerprint": hex(&client) }));
    assert_eq!(
        report["also"][0]["target"],
        json!({ "kind": "certificate-serial", "issuer": "CN=Devices CA,O=Example", "serial": "aff" })
    );
    assert_eq!(report["note"], Value::Null);

    let fingerprint = hex(&client);
    let alone =
        ["revoke", "certificate", "--fingerprint", &fingerprint, "--reason", "its key was copied"];
    let report = folder.json(&alone);
    assert!(report["note"].as_str().unwrap().contains("--issuer and --serial"), "{report}");
    let told = folder.run(&alone).stdout();
    assert!(told.contains("a fingerprint alone does not hold"), "{told}");
}

#[test]
fn the_command_waits_until_what_a_revoked_authority_of_the_policy_issued_is_refused() {
    let (folder, authority) = folder();
    folder.write("policy.toml", &format!("[trust]\nnetworks = [\"127.0.0.0/8\"]\n{POLICY}"));
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let upstream = common::echo();
    let servers = [folder.serve(&["--upstream", &format!("http://{upstream}")])];
    let field = format!("Client-Cert: {}", sequence(&authority.issue(&ClientPlan::default())));
    let revoke = ["revoke", "certificate", "--file", "ca.pem", "--reason", "its key was copied"];
    let probing = probing(&servers, "/orders", &field);
    let arguments: Vec<&str> =
        revoke.into_iter().chain(probing.iter().map(String::as_str)).collect();
    refused_by_all(&folder.json(&arguments), 1);
}

fn hex(client: &Client) -> String {
    client.thumbprint().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sequence(client: &Client) -> String {
    use base64::Engine;
    format!(":{}:", base64::engine::general_purpose::STANDARD.encode(client.certificate()))
}

#[test]
fn what_is_not_understood_is_said_and_enters_nothing() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let token = ["revoke", "token", "--issuer", "corp", "--id", "x"];
    let no_reason = folder.run(&token);
    assert_eq!(
        (no_reason.code(), no_reason.stderr().contains("--reason")),
        (2, true),
        "{}",
        no_reason.stderr()
    );
    let unknown =
        folder.run(&["revoke", "token", "--issuer", "crop", "--id", "x", "--reason", "r"]);
    assert_eq!(
        (unknown.code(), unknown.stderr().contains("crop")),
        (2, true),
        "{}",
        unknown.stderr()
    );
    let missing = folder.run(&["revocations", "show", "7"]);
    assert_eq!(
        (missing.code(), missing.stderr().contains("no entry 7")),
        (1, true),
        "{}",
        missing.stderr()
    );
    assert_eq!(folder.json(&["revocations", "list"])["revocations"], json!([]));

    folder.write("policy.toml", &POLICY.replace("secret = \"PEPPER\"", ""));
    let off = folder.run(&["revoke", "token", "--issuer", "corp", "--id", "x", "--reason", "r"]);
    assert_eq!(
        (off.code(), off.stderr().contains("[revocation] secret")),
        (1, true),
        "{}",
        off.stderr()
    );
}

#[test]
fn policy_check_prints_the_stages_of_every_host() {
    let (folder, _) = folder();
    let report = folder.json(&["policy", "check", "policy.toml"]);
    let hosts = report["revocation"]["hosts"].as_array().unwrap();
    let sums: Vec<_> = hosts
        .iter()
        .map(|host| (host["host"].as_str().unwrap(), host["sum_seconds"].as_f64()))
        .collect();
    let six = Some(6.0);
    assert_eq!(
        sums,
        [("native, SQLite", six), ("Workers, Durable Object", six), ("Lambda, DynamoDB", six)]
    );
    let told = folder.run(&["policy", "check", "policy.toml"]).stdout();
    assert!(told.contains("native, SQLite: 6 s (store 0 s + feed 6 s)"), "{told}");
    assert!(told.contains("KV alone: best effort, no bound"), "{told}");
}

#[test]
fn up_to_now_is_later_than_now_by_the_issuers_skew_and_a_time_that_is_said_is_not() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let revoke = |more: &[&'static str]| {
        let arguments =
            ["revoke", "subject", "--issuer", "corp", "--subject", "alice", "--reason", "a drill"];
        [&arguments[..], more].concat()
    };
    let now = seconds();
    let report = folder.json(&revoke(&[]));
    let before = report["target"]["before"].as_str().unwrap();
    let before =
        humantime::parse_rfc3339(before).unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // The default `clock_skew` is 30 seconds.
    assert!(before >= now + 30, "{report}");
    assert_eq!(report["notice"], Value::Null);
    let report = folder.json(&revoke(&["--before", "2026-01-01"]));
    assert_eq!(report["target"]["before"], "2026-01-01T00:00:00.000Z");
    assert!(report["notice"].as_str().unwrap().contains("stay good"), "{report}");
    let told = folder.run(&revoke(&["--before", "2026-01-01"])).stdout();
    assert!(told.contains("note      tokens whose `iat`"), "{told}");
}

#[test]
fn a_token_itself_is_revoked_from_a_file_by_what_it_says() {
    let (folder, _) = folder();
    folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    folder.write("leaked.txt", &format!("Bearer {}\n", token("leaked")));
    let revoke = ["revoke", "token", "--file", "leaked.txt", "--reason", "a test"];
    let report = folder.json(&revoke);
    assert_eq!(report["target"]["issuer"], "https://login.example.com/", "{report}");
    assert_eq!(report["target"]["id"], "leaked", "{report}");
    let shown = report.to_string();
    assert!(shown.contains("leaked") && !shown.contains("eyJ"), "{shown}");
    folder.write("fields", &format!("Authorization: Bearer {}\n", token("leaked")));
    let explain = ["policy", "explain", "policy.toml", "GET", "/orders", "-H", "@fields"];
    assert!(
        folder.run(&explain).stdout().contains("token_revoked"),
        "{}",
        folder.run(&explain).stdout()
    );

    folder.write("leaked.txt", "eyJub25zZW5zZQ");
    let ran = folder.run(&revoke);
    assert!(ran.code() == 1 && !ran.stderr().contains("eyJ"), "{}", ran.stderr());
    for mixed in [&["--issuer", "corp"][..], &["--id", "x"], &["--issuer", "corp", "--id", "x"]] {
        let ran = folder.run(&[&revoke[..], mixed].concat());
        assert_eq!(ran.code(), 2, "{}", ran.stderr());
    }
}
