//! The gateway over HTTP/2, with prior knowledge (RFC 9113, section 3.3).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use common::{Folder, Server, echo};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const POLICY: &str = r#"
[[rule]]
path = "/public/{*rest}"
public = true

[[rule]]
host = "inside.example"
path = "/inside"
public = true
"#;

async fn get(server: &Server, target: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let client: Client<_, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).http2_only(true).set_host(false).build_http();
    let mut request = Request::get(format!("http://{}{target}", server.address));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Empty::new()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_request_is_proxied_with_the_target_that_was_matched() {
    let server = Folder::with_policy(POLICY).serve(&["--upstream", &format!("http://{}", echo())]);
    let (status, seen) = get(&server, "/public/a/../b?c=%2e%2e", &[]).await;
    assert_eq!(status, 200);
    assert!(seen.starts_with("GET /public/b?c=%2e%2e HTTP/1.1"), "{seen}");
}

#[tokio::test]
async fn a_host_field_that_contradicts_the_authority_is_refused() {
    let server = Folder::with_policy(POLICY).serve(&["--upstream", &format!("http://{}", echo())]);
    let (status, body) = get(&server, "/inside", &[("host", "inside.example")]).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(server.audit()["code"], "host_mismatch");
    let (status, _) = get(&server, "/public/x", &[("host", &server.address.to_string())]).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn the_cookie_fields_of_http_2_are_joined() {
    let server = Folder::with_policy(POLICY).serve(&["--upstream", &format!("http://{}", echo())]);
    let (_, seen) = get(&server, "/public/x", &[("cookie", "a=1"), ("cookie", "b=2")]).await;
    assert!(seen.contains("cookie: a=1; b=2\r\n"), "{seen}");
}

#[tokio::test]
async fn the_limit_of_fields_is_that_of_http_1() {
    let server = Folder::with_policy(POLICY).serve(&["--upstream", &format!("http://{}", echo())]);
    let (status, body) = get(&server, "/public/x", &[("x", "1"); 140]).await;
    assert_eq!(status, 431, "{body}");
    assert_eq!(get(&server, "/public/x", &[("x", "1"); 100]).await.0, 200);
}
