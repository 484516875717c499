//! `revoke … --wait --probe` of a host that speaks TLS, asks for certificates, or is not there.

use serde_json::Value;

use crate::common::{Ran, echo};
use crate::fixture::{POLICY, Stage, agent};

/// Revokes the certificate of `agent.pem`, and waits for this host to refuse it.
fn revoke(stage: &Stage, more: &[&str]) -> Ran {
    let revoke = ["--json", "revoke", "certificate", "--file", "agent.pem", "--reason", "a test"];
    stage.folder.run(&[&revoke[..], &["--wait"], more].concat())
}

fn stage() -> Stage {
    let stage = Stage::new();
    let revocation = "[revocation]\nbound = \"1s\"\nsecret = \"PEPPER\"\n";
    stage.folder.write("policy.toml", &format!("{revocation}{POLICY}"));
    stage.folder.json(&["store", "init"]);
    let agent = stage.clients.issue(&agent());
    stage.folder.write("agent.pem", &agent.pem());
    stage.folder.write("agent.key", &agent.key_pem);
    stage.folder.write("servers.pem", &stage.trusted.pem());
    stage
}

#[test]
fn a_probe_can_present_the_revoked_certificate_to_a_host_with_a_private_authority() {
    let stage = stage();
    let server = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    let url = format!("https://localhost:{}/orders", server.address.port());
    let probe = ["--probe", &url, "--probe-ca", "servers.pem"];
    let certificate = ["--probe-cert", "agent.pem", "--probe-key", "agent.key"];
    let ran = revoke(&stage, &[probe, certificate].concat());
    assert_eq!(ran.code(), 0, "{} {}", ran.stdout(), ran.stderr());
    assert!(ran.report()["waited"]["probes"][0]["refused_after_seconds"].is_number());
}

#[test]
fn a_host_that_cannot_be_asked_is_not_reported_as_honouring_the_certificate() {
    let stage = stage();
    let server = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    // Without `--probe-ca` its certificate is not trusted.
    let url = format!("https://localhost:{}/orders", server.address.port());
    let ran = revoke(&stage, &["--probe", &url, "--probe", "http://127.0.0.1:1/"]);
    assert_eq!(ran.code(), 1, "{}", ran.stderr());
    for probe in ran.report()["waited"]["probes"].as_array().unwrap() {
        assert_eq!(probe["refused_after_seconds"], Value::Null, "{probe}");
        assert_eq!(probe["asked"], false, "{probe}");
    }

    let arguments =
        ["revoke", "certificate", "--file", "agent.pem", "--reason", "a test", "--wait"];
    let human = stage.folder.run(&[&arguments[..], &["--probe", "http://127.0.0.1:1/"]].concat());
    assert!(
        human.stdout().contains("http://127.0.0.1:1/ COULD NOT BE ASKED: "),
        "{}",
        human.stdout()
    );
    assert!(!human.stdout().contains("DOES NOT REFUSE"), "{}", human.stdout());
}

#[test]
fn the_files_of_a_probe_are_read_before_anything_is_revoked() {
    let stage = stage();
    let ran = revoke(&stage, &["--probe", "https://localhost/", "--probe-ca", "agent.key"]);
    assert_eq!(ran.code(), 3, "{}", ran.stderr());
    assert!(ran.stderr().contains("agent.key has no certificate in it"), "{}", ran.stderr());
    assert_eq!(
        stage.folder.json(&["revocations", "list"])["revocations"],
        Value::Array(Vec::new())
    );
}
