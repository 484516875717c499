//! An upstream that is not there, or does not answer; and texts that name none.

use std::time::Duration;

use tokio::net::TcpListener;

use super::wire::{Setting, gateway, read_all, read_to, send, upstream};
use crate::serve::proxy::Upstream;

const GET: &str = "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn an_upstream_that_is_down_is_a_bad_gateway() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let upstream = format!("http://{unused}").parse().unwrap();
    let gateway = gateway(upstream, Setting::default()).await;
    let answer = read_all(&mut send(gateway, GET).await).await;
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("application/problem+json"), "{answer}");
}

#[tokio::test]
async fn an_upstream_that_hangs_up_or_answers_junk_is_a_bad_gateway() {
    for junk in ["", "junk\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        let answer = super::wire::answered(GET, junk).await;
        assert!(answer.starts_with("HTTP/1.1 502"), "{junk:?}: {answer}");
    }
}

#[tokio::test]
async fn an_upstream_that_never_answers_is_given_up() {
    let (listener, upstream) = upstream().await;
    let upstream = Upstream { patience: Duration::from_millis(50), ..upstream };
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client = send(gateway, GET).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    let answer = read_all(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
}

#[test]
fn an_upstream_is_an_origin_and_nothing_more() {
    for good in
        ["http://127.0.0.1:3000", "https://api.internal", "http://[::1]:80/", "http://api.internal:8080"]
    {
        assert!(good.parse::<Upstream>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "api.internal",
        "api.internal:80",
        "ftp://api.internal",
        "http://",
        "http://user:password@api.internal",
        "http://api.internal/base",
        "http://api.internal/?a",
        "http://api.internal/#a",
        "unix:/run/api.sock",
    ] {
        let error = bad.parse::<Upstream>().unwrap_err().to_string();
        assert!(error.contains("http://127.0.0.1:3000") && !error.contains("password@"), "{bad}: {error}");
    }
}
