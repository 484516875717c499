//! The listener's own TLS, and the certificates that clients send on it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{Folder, Response, Server, echo};
use edge_auth_testkit::certificates::{
    Authority, AuthorityPlan, Client, ClientPlan, ClientUsage, Span,
};
use pki_types::pem::PemObject;
use pki_types::{PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const POLICY: &str = r#"
[[client_cert]]
name = "agents"
source = "tls"
identity = { san_uri = "spiffe://example.com/*" }
scopes = ["orders:read"]

[[rule]]
path = "/orders"
require = "cert:agents"
scopes = ["orders:read"]

[[rule]]
path = "/public"
public = true
"#;

/// A folder with a policy, a server's certificate, and the authority of clients.
struct Stage {
    folder: Folder,
    /// Issued the server's certificate.
    trusted: Authority,
    clients: Authority,
}

impl Stage {
    fn new() -> Self {
        let folder = Folder::with_policy(POLICY);
        let trusted = Authority::root(&AuthorityPlan::named("Servers CA"));
        let clients = Authority::root(&AuthorityPlan::named("Agents CA"));
        folder.write("clients.pem", &clients.pem());
        let stage = Self { folder, trusted, clients };
        stage.write_server("a");
        stage
    }

    /// A new certificate of the server's, with a serial number of its own.
    fn write_server(&self, name: &str) {
        self.write_server_good(name, ClientPlan::default().valid);
    }

    fn write_server_good(&self, name: &str, valid: Span) {
        let plan = ClientPlan {
            valid,
            hosts: vec!["localhost".to_owned()],
            usage: Some(ClientUsage::Server),
            serial: name.as_bytes().to_vec(),
            ..ClientPlan::default()
        };
        let server = self.trusted.issue(&plan);
        self.folder.write("server.pem", &server.pem());
        self.folder.write("server.key", &server.key_pem);
    }

    fn serve(&self, more: &[&str]) -> Server {
        self.folder.serve(&[&ARGUMENTS[..], more].concat())
    }

    /// Sends a request over TLS, with this certificate.
    fn call(
        &self,
        address: SocketAddr,
        path: &str,
        client: Option<&Client>,
        fields: &str,
    ) -> Response {
        let mut stream = self.connect(address, client);
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Response::parse(&answer)
    }

    fn connect(
        &self,
        address: SocketAddr,
        client: Option<&Client>,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions();
        let builder = builder.unwrap().with_root_certificates(roots);
        let config = match client {
            Some(client) => {
                let key = PrivateKeyDer::from_pem_slice(client.key_pem.as_bytes()).unwrap();
                // Whatever it says: to judge that is the server's part.
                let key = provider.key_provider.load_private_key(key).unwrap();
                let certified = CertifiedKey::new(client.chain.clone(), key);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        StreamOwned::new(connection, stream)
    }
}

const ARGUMENTS: [&str; 6] =
    ["--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "clients.pem"];

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}

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
fn what_is_revoked_is_refused_on_the_listener_in_either_form_and_so_is_all_of_its_authority() {
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
fn who_speaks_no_tls_gets_no_answer_and_is_not_waited_for() {
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
fn files_are_read_again_on_a_signal_and_bad_ones_change_nothing() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let serial = || {
        let mut stream = stage.connect(server.address, None);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        let der = stream.conn.peer_certificates().unwrap()[0].to_vec();
        // The serial number follows the version: a tag, a length of 1, and one letter.
        let version = der.windows(5).position(|window| window == [0xa0, 3, 2, 1, 2]).unwrap();
        char::from(der[version + 7])
    };
    assert_eq!(serial(), 'a');
    let (new_authority, old) =
        (Authority::root(&AuthorityPlan::named("New CA")), stage.clients.issue(&agent()));
    let new = new_authority.issue(&agent());
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 401);
    stage.write_server("b");
    stage.folder.write("clients.pem", &new_authority.pem());
    server.signal("HUP");
    server.notice("policy read again");
    assert_eq!(serial(), 'b');
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 502);
    assert_eq!(stage.call(server.address, "/orders", Some(&old), "").status, 401);

    stage.folder.write("server.pem", "junk");
    server.signal("HUP");
    assert!(server.notice("server.pem").contains("no certificate"));
    assert_eq!(serial(), 'b');
    stage.write_server("c");
    stage.folder.write("clients.pem", "");
    server.signal("HUP");
    server.notice("NOT taken over");
    server.notice("--client-ca");
    assert_eq!(serial(), 'b');
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 502);
}

#[test]
fn the_gate_and_the_listener_take_over_new_files_together_or_not_at_all() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let new_authority = Authority::root(&AuthorityPlan::named("New CA"));
    let (old, new) = (stage.clients.issue(&agent()), new_authority.issue(&agent()));
    stage.folder.write("clients.pem", &new_authority.pem());
    stage.folder.write("server.key", "junk");
    server.signal("HUP");
    server.notice("the last good policy and certificates stay in force");
    server.notice("server.key holds no private key");
    assert_eq!(stage.call(server.address, "/orders", Some(&old), "").status, 502);
    assert_eq!(stage.call(server.address, "/orders", Some(&new), "").status, 401);
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
    server.notice("the policy was NOT taken over");
    server.notice("the policy pins certificates of this listener");
}

#[test]
fn a_client_that_tls_does_not_suit_is_told_of() {
    let stage = Stage::new();
    let server = stage.serve(&["--upstream", "http://127.0.0.1:9"]);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let notice = server.notice("a TLS handshake with 127.0.0.1 failed: ");
    assert!(notice.contains("received corrupt message"), "{notice}");
}

#[test]
fn blocks_by_which_nobody_can_pass_are_told_of_at_the_start() {
    let stage = Stage::new();
    let told = |stage: &Stage, arguments: &[&str]| stage.serve(arguments).told.join("\n");
    assert!(told(&stage, &[]).contains(
        "client_cert `agents`, source `tls`: no client passes by it: without an upstream"
    ));
    let upstream = ["--upstream", "http://127.0.0.1:9"];
    assert_eq!(told(&stage, &upstream), "");

    let expired = AuthorityPlan {
        valid: (1_000_000_000, 1_500_000_000),
        ..AuthorityPlan::named("Agents CA")
    };
    stage.folder.write(
        "clients.pem",
        &format!("{}{}", stage.clients.pem(), stage.clients.renewed(&expired).pem()),
    );
    assert!(
        told(&stage, &upstream)
            .contains("client_cert `agents`: authority 2 of 2: it was good until 2017")
    );
    stage.folder.write("clients.pem", &stage.clients.pem());
    stage.write_server_good("a", (1_000_000_000, 1_500_000_000));
    assert!(told(&stage, &upstream).contains("server.pem: it was good until 2017"));
    stage.write_server("a");

    let proxied =
        POLICY.replace("source = \"tls\"", "source = \"rfc9440\"\nca_file = \"clients.pem\"");
    stage.folder.write("policy.toml", &proxied);
    assert!(told(&stage, &upstream).contains("the gateway believes no proxy"));
    assert_eq!(told(&stage, &[]), "");
    stage.folder.write("policy.toml", &format!("[trust]\nnetworks = [\"10.0.0.0/8\"]\n{proxied}"));
    assert_eq!(told(&stage, &upstream), "");
}

#[test]
fn a_server_that_cannot_have_what_it_is_told_to_have_does_not_start() {
    let stage = Stage::new();
    let refused = |arguments: &[&str]| {
        let ran = stage.folder.run(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        assert!(ran.code() != 0, "{arguments:?}");
        ran.stderr()
    };
    stage.folder.write("empty.pem", "");
    stage.folder.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    stage.folder.write("other.key", &stage.clients.issue(&agent()).key_pem);
    let with = |index: usize, file: &'static str| {
        let mut arguments = ARGUMENTS;
        arguments[index] = file;
        refused(&arguments)
    };
    assert!(with(1, "none.pem").contains("no file none.pem"));
    assert!(with(1, "empty.pem").contains("empty.pem has no certificate in it"));
    assert!(with(3, "server.pem").contains("server.pem holds no private key"));
    assert!(with(3, "locked.key").contains("holds an encrypted key"));
    assert!(with(3, "other.key").contains("cannot be used together"));
    assert!(with(5, "empty.pem").contains("has no certificate in it"));
    assert!(with(5, "server.pem").contains("not an authority's"));
    // A policy that asks for certificates needs a listener that does.
    assert!(refused(&ARGUMENTS[..4]).contains("--client-ca"));
    assert!(refused(&[]).contains("--client-ca"));
    let own = POLICY.replace("source = \"tls\"", "source = \"tls\"\nca_file = \"clients.pem\"");
    stage.folder.write("policy.toml", &own);
    assert!(
        refused(&ARGUMENTS[..4])
            .contains("client_cert `agents`: this listener asks for no certificates")
    );
    // What the listener names to clients are authorities, whoever the policy's blocks trust.
    assert!(with(5, "server.pem").contains("server.pem certificate 1: it is not an authority's"));
    assert!(refused(&ARGUMENTS[..2]).contains("--tls-key"));
    assert!(refused(&ARGUMENTS[4..]).contains("--tls-cert"));
}
