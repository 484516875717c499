//! An upstream that is not there, or does not answer; and texts that name none.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Bytes, Frame};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains("application/problem+json"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_upstream_that_hangs_up_or_answers_junk_is_a_bad_gateway() {
    for junk in ["", "junk\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        let answer = super::wire::answered(GET, junk).await;
        assert!(answer.starts_with("HTTP/1.1 502"), "{junk:?}: {answer}");
    }
}

#[tokio::test]
async fn an_upstream_that_never_answers_times_out() {
    let (listener, upstream) = upstream().await;
    let upstream = Upstream { patience: Duration::from_millis(50), ..upstream };
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client = send(gateway, GET).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    let answer = read_all(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 504") && answer.contains("x-operator-notice"), "{answer}");
}

#[tokio::test]
async fn a_client_that_stops_within_its_body_times_out_and_the_upstream_is_not_blamed() {
    let (listener, upstream) = upstream().await;
    let upstream = Upstream { patience: Duration::from_millis(50), ..upstream };
    let gateway = gateway(upstream, Setting::default()).await;
    for (framing, part) in
        [("content-length: 4", "ab"), ("transfer-encoding: chunked", "2\r\nab\r\n")]
    {
        let request = format!("POST /x HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n{part}");
        let mut client = send(gateway, &request).await;
        let (_stream, _) = listener.accept().await.unwrap();
        let answer = read_all(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{framing}: {answer}");
        assert!(!answer.contains("x-operator-notice"), "{framing}: {answer}");
    }
}

/// A body that has begun, and does not go on.
struct Stopped(Option<Bytes>);

impl Body for Stopped {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(Frame::data(bytes)))))
    }
}

#[tokio::test]
async fn a_client_that_stops_within_its_body_is_given_up_over_http_2_too() {
    let (listener, upstream) = upstream().await;
    let upstream = Upstream { patience: Duration::from_millis(50), ..upstream };
    let gateway = gateway(upstream, Setting::default()).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request =
        Request::post(format!("http://{gateway}/x")).body(Stopped(Some("ab".into()))).unwrap();
    let answered = tokio::spawn(async move { client.request(request).await });
    let (_stream, _) = listener.accept().await.unwrap();
    assert_eq!(answered.await.unwrap().unwrap().status(), 408);
}

#[tokio::test]
async fn a_body_that_stops_after_an_early_answer_lets_go_of_the_upstream() {
    let (listener, upstream) = upstream().await;
    let upstream = Upstream { patience: Duration::from_millis(50), ..upstream };
    let gateway = gateway(upstream, Setting::default()).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request =
        Request::post(format!("http://{gateway}/x")).body(Stopped(Some("ab".into()))).unwrap();
    let answered = tokio::spawn(async move { client.request(request).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    // The answer has begun, and never ends.
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        .await
        .unwrap();
    assert_eq!(answered.await.unwrap().unwrap().status(), 200);
    read_all(&mut stream).await;
}

#[tokio::test]
async fn an_upstream_that_takes_no_body_times_out() {
    let (listener, upstream) = upstream().await;
    let upstream = Upstream { patience: Duration::from_millis(500), ..upstream };
    let gateway = gateway(upstream, Setting::default()).await;
    let length = 64 * 1024 * 1024;
    let head = format!("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
    let (mut reader, mut writer) = send(gateway, &head).await.into_split();
    // It ends when the gateway closes.
    tokio::spawn(async move { writer.write_all(&vec![b'x'; length]).await });
    let (_stream, _) = listener.accept().await.unwrap();
    let mut status = [0; 12];
    reader.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 504");
}

#[test]
fn an_upstream_is_an_origin_and_nothing_more() {
    for good in [
        "http://127.0.0.1:3000",
        "https://api.internal",
        "http://[::1]:80/",
        "http://api.internal:8080",
    ] {
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
        assert!(
            error.contains("http://127.0.0.1:3000") && !error.contains("password@"),
            "{bad}: {error}"
        );
    }
}
