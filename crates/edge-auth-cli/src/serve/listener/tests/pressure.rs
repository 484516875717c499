//! More connections and requests than there is room for.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frames::*;
use super::{far, server};
use crate::serve::Limits;

/// A request over HTTP/1.1 on a connection of its own, and its answer.
async fn get(server: std::net::SocketAddr, path: &str) -> String {
    let mut client = TcpStream::connect(server).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn closed(mut client: TcpStream) {
    let _ = client.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_newcomer_takes_the_place_of_the_connection_that_was_idle_longest() {
    let server = server(Limits { connections: 3, ..far() }).await;
    let silent = TcpStream::connect(server).await.unwrap();
    let mut first = Client::connect(server, 65_535).await;
    first.get(1, "/").await;
    first.answer(1).await;
    let mut second = Client::connect(server, 65_535).await;
    second.get(1, "/").await;
    second.answer(1).await;
    assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
    closed(silent).await;
    // The others are still there.
    first.get(3, "/").await;
    assert_eq!(first.answer(3).await, 300);
    second.get(3, "/").await;
    assert_eq!(second.answer(3).await, 300);
}

#[tokio::test]
async fn a_connection_that_waits_for_its_answer_is_not_closed_for_a_newcomer() {
    let server = server(Limits { connections: 2, ..far() }).await;
    let mut busy = Client::connect(server, 65_535).await;
    busy.get(1, "/never").await;
    busy.get(3, "/").await;
    assert_eq!(busy.answer(3).await, 300);
    for _ in 0..8 {
        let _idle = Client::connect(server, 65_535).await;
        assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
    }
    busy.get(5, "/").await;
    assert_eq!(busy.answer(5).await, 300);
}

#[tokio::test]
async fn a_client_that_does_not_send_its_body_makes_room() {
    let server = server(Limits { connections: 1, ..far() }).await;
    let mut silent = TcpStream::connect(server).await.unwrap();
    silent.write_all(b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n").await.unwrap();
    assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
    closed(silent).await;
    let mut silent = Client::connect(server, 65_535).await;
    silent.ask(1, POST, "/body", 0).await;
    assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
    silent.closed().await;
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answers_makes_room() {
    let server = server(Limits { requests: 16, ..far() }).await;
    let mut silent = Client::connect(server, 0).await;
    for stream in (1..=31).step_by(2) {
        silent.get(stream, "/").await;
        silent.status(stream).await;
    }
    assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
    silent.closed().await;
}

#[tokio::test]
async fn requests_beyond_those_that_may_be_under_way_are_refused_on_every_protocol() {
    let server = server(Limits { requests: 4, ..far() }).await;
    let mut client = Client::connect(server, 65_535).await;
    for stream in (1..=7).step_by(2) {
        client.get(stream, "/never").await;
    }
    client.get(9, "/").await;
    assert_eq!(client.status(9).await, 503);
    let refused = get(server, "/").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"), "{refused}");
    assert!(get(server, "/healthz").await.starts_with("HTTP/1.1 200"));
    // One of them ends, and there is room again.
    client.send(RESET, 0, 1, &[0, 0, 0, 8]).await;
    while get(server, "/").await.starts_with("HTTP/1.1 503") {}
}
