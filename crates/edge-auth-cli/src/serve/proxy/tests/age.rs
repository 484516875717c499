//! Answers, uploads and tunnels that would stay open longer than their rule allows.

use tokio::io::AsyncWriteExt;

use super::wire::{OK, Setting, gateway, read_all, read_to, send, upstream};

#[tokio::test]
async fn an_answer_that_goes_on_breaks_off_and_the_upstream_learns_it() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client = send(gateway, "GET /aging/events HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        .await
        .unwrap();
    let answer = read_all(&mut client).await;
    assert!(answer.contains("first") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    assert_eq!(read_all(&mut stream).await, "");
}

#[tokio::test]
async fn an_answer_that_ends_before_its_age_is_left_alone() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client =
        send(gateway, "GET /aging/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    stream.write_all(OK.as_bytes()).await.unwrap();
    assert!(read_all(&mut client).await.ends_with("ok"));
}

#[tokio::test]
async fn an_upload_without_an_answer_ends_at_the_age_too() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let mut client = send(
        gateway,
        "GET /aging/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
    )
    .await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    assert!(read_to(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 504"));
    read_all(&mut stream).await;
}

#[tokio::test]
async fn an_open_websocket_is_closed() {
    let (listener, upstream) = upstream().await;
    let gateway = gateway(upstream, Setting::default()).await;
    let request = "GET /aging/socket HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    let mut client = send(gateway, request).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    read_to(&mut stream, "\r\n\r\n").await;
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(switch.as_bytes()).await.unwrap();
    read_to(&mut client, "\r\n\r\n").await;
    client.write_all(b"ping").await.unwrap();
    assert_eq!(read_to(&mut stream, "ping").await, "ping");
    assert_eq!(
        (read_all(&mut client).await, read_all(&mut stream).await),
        (String::new(), String::new())
    );
}
