//! The listener's own TLS, and the certificates that clients send on it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod files;
mod fixture;
mod probe;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use common::echo;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan, ClientUsage};
use fixture::{ARGUMENTS, POLICY, Stage, agent};

#[test]
fn a_certificate_of_the_listeners_authority_passes_and_the_upstream_learns_whose_it_is() {
    let stage = Stage::new();
    let upstream = format!("http://{}", echo());
    let server = stage.serve(&["--upstream", &upstream]);
    let client = stage.clients.issue(&agent());
    let spoofed =
        "client-cert: :AAAA:\r\nx-forwarded-client-cert: By=x\r\nx-auth-subject: root\r\n";
    let response = stage.call(server.address, "/orders", Some(&client), spoofed);
    assert_eq!(response.status, 200, "{response:?}");
    let seen = response.body.to_lowercase();
    for wanted in [
        "x-auth-principal: cert:agents:spiffe://example.com/agent",
        "x-auth-kind: client-certificate",
        "x-forwarded-proto: https",
    ] {
        assert!(seen.contains(wanted), "{seen}");
    }
    assert!(!seen.contains("client-cert:") && !seen.contains("root"), "{seen}");
    let audit = server.audit();
    assert_eq!(audit["principal"], "cert:agents:spiffe://example.com/agent");
    let thumbprint: String = client.thumbprint().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(audit["certificate"], thumbprint);
}

#[test]
fn a_revoked_certificate_is_refused_in_either_form_and_so_are_all_of_a_revoked_authority() {
    let stage = Stage::new();
    let revocation = "[revocation]\nbound = \"1s\"\nsecret = \"PEPPER\"\n";
    stage.folder.write("policy.toml", &format!("{revocation}{POLICY}"));
    stage.folder.json(&["store", "init"]);
    let server = stage.serve(&["--upstream", &format!("http://{}", echo())]);
    let (one, two) = (stage.clients.issue(&agent()), stage.clients.issue(&agent()));
    let status = |client: &Client| stage.call(server.address, "/orders", Some(client), "").status;
    let revoke = |fingerprint: &[u8]| {
        let digits: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
        let revoke =
            ["revoke", "certificate", "--fingerprint", &digits, "--reason", "a test", "--wait"];
        stage.folder.json(&revoke);
    };
    for client in [&one, &one.with_other_signature(), &two, &two.with_other_signature()] {
        assert_eq!(status(client), 200);
    }
    revoke(&one.thumbprint());
    assert_eq!((status(&one), status(&one.with_other_signature())), (401, 401));
    assert_eq!(status(&two), 200);
    stage.folder.json(&[
        "revoke",
        "certificate",
        "--file",
        "clients.pem",
        "--reason",
        "a test",
        "--wait",
    ]);
    assert_eq!((status(&two), status(&two.with_other_signature())), (401, 401));
}

#[test]
fn each_certificate_that_is_not_good_is_refused_with_its_code() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let issue = |plan: &ClientPlan| stage.clients.issue(plan);
    let namesake = Authority::root(&AuthorityPlan::named("Agents CA"));
    for (client, code) in [
        (None, "credential_missing"),
        (Some(namesake.issue(&agent())), "certificate_issuer_untrusted"),
        (Some(agent().self_signed()), "certificate_issuer_untrusted"),
        (Some(issue(&ClientPlan { valid: (now - 99, now - 9), ..agent() })), "certificate_expired"),
        (
            Some(issue(&ClientPlan { valid: (now + 9_999, now + 99_999), ..agent() })),
            "certificate_not_yet_valid",
        ),
        (
            Some(issue(&ClientPlan { usage: Some(ClientUsage::Server), ..agent() })),
            "certificate_invalid",
        ),
        (
            Some(issue(&ClientPlan::with_uri("spiffe://other.example/a"))),
            "certificate_identity_mismatch",
        ),
        (Some(issue(&ClientPlan { padding: 30_000, ..agent() })), "credential_too_large"),
        (Some(issue(&ClientPlan { unknown_critical: true, ..agent() })), "certificate_invalid"),
    ] {
        let response = stage.call(server.address, "/orders", client.as_ref(), "");
        assert!(response.body.contains(&format!("\"{code}\"")), "{code}: {response:?}");
        let challenged =
            response.header("www-authenticate") == Some("ClientCertificate realm=\"api\"");
        assert_eq!(challenged, response.status == 401, "{code}: {response:?}");
        assert_eq!(server.audit()["code"], code);
        // Where no rule asks for a certificate, none is looked at.
        assert_eq!(stage.call(server.address, "/public", client.as_ref(), "").status, 502);
        assert_eq!(server.audit()["allowed"], true);
    }
}

#[test]
fn a_client_without_tls_is_cut_off_without_an_answer() {
    let stage = Stage::new();
    let server = stage.serve(&[]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}

#[test]
fn a_listener_that_asks_anyone_for_a_certificate_does_so_for_every_block() {
    let stage = Stage::new();
    let own = POLICY.replace("source = \"tls\"", "source = \"tls\"\nca_file = \"clients.pem\"");
    let pin = "ab".repeat(32);
    let pinned = format!(
        "[[client_cert]]\nname = \"pinned\"\nsource = \"tls\"\nfingerprint = \"{pin}\"\nidentity = \"fingerprint\"\n"
    );
    stage.folder.write("policy.toml", &format!("{own}{pinned}"));
    let server =
        stage.folder.serve(&[&ARGUMENTS[..4], &["--upstream", "http://127.0.0.1:9"]].concat());
    let client = stage.clients.issue(&agent());
    assert_eq!(stage.call(server.address, "/orders", Some(&client), "").status, 502);
    // Without TLS there are no certificates: not at the start, and not after a signal.
    let public = "[[rule]]\npath = \"/public\"\npublic = true\n";
    stage.folder.write("policy.toml", public);
    let server = stage.folder.serve(&[]);
    stage.folder.write("policy.toml", &format!("{pinned}{public}"));
    server.signal("HUP");
    server.notice("the new policy was NOT loaded");
    server.notice("the policy pins certificates of this listener");
}

#[test]
fn a_failed_handshake_is_logged() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let notice = server.notice("a TLS handshake with 127.0.0.1 failed: ");
    assert!(notice.contains("received corrupt message"), "{notice}");
}
