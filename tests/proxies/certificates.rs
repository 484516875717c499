//! Proxies that ask clients for certificates and hand them over to the gate, which verifies them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use edge_auth_e2e::{Gate, Service, free_port};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan, ClientUsage};
use edge_auth_testkit::scenario::SeenRequest;
use edge_auth_testkit::wire::Recorder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::front::{Proxy, beside};

/// A gate as a gateway behind a proxy that terminates TLS.
struct Edge {
    service: Service,
    page: Recorder,
    roots: RootCertStore,
    _gate: Gate,
    _folder: TempDir,
}

/// A known authority with one below it, an unknown authority, and a client with a self-signed
/// certificate.
struct Parties {
    known: Authority,
    below: Authority,
    stranger: Authority,
    own: Client,
}

impl Parties {
    fn new() -> Self {
        let known = Authority::root(&AuthorityPlan::named("Presses CA"));
        let below = known.below(&AuthorityPlan::named("Presses CA 2"));
        let own = Client::self_signed(&press());
        Self { known, below, stranger: Authority::root(&AuthorityPlan::named("Presses CA")), own }
    }
}

fn press() -> ClientPlan {
    ClientPlan { subject: vec![("CN".to_owned(), "press-4".to_owned())], ..ClientPlan::default() }
}

fn policy(source: &str, own: &Client) -> String {
    let pin: String =
        Sha256::digest(own.certificate()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "[trust]\nnetworks = [\"127.0.0.0/8\"]\n\
         [[client_cert]]\nname = \"presses\"\nsource = \"{source}\"\nca_file = \"presses.pem\"\n\
         identity = {{ subject = \"CN\" }}\n\
         [[client_cert]]\nname = \"pinned\"\nsource = \"{source}\"\nfingerprint = \"{pin}\"\n\
         identity = \"fingerprint\"\n\
         [[rule]]\npath = \"/jobs\"\nrequire = {{ any = [\"cert:presses\", \"cert:pinned\"] }}\n"
    )
}

impl Edge {
    fn of(proxy: Proxy, source: &str, parties: &Parties) -> Self {
        let page = Recorder::start().expect("a page");
        let ca = parties.known.pem();
        let gate =
            Gate::before(&page.url(), &policy(source, &parties.own), &[("presses.pem", &ca)]);
        let plan = ClientPlan {
            hosts: vec!["localhost".to_owned()],
            usage: Some(ClientUsage::Server),
            ..ClientPlan::default()
        };
        let authority = Authority::root(&AuthorityPlan::named("Servers CA"));
        let server = authority.issue(&plan);
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).expect("an authority");
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder for tests");
        let configuration = beside(&format!("certificates/{}", proxy.configuration()))
            .replace("8080", &port.to_string())
            .replace("8787", &gate.address.port().to_string());
        for (name, text) in [
            (proxy.configuration(), &configuration),
            ("server.pem", &server.pem()),
            ("server.key", &server.key_pem),
            ("presses.pem", &ca),
        ] {
            fs::write(folder.path().join(name), text).expect("a writable folder");
        }
        let service =
            Service::start(proxy.command().env("HOME", folder.path()), folder.path(), port);
        let edge = Self { service, page, roots, _gate: gate, _folder: folder };
        edge.wait(&parties.known.issue(&press()));
        edge
    }

    /// Waits until the proxy forwards requests: it may listen before it can.
    fn wait(&self, client: &Client) {
        for _ in 0..500 {
            if self.get(Some(client), "").0 == 200 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the proxy forwards nothing: {:?}", self.get(Some(client), ""));
    }

    /// Sends a request and returns the status and what arrived at the page.
    fn get(&self, client: Option<&Client>, fields: &str) -> (u16, Vec<SeenRequest>) {
        self.page.take();
        let config = ClientConfig::builder().with_root_certificates(self.roots.clone());
        let config = match client {
            Some(client) => {
                let key = PrivateKeyDer::from_pem_slice(client.key_pem.as_bytes()).expect("a key");
                config.with_client_auth_cert(client.chain.clone(), key).expect("a pair")
            }
            None => config.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let stream = TcpStream::connect(self.service.address).expect("a connection");
        let mut stream = StreamOwned::new(connection, stream);
        let request =
            format!("GET /jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
        let mut answer = Vec::new();
        // The proxy may close the connection after the answer.
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
        let head = String::from_utf8_lossy(&answer);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, self.page.take())
    }
}

/// Returns fields by which a client could claim to own the certificate.
fn forged(proxy: Proxy, client: &Client) -> String {
    use base64::Engine;
    let escaped = client.pem().replace('\n', "%0A").replace(' ', "%20");
    let base64 = base64::engine::general_purpose::STANDARD.encode(client.certificate());
    match proxy {
        Proxy::Envoy | Proxy::OldestEnvoy => {
            format!("X-Forwarded-Client-Cert: Cert=\"{escaped}\"\r\n")
        }
        Proxy::Traefik | Proxy::OldestTraefik => {
            format!("X-Forwarded-Tls-Client-Cert: {base64}\r\n")
        }
        Proxy::Nginx | Proxy::Caddy | Proxy::OldestCaddy => {
            format!("X-SSL-Client-Cert: {escaped}\r\n")
        }
    }
}

fn hands_over_the_certificate(proxy: Proxy, source: &str) {
    let parties = Parties::new();
    let edge = Edge::of(proxy, source, &parties);
    let client = parties.known.issue(&press());

    let (status, arrived) = edge.get(Some(&client), "");
    assert_eq!((status, principal(&arrived)), (200, "cert:presses:press-4"));
    let (status, arrived) = edge.get(Some(&parties.own), "");
    assert_eq!(status, 200, "a pinned one");
    assert!(principal(&arrived).starts_with("cert:pinned:"));
    // nginx hands over only the client's own certificate, so the chain is incomplete.
    let (status, _) = edge.get(Some(&parties.below.issue(&press())), "");
    assert_eq!(status, if proxy == Proxy::Nginx { 401 } else { 200 }, "one below an intermediate");

    for (who, what) in [
        (None, "no certificate"),
        (Some(parties.stranger.issue(&press())), "another authority's"),
        (Some(Client::self_signed(&press())), "another self-signed one"),
    ] {
        for fields in [String::new(), forged(proxy, &client)] {
            let (status, arrived) = edge.get(who.as_ref(), &fields);
            assert_eq!((status, arrived.len()), (401, 0), "{what}: {fields}");
        }
    }
}

/// Returns the principal at the page, which must not get the certificate.
fn principal(arrived: &[SeenRequest]) -> &str {
    let Some(seen) = arrived.first() else { return "" };
    let mut principal = "";
    for (name, value) in &seen.headers {
        assert!(!name.to_ascii_lowercase().contains("client-cert"), "{seen:?}");
        if name.eq_ignore_ascii_case("x-auth-principal") {
            principal = value;
        }
    }
    principal
}

#[test]
fn nginx_hands_over_the_clients_certificate() {
    hands_over_the_certificate(Proxy::Nginx, "nginx");
}

#[test]
fn envoy_hands_over_the_clients_certificate() {
    hands_over_the_certificate(Proxy::Envoy, "envoy-xfcc");
}

#[test]
fn traefik_hands_over_the_clients_certificate() {
    hands_over_the_certificate(Proxy::Traefik, "traefik");
}
