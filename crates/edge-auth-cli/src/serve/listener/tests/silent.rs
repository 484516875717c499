//! Connections without requests, silent or not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frames::*;
use super::{HOUR, SOON, far, servers};
use crate::serve::Limits;

fn impatient() -> Limits {
    Limits { idle: SOON, ..far() }
}

#[tokio::test]
async fn a_connection_without_a_whole_head_is_closed() {
    for server in servers(impatient()).await {
        for begun in
            [&b""[..], &PREFACE[..1], &PREFACE[..23], b"GET", b"GET / HTTP/1.1\r\nhost: a\r\n"]
        {
            let mut client = server.open(b"http/1.1").await;
            client.write_all(begun).await.unwrap();
            let _ = client.read_to_end(&mut Vec::new()).await;
        }
    }
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_end_times_out() {
    let [_, server] = servers(impatient()).await;
    for begun in [&b""[..], &[22], &[22, 3, 1, 2, 0, 1, 0]] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(begun).await.unwrap();
        let _ = client.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn an_http_2_connection_without_requests_gets_goaway_and_is_closed() {
    for server in servers(impatient()).await {
        let mut client = Client::connect(server, 65_535).await;
        client.await_frame(GOAWAY, 0).await;
        client.closed().await;
    }
}

#[tokio::test]
async fn frames_without_requests_do_not_keep_a_connection_open() {
    for server in servers(impatient()).await {
        let frames: [(u8, &[u8]); 4] =
            [(PING, &[0; 8]), (SETTINGS, &[]), (WINDOW_UPDATE, &[0, 0, 0, 1]), (0xbe, b"unknown")];
        for (kind, payload) in frames {
            let mut client = Client::connect(server, 65_535).await;
            while client.try_send(kind, 0, 0, payload).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_connection_is_idle_again_after_its_last_answer() {
    for server in servers(impatient()).await {
        let mut client = Client::connect(server, 65_535).await;
        client.get(1, "/").await;
        assert_eq!(client.answer(1).await, 300);
        client.closed().await;
    }
}

#[tokio::test]
async fn a_request_under_way_keeps_its_connection() {
    for server in servers(impatient()).await {
        let mut client = Client::connect(server, 65_535).await;
        client.get(1, "/never").await;
        tokio::time::sleep(SOON * 4).await;
        client.get(3, "/").await;
        assert_eq!(client.answer(3).await, 300);
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_closes_the_connection_despite_other_requests() {
    for server in servers(impatient()).await {
        for trickles in [false, true] {
            let mut client = Client::connect(server, 65_535).await;
            client.get(1, "/never").await;
            client.send(HEADERS, END_STREAM, 3, &head(GET, "/")).await;
            while trickles && client.try_send(CONTINUATION, 0, 3, &[]).await {
                tokio::time::sleep(SOON / 8).await;
            }
            client.closed().await;
        }
    }
}

#[tokio::test]
async fn a_client_that_keeps_resetting_its_requests_is_closed() {
    for server in servers(Limits { idle: HOUR, ..far() }).await {
        let mut client = Client::connect(server, 65_535).await;
        for stream in (1..).step_by(2) {
            let asked = client
                .try_send(HEADERS, END_HEADERS | END_STREAM, stream, &head(GET, "/never"))
                .await;
            // After the answer to this ping, the request has begun.
            if !asked || !client.try_send(PING, 0, 0, &[0; 8]).await {
                break;
            }
            while client.next().await.is_some_and(|frame| frame.kind != PING) {}
            if !client.try_send(RESET, 0, stream, &[0, 0, 0, 8]).await {
                break;
            }
        }
    }
}
