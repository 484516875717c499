//! The response that comes back from the upstream.

use tokio::io::AsyncWriteExt;

use super::wire::{OK, Setting, answered, gateway, read_all, read_to, send, upstream};

const GET: &str =
    "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\norigin: https://app.example\r\n\r\n";

#[tokio::test]
async fn an_answer_comes_back_as_it_is_but_for_its_connection() {
    let answer = answered(
        GET,
        "HTTP/1.1 418 Teapot\r\ncontent-length: 2\r\nx-a: 1\r\nx-a: 2\r\nkeep-alive: 5\r\nconnection: x-b\r\nx-b: 3\r\n\r\nhi",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 418") && answer.ends_with("\r\n\r\nhi"), "{answer}");
    assert!(answer.contains("x-a: 1\r\n") && answer.contains("x-a: 2\r\n"), "{answer}");
    assert!(!answer.contains("keep-alive") && !answer.contains("x-b"), "{answer}");
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_it_and_vary_is_kept() {
    let answer = answered(
        GET,
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nvary: accept\r\naccess-control-allow-origin: *\r\n\r\n",
    )
    .await;
    assert!(answer.contains("access-control-allow-origin: https://app.example\r\n"), "{answer}");
    assert!(!answer.contains(": *"), "{answer}");
    assert!(answer.contains("vary: accept\r\n") && answer.contains("vary: Origin\r\n"), "{answer}");
}

#[tokio::test]
async fn the_origins_of_a_rule_replace_those_of_the_upstream() {
    let answer = answered(
        "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\norigin: https://evil.example\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\naccess-control-allow-origin: *\r\n\
         Access-Control-Allow-Credentials: true\r\n\r\n",
    )
    .await;
    assert!(!answer.contains("access-control-allow"), "{answer}");
    let no_cors = answered(
        "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: close\r\norigin: https://a.example\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\naccess-control-allow-origin: *\r\n\r\n",
    )
    .await;
    assert!(no_cors.contains("access-control-allow-origin: *\r\n"), "{no_cors}");
}

#[tokio::test]
async fn a_public_answer_may_be_cached_as_it_says() {
    let answer =
        answered(GET, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncache-control: public\r\n\r\n")
            .await;
    assert!(answer.contains("cache-control: public\r\n"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_look_whole_to_the_client() {
    let known = answered(GET, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    assert!(known.ends_with("half") && known.contains("content-length: 10"), "{known}");
    let chunked =
        answered(GET, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n").await;
    assert!(chunked.contains("half") && !chunked.contains("\r\n0\r\n"), "{chunked}");
}

#[tokio::test]
async fn a_websocket_is_tunnelled_where_the_rule_says_so() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let request = "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\n\
                   sec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n";
    let mut client = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_to(&mut stream, "\r\n\r\n").await;
    assert!(
        head.contains("upgrade: websocket\r\n") && head.contains("connection: upgrade\r\n"),
        "{head}"
    );
    assert!(head.contains("sec-websocket-key: x\r\n"), "{head}");
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(switch.as_bytes()).await.unwrap();
    assert!(read_to(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    client.write_all(b"ping").await.unwrap();
    assert_eq!(read_to(&mut stream, "ping").await, "ping");
    stream.write_all(b"pong").await.unwrap();
    assert_eq!(read_to(&mut client, "pong").await, "pong");
    drop(client);
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn an_open_websocket_is_a_connection_like_any_other_and_a_quiet_one_makes_room() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting { connections: Some(1), ..Setting::default() }).await;
    let request =
        "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    let mut socket = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(switch.as_bytes()).await.unwrap();
    read_to(&mut socket, "\r\n\r\n").await;

    let mut next = send(gateway, GET).await;
    assert_eq!(read_all(&mut socket).await, "");
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    stream.write_all(OK.as_bytes()).await.unwrap();
    assert!(read_all(&mut next).await.ends_with("ok"));
}

#[tokio::test]
async fn an_upgrade_elsewhere_is_an_ordinary_request() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let request = "GET /x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: x\r\n\r\n";
    let mut client = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_to(&mut stream, "\r\n\r\n").await;
    assert!(!head.contains("upgrade"), "{head}");
    stream
        .write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        )
        .await
        .unwrap();
    assert!(read_to(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 502"));
}
