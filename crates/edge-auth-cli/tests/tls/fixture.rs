//! A server with TLS, and clients with certificates.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use edge_auth_testkit::certificates::{
    Authority, AuthorityPlan, Client, ClientPlan, ClientUsage, Span,
};
use pki_types::pem::PemObject;
use pki_types::{PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::{Folder, Response, Server};

pub(crate) const POLICY: &str = r#"
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
pub(crate) struct Stage {
    pub(crate) folder: Folder,
    /// Issued the server's certificate.
    pub(crate) trusted: Authority,
    pub(crate) clients: Authority,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = Folder::with_policy(POLICY);
        let trusted = Authority::root(&AuthorityPlan::named("Servers CA"));
        let clients = Authority::root(&AuthorityPlan::named("Agents CA"));
        folder.write("clients.pem", &clients.pem());
        let stage = Self { folder, trusted, clients };
        stage.write_server("a");
        stage
    }

    /// A new certificate of the server's, with a serial number of its own.
    pub(crate) fn write_server(&self, name: &str) {
        self.write_server_good(name, ClientPlan::default().valid);
    }

    pub(crate) fn write_server_good(&self, name: &str, valid: Span) {
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

    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        self.folder.serve(&[&ARGUMENTS[..], more].concat())
    }

    /// Sends a request over TLS, with this certificate.
    pub(crate) fn call(
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

    pub(crate) fn connect(
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

pub(crate) const ARGUMENTS: [&str; 6] =
    ["--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "clients.pem"];

pub(crate) fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}
