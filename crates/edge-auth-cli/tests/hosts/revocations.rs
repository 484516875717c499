//! `revoke …` and `revocations …` against a host.

use serde_json::Value;

use crate::{prints_the_same, report, run, served};

#[test]
fn everything_that_is_revoked_at_a_host_is_in_the_log_of_its_store() {
    let (folder, server) = served();
    let key = report(
        &folder,
        &server,
        &["keys", "create", "--block", "partners", "--all-scopes", "--expires", "1d"],
    );
    let id = key["key"]["id"].as_str().unwrap();
    let fingerprint = "ab".repeat(32);
    let targets: [&[&str]; 9] = [
        &["token", "--issuer", "corp", "--id", "one"],
        &["subject", "--issuer", "corp", "--subject", "alice", "--before", "2026-01-31"],
        &["client", "--issuer", "corp", "--client", "app"],
        &["issuer", "--issuer", "https://login.example.com/"],
        &["session", "--issuer", "corp", "--id", "s-1"],
        &["signing-key", "--issuer", "corp", "--id", "old"],
        &["api-key", "--id", id],
        &["certificate", "--fingerprint", &fingerprint],
        &["certificate", "--serial", "0a", "--issuer", "CN=Devices CA"],
    ];
    for target in targets {
        let arguments = [&["revoke"], target, &["--reason", "a test", "--expires", "30d"]].concat();
        let entry = report(&folder, &server, &arguments);
        assert_eq!(entry["by"], "admin:bootstrap", "{entry}");
        assert_eq!(entry["bound_seconds"], 4);
        let number = entry["id"].to_string();
        let shown = prints_the_same(&folder, &server, &["revocations", "show", &number]);
        assert_eq!((&shown["target"], &shown["until"]), (&entry["target"], &entry["until"]));
    }
    let page = prints_the_same(&folder, &server, &["revocations", "list", "--limit", "4"]);
    let before = page["next"].to_string();
    prints_the_same(&folder, &server, &["revocations", "list", "--before", &before]);

    let undo = ["revocations", "undo", "1", "--reason", "another token"];
    assert_eq!(report(&folder, &server, &undo)["says"], "undone");
    let held = report(&folder, &server, &["revocations", "compact"]);
    assert!(held["held"].as_u64().is_some_and(|held| held >= 8), "{held}");
    prints_the_same(&folder, &server, &["revocations", "list", "--limit", "200"]);
}

#[test]
fn the_command_waits_until_the_host_refuses() {
    let (folder, server) = served();
    let key = report(
        &folder,
        &server,
        &["keys", "create", "--block", "partners", "--all-scopes", "--expires", "1d"],
    );
    let (id, secret) = (key["key"]["id"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let probe = format!("http://{}/admin/v1/keys", server.address);
    let header = format!("X-API-Key: {secret}");
    for revoke in [
        ["keys", "revoke", id, "--reason", "a test"].as_slice(),
        ["revoke", "api-key", "--id", id, "--reason", "a test"].as_slice(),
    ] {
        let wait = ["--wait", "--probe", &probe, "--header", &header];
        let ran = run(&folder, &server, &[&["--json"], revoke, &wait].concat());
        if revoke[0] == "revoke" {
            // The key is revoked once.
            assert_eq!(ran.code(), 1, "{}", ran.stderr());
            continue;
        }
        let waited: Value = ran.report()["waited"].clone();
        assert_eq!(waited["bound_seconds"], 4.0, "{waited}");
        assert!(waited["probes"][0]["refused_after_seconds"].is_number(), "{waited}");
    }
}

#[test]
fn a_list_is_imported_where_its_store_is() {
    let (folder, server) = served();
    let ran = run(
        &folder,
        &server,
        &["revoke", "crl", "x.crl", "--block", "devices", "--reason", "weekly"],
    );
    assert_eq!(ran.code(), 2);
    assert!(ran.stderr().contains("--store sqlite:PATH"), "{}", ran.stderr());
}
