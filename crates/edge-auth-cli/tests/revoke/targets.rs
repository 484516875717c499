//! Revocation of tokens, subjects, certificates and revocation lists.

use std::time::UNIX_EPOCH;

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan};
use serde_json::{Value, json};

use crate::{folder, seconds, token};

#[test]
fn a_revocation_list_is_imported_and_invalid_ones_are_refused() {
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
fn a_certificate_file_is_revoked_by_all_of_its_names() {
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
    let message = folder.run(&alone).stdout();
    assert!(message.contains("a fingerprint alone is not enough"), "{message}");
}

fn hex(client: &Client) -> String {
    client.thumbprint().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn without_before_the_issuers_clock_skew_is_added_to_now() {
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
    let message = folder.run(&revoke(&["--before", "2026-01-01"])).stdout();
    assert!(message.contains("note      tokens whose `iat`"), "{message}");
}

#[test]
fn a_token_is_revoked_from_a_file_by_its_claims() {
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
