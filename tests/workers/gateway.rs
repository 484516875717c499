//! Traffic of a gateway between a client and the origin.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use edge_auth_testkit::wire::{Response, Server};
use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::{Driver, Log};
use crate::keys::{PEPPER, POLICY, made};

/// Echoes bodies and WebSocket messages, and describes all other requests.
const ORIGIN: &str = r#"
export default {
  fetch(request: Request) {
    const url = new URL(request.url);
    if (request.headers.get("upgrade") === "websocket") {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener("message", ({ data }) => server.send(`${request.headers.get("x-auth-kind")}: ${data}`));
      return new Response(null, { status: 101, webSocket: client });
    }
    if (url.searchParams.has("endless")) {
      const bytes = new TextEncoder().encode("tick");
      return new Response(new ReadableStream({ start: (stream) => stream.enqueue(bytes) }));
    }
    if (url.searchParams.has("long")) {
      const { readable, writable } = new FixedLengthStream(1000);
      const writer = writable.getWriter();
      writer.write(new TextEncoder().encode("tick"));
      return new Response(readable, { headers: { "content-length": "1000" } });
    }
    if (url.searchParams.has("broken")) throw new Error(`cannot load ${request.url}`);
    if (url.searchParams.has("whole")) return new Response("whole");
    if (url.searchParams.has("silent")) return new Promise(() => setTimeout(() => {}, 60_000));
    if (url.searchParams.has("away")) return Response.redirect("http://elsewhere.example/", 302);
    if (request.method === "POST") return new Response(request.body);
    return Response.json({ url: request.url, headers: [...request.headers] }, { headers: { "cdn-cache-control": "max-age=60", "akamai-cache-control": "max-age=60", "x-accel-expires": "60", "cache-control": "public, max-age=60", "access-control-allow-origin": "*", "access-control-allow-credentials": "true" } });
  },
};
"#;

const AGING: &str = r#"
[[rule]]
path = "/aging/{*rest}"
public = true
upgrade = true
max_response_age = "1s"
"#;

const WITH_CORS: &str = r#"
[[rule]]
path = "/page"
public = true
cors = { origins = ["https://app.example.com"] }
"#;

struct Gateway {
    driver: Driver,
    at: SocketAddr,
    key: String,
}

fn gateway() -> Gateway {
    let driver = Driver::start();
    let gate = Deployment::gate("gate")
        .policy(&format!("{POLICY}{WITH_CORS}{AGING}"))
        .variable("PEPPER", PEPPER)
        .variable("UPSTREAM", "http://origin.example")
        .service("ORIGIN", json!("origin"))
        .reading();
    let control = gate.control(1);
    let workers = [gate, control, Deployment::of_script("origin", ORIGIN)].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    let key = made(&driver);
    Gateway { at: address(&started, "gate"), key, driver }
}

impl Gateway {
    /// Opens a connection and sends the head of a request.
    fn open(&self, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{head}Host: api.example.com\r\nX-Api-Key: {}\r\n\r\n", self.key).unwrap();
        stream
    }
}

/// Reads until the bytes end with `end`.
fn read_to(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut came = Vec::new();
    while !came.ends_with(end) {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&came));
        came.push(byte[0]);
    }
    came
}

#[test]
fn bodies_stream_both_ways() {
    let gateway = gateway();
    let mut stream = gateway.open("POST /orders/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n");
    stream.write_all(b"5\r\nfirst\r\n").unwrap();
    // The first chunk returns before the rest is sent.
    let came = read_to(&mut stream, b"first");
    assert!(came.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&came));
    stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").unwrap();
    read_to(&mut stream, b"second");
}

#[test]
fn a_websocket_connects_the_client_to_the_origin() {
    let gateway = gateway();
    let mut stream = gateway.open(
        "GET /socket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    let head = read_to(&mut stream, b"\r\n\r\n");
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    // One text frame, masked with zeros (RFC 6455, section 5.2).
    stream.write_all(b"\x81\x82\0\0\0\0hi").unwrap();
    read_to(&mut stream, b"api-key: hi");
}

#[test]
fn a_websocket_is_closed_at_the_age_that_its_rule_allows() {
    let gateway = gateway();
    let mut stream = gateway.open(
        "GET /aging/socket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    let head = read_to(&mut stream, b"\r\n\r\n");
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream.write_all(b"\x81\x82\0\0\0\0hi").unwrap();
    read_to(&mut stream, b": hi");
    // A close frame with 1008 (RFC 6455, sections 5.5.1 and 7.4.1).
    read_to(&mut stream, b"\x03\xf0max_response_age");
}

#[test]
fn an_answer_ends_at_the_age_that_its_rule_allows() {
    let gateway = gateway();
    let mut stream = gateway.open("GET /aging/x?endless HTTP/1.1\r\n");
    let mut came = Vec::new();
    let _ = stream.read_to_end(&mut came);
    let came = String::from_utf8_lossy(&came).into_owned();
    assert!(came.starts_with("HTTP/1.1 200") && came.contains("tick"), "{came}");
}

#[test]
fn an_answer_with_a_length_is_cut_at_that_age() {
    let gateway = gateway();
    let mut stream = gateway.open("GET /aging/x?long HTTP/1.1\r\n");
    let mut came = Vec::new();
    let _ = stream.read_to_end(&mut came);
    let came = String::from_utf8_lossy(&came).to_ascii_lowercase();
    assert!(came.contains("content-length: 1000\r\n") && came.ends_with("tick"), "{came}");
    let whole = send(gateway.at, "GET", "/aging/x?whole", &[]);
    assert_eq!((whole.status, &whole.body[..]), (200, &b"whole"[..]));
}

#[test]
fn an_answer_that_begins_too_late_is_a_504_and_a_short_one_is_unchanged() {
    let gateway = gateway();
    assert_eq!(send(gateway.at, "GET", "/aging/x?silent", &[]).status, 504);
    assert_eq!(send(gateway.at, "GET", "/aging/x", &[]).status, 200);
}

#[test]
fn a_get_with_a_length_of_zero_is_forwarded_and_one_with_a_body_is_refused() {
    let gateway = gateway();
    for (length, body, status) in [("0", "", "200"), ("5", "hello", "400")] {
        let mut stream =
            gateway.open(&format!("GET /orders/1 HTTP/1.1\r\nContent-Length: {length}\r\n"));
        stream.write_all(body.as_bytes()).unwrap();
        let head = read_to(&mut stream, b"\r\n");
        assert!(
            head.starts_with(format!("HTTP/1.1 {status}").as_bytes()),
            "{}",
            String::from_utf8_lossy(&head)
        );
    }
}

#[test]
fn an_invalid_answer_of_the_origin_is_a_502() {
    let origin = Server::start(|_| Response { status: 999, ..Response::default() }).unwrap();
    let driver = Driver::start();
    let gate = Deployment::gate("gate").policy(POLICY).variable("PEPPER", PEPPER).reading();
    let gate = gate.variable("UPSTREAM", &origin.url());
    let workers = [gate.control(1), gate].map(Value::from);
    let started = driver.start_workers(json!(workers)).unwrap();
    assert_eq!(
        send(address(&started, "gate"), "GET", "/public", &[]).status,
        502,
        "{:?}",
        driver.logs()
    );
}

#[test]
fn a_redirect_is_returned_to_the_client() {
    let gateway = gateway();
    let headers = [("x-api-key", gateway.key.as_str())];
    let answer = send(gateway.at, "GET", "/orders/1?away", &headers);
    assert_eq!(answer.status, 302);
    assert!(
        answer.headers.iter().any(|(_, value)| value == "http://elsewhere.example/"),
        "{:?}",
        answer.headers
    );
}

#[test]
fn the_origin_gets_the_identity_without_the_credential_and_shared_caches_do_not_store_its_answer() {
    let gateway = gateway();
    let headers = [
        ("x-api-key", gateway.key.as_str()),
        ("x-auth-principal", "root"),
        ("x-forwarded-for", "6.6.6.6"),
    ];
    let answer = send(gateway.at, "GET", "/orders/1?x=%2F", &headers);
    let seen: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(seen["url"], "http://origin.example/orders/1?x=%2F");
    let text = seen.to_string();
    assert!(
        !text.contains(&gateway.key) && !text.contains("root") && !text.contains("6.6.6.6"),
        "{text}"
    );
    assert!(text.contains(r#"["x-auth-kind","api-key"]"#), "{text}");
    assert!(text.contains(r#"["x-forwarded-for","127.0.0.1"]"#), "{text}");
    let field =
        |name: &str| answer.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
    assert_eq!(
        field("cache-control").map(|(_, value)| value.as_str()),
        Some("private, max-age=60")
    );
    for of_networks in ["cdn-cache-control", "akamai-cache-control", "x-accel-expires"] {
        assert_eq!(field(of_networks), None);
    }
    assert!(
        field("access-control-allow-origin").is_some(),
        "a rule without `cors` leaves it to the origin"
    );
}

#[test]
fn a_rule_with_cors_alone_decides_which_pages_may_read_an_answer() {
    let gateway = gateway();
    for (origin, allowed) in [
        ("https://app.example.com", vec!["https://app.example.com"]),
        ("https://elsewhere.example.com", vec![]),
    ] {
        let answer = send(gateway.at, "GET", "/page", &[("origin", origin)]);
        assert_eq!(answer.status, 200);
        let mut fields = answer.headers;
        fields.retain(|(name, _)| name.to_ascii_lowercase().starts_with("access-control-allow-"));
        let values: Vec<&str> = fields.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, allowed, "{origin}");
    }
}

#[test]
fn an_origin_that_fails_is_logged_without_the_query_of_the_request() {
    let gateway = gateway();
    let target = "/public?broken&access_token=SECRET0SECRET";
    assert_eq!(send(gateway.at, "GET", target, &[]).status, 502);
    fn reported(log: &Log) -> bool {
        log.text.contains("upstream http://origin.example: ")
    }
    let logs = gateway.driver.logs_until(reported, Duration::from_secs(20));
    assert!(logs.iter().any(reported), "{logs:?}");
    for log in logs.iter().filter(|log| reported(log)) {
        assert!(!log.text.contains("SECRET0SECRET"), "{logs:?}");
    }
}
