//! `--wait`: the command returns when every host refuses.

use edge_auth_testkit::certificates::{Client, ClientPlan};
use serde_json::Value;

use crate::common;
use crate::{POLICY, folder, probing, refused_by_all, token};

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
fn keys_revoke_waits_until_every_server_refuses_the_key() {
    let (folder, _) = folder();
    let key = folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    let (id, secret) = (key["key"]["id"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let servers = [folder.serve(&["--upstream", &format!("http://{}", common::echo())])];
    let probing = probing(&servers, "/orders", &format!("X-API-Key: {secret}"));
    let mut arguments = vec!["keys", "revoke", id, "--reason", "a test"];
    arguments.extend(probing.iter().map(String::as_str));
    let report = folder.json(&arguments);
    refused_by_all(&report, 1);
    assert_eq!(report["key"]["state"], "revoked");
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

#[test]
fn the_command_waits_until_certificates_of_a_revoked_authority_are_refused() {
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

fn sequence(client: &Client) -> String {
    use base64::Engine;
    format!(":{}:", base64::engine::general_purpose::STANDARD.encode(client.certificate()))
}

#[test]
fn a_probe_with_a_password_in_its_url_is_refused_and_not_repeated() {
    let (folder, _) = folder();
    let revoke = ["revoke", "token", "--issuer", "corp", "--id", "x", "--reason", "a test"];
    let probing = ["--wait", "--probe", "https://operator:hunter2@gate.example/orders"];
    let ran = folder.run(&[&["--json"][..], &revoke, &probing].concat());
    assert_eq!(ran.code(), 2, "{}", ran.stderr());
    assert!(ran.stderr().contains("--header"), "{}", ran.stderr());
    assert!(!format!("{}{}", ran.stdout(), ran.stderr()).contains("hunter2"), "{}", ran.stderr());
}
