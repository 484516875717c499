//! More connections and requests than the limits allow.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::frames::*;
use super::{SOON, Server, Stream, far, servers};
use crate::serve::Limits;

/// Sends a request over HTTP/1.1 on a new connection, and returns the response.
async fn get(server: &Server, path: &str) -> String {
    let mut client = server.open(b"http/1.1").await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn closed(mut client: Box<dyn Stream>) {
    let _ = client.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_newcomer_replaces_the_connection_that_was_idle_longest() {
    for server in servers(Limits { connections: 3, ..far() }).await {
        let silent = server.open(b"http/1.1").await;
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
}

#[tokio::test]
async fn a_connection_that_waits_for_its_answer_is_not_closed_for_a_newcomer() {
    for server in servers(Limits { connections: 2, ..far() }).await {
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
}

#[tokio::test]
async fn a_client_that_does_not_send_its_body_is_evicted() {
    for server in servers(Limits { connections: 1, ..far() }).await {
        let mut silent = server.open(b"http/1.1").await;
        silent
            .write_all(b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n")
            .await
            .unwrap();
        assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
        closed(silent).await;
        let mut silent = Client::connect(server, 65_535).await;
        silent.ask(1, POST, "/body", 0).await;
        assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
        silent.closed().await;
    }
}

#[tokio::test]
async fn a_client_that_reads_no_responses_is_evicted() {
    for server in servers(Limits { requests: 16, ..far() }).await {
        let mut silent = Client::connect(server, 0).await;
        for stream in (1..=63).step_by(2) {
            silent.try_send(HEADERS, END_HEADERS | END_STREAM, stream, &head(GET, "/")).await;
        }
        // A new connection is not evicted.
        tokio::time::sleep(SOON).await;
        assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
        silent.closed().await;
    }
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_on_every_protocol() {
    for server in servers(Limits { requests: 8, ..far() }).await {
        let mut client = Client::connect(server, 65_535).await;
        for stream in (1..=15).step_by(2) {
            client.get(stream, "/never").await;
        }
        client.get(17, "/").await;
        assert_eq!(client.status(17).await, 503);
        let refused = get(server, "/").await;
        assert!(
            refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1"),
            "{refused}"
        );
        assert!(get(server, "/healthz").await.starts_with("HTTP/1.1 200"));
        // One of them ends and frees its permit.
        client.send(RESET, 0, 1, &[0, 0, 0, 8]).await;
        while get(server, "/").await.starts_with("HTTP/1.1 503") {}
    }
}

#[tokio::test]
async fn health_is_answered_while_others_read_no_responses_on_many_streams() {
    for server in servers(Limits { requests: 16, ..far() }).await {
        let mut silent = Vec::new();
        for path in ["/", "/healthz", "/never", "/large"] {
            let mut client = Client::connect(server, 0).await;
            for stream in (1..=63).step_by(2) {
                client.try_send(HEADERS, END_HEADERS | END_STREAM, stream, &head(GET, path)).await;
            }
            assert!(get(server, "/healthz").await.starts_with("HTTP/1.1 200"), "{path}");
            silent.push(client);
        }
        assert!(get(server, "/healthz").await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn health_is_answered_while_all_requests_wait_for_the_upstream() {
    for server in servers(Limits { connections: 8, requests: 7, ..far() }).await {
        let mut busy = Vec::new();
        for _ in 0..12 {
            let mut client = server.open(b"http/1.1").await;
            client.write_all(b"GET /never HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            busy.push(client);
        }
        for _ in 0..4 {
            assert!(get(server, "/healthz").await.starts_with("HTTP/1.1 200"));
        }
    }
}

#[tokio::test]
async fn a_new_connection_is_not_the_first_to_be_evicted_while_others_wait_for_their_clients() {
    for server in servers(Limits { connections: 8, ..far() }).await {
        let mut silent = Vec::new();
        for _ in 0..8 {
            let mut client = Client::connect(server, 0).await;
            client.get(1, "/").await;
            assert_eq!(client.status(1).await, 200);
            silent.push(client);
        }
        // It is slow, and others come meanwhile.
        let mut newcomer = server.open(b"http/1.1").await;
        for _ in 0..4 {
            let mut client = Client::connect(server, 0).await;
            client.get(1, "/").await;
            assert_eq!(client.status(1).await, 200);
            silent.push(client);
        }
        newcomer
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        newcomer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn idle_connections_are_evicted_first_while_they_are_the_majority() {
    for server in servers(Limits { connections: 8, ..far() }).await {
        let mut in_use = server.open(b"http/1.1").await;
        let begun =
            b"POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
        in_use.write_all(begun).await.unwrap();
        let mut idle = Vec::new();
        for _ in 0..16 {
            idle.push(server.open(b"http/1.1").await);
            assert!(get(server, "/").await.starts_with("HTTP/1.1 200"));
        }
        in_use.write_all(b"rest").await.unwrap();
        let mut answer = String::new();
        in_use.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
