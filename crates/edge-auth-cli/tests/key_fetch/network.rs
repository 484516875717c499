//! A private network in the test's process: an issuer that speaks TLS, and a proxy that leads to
//! it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan, ClientUsage};
use edge_auth_testkit::mint::TestKey;
use pki_types::PrivateKeyDer;
use pki_types::pem::PemObject;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

type Requests = Arc<Mutex<Vec<String>>>;

/// An issuer that publishes its metadata and its key set.
pub(crate) struct Issuer {
    pub(crate) address: SocketAddr,
    /// Issued its certificate.
    pub(crate) authority: Authority,
    requests: Requests,
}

impl Issuer {
    /// Starts one whose `iss` is this; it demands this `Authorization`.
    pub(crate) fn start(iss: &str, authorization: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::serve(listener, iss.to_owned(), authorization)
    }

    /// Starts one whose `iss` is its address on this machine.
    pub(crate) fn start_on_localhost(authorization: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let iss = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        Self::serve(listener, iss, authorization)
    }

    fn serve(listener: TcpListener, iss: String, authorization: Option<&'static str>) -> Self {
        let address = listener.local_addr().unwrap();
        let authority = Authority::root(&AuthorityPlan::named("Corp CA"));
        let config = server_config(&authority);
        let requests = Requests::default();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream = StreamOwned::new(connection, stream);
                let (iss, seen) = (iss.clone(), Arc::clone(&seen));
                thread::spawn(move || answer(stream, &iss, authorization, &seen));
            }
        });
        Self { address, authority, requests }
    }

    /// Returns the heads of the requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

fn server_config(authority: &Authority) -> Arc<ServerConfig> {
    let hosts = vec!["issuer.test".to_owned(), "localhost".to_owned()];
    let plan = ClientPlan { hosts, usage: Some(ClientUsage::Server), ..ClientPlan::default() };
    let server = authority.issue(&plan);
    let key = PrivateKeyDer::from_pem_slice(server.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(server.chain, key).unwrap())
}

fn answer(
    mut stream: StreamOwned<ServerConnection, TcpStream>,
    iss: &str,
    authorization: Option<&str>,
    seen: &Requests,
) {
    let Some(head) = head(&mut stream) else { return };
    let (status, document) =
        if !authorization.is_none_or(|wanted| has_field(&head, "authorization", wanted)) {
            ("401 Unauthorized", json!({}))
        } else if head.starts_with("GET /.well-known/openid-configuration ") {
            ("200 OK", json!({ "issuer": iss, "jwks_uri": format!("{iss}/keys") }))
        } else {
            ("200 OK", json!({ "keys": [TestKey::named("p256").unwrap().jwk()] }))
        };
    seen.lock().unwrap().push(head);
    let body = document.to_string();
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all((head + &body).as_bytes());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// A proxy that speaks CONNECT, and leads every tunnel to one address.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    requests: Requests,
}

impl Proxy {
    /// Starts one that demands this `Proxy-Authorization`.
    pub(crate) fn start(to: SocketAddr, authorization: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Requests::default();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                thread::spawn(move || tunnel(stream, to, authorization, &seen));
            }
        });
        Self { address, requests }
    }

    /// Returns the request lines since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

fn tunnel(mut client: TcpStream, to: SocketAddr, authorization: Option<&str>, seen: &Requests) {
    let Some(head) = head(&mut client) else { return };
    seen.lock().unwrap().push(head.lines().next().unwrap().to_owned());
    if !authorization.is_none_or(|wanted| has_field(&head, "proxy-authorization", wanted)) {
        let _ = client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
    }
    let mut server = TcpStream::connect(to).unwrap();
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
}

/// Reads the head of a request, up to its empty line; `None` if the connection ends before it.
fn head(stream: &mut impl Read) -> Option<String> {
    let mut head = String::new();
    // One byte at a time: what follows is not the head's.
    let mut reader = BufReader::with_capacity(1, stream);
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

fn has_field(head: &str, name: &str, value: &str) -> bool {
    head.lines().any(|line| match line.split_once(": ") {
        Some((field, found)) => field.eq_ignore_ascii_case(name) && found == value,
        None => false,
    })
}
