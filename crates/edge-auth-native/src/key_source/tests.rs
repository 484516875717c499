//! Fetches from servers that behave well and badly.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

/// Starts a server that answers every connection with the same bytes and closes it. The receiver
/// gets every request.
async fn server(answer: &'static str) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json?secret=1", listener.local_addr().unwrap());
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            sender.send(String::from_utf8_lossy(&request[..length]).into_owned()).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, receiver)
}

async fn refused(answer: &'static str) -> String {
    let (url, _requests) = server(answer).await;
    let why = HttpKeySource::new().fetch(&url, 16).await.unwrap_err().0;
    assert!(why.starts_with(url.trim_end_matches("?secret=1")) && !why.contains("secret"), "{why}");
    why
}

#[tokio::test]
async fn a_document_is_fetched_as_it_is() {
    let (url, mut requests) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    assert_eq!(HttpKeySource::new().fetch(&url, 16).await.unwrap(), b"{}");
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("GET /jwks.json?secret=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("accept: application/json"), "{request}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let why =
        refused("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
            .await;
    assert!(why.contains("302") && why.contains("not followed"), "{why}");
}

#[tokio::test]
async fn only_the_status_200_is_an_answer() {
    for (answer, told) in [
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}", "answers 404"),
        ("HTTP/1.1 206 Partial Content\r\ncontent-length: 2\r\n\r\n{}", "answers 206"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "answers 204"),
    ] {
        let why = refused(answer).await;
        assert!(why.contains(told), "{why}");
    }
}

#[tokio::test]
async fn too_large_a_document_is_refused_however_it_is_sent() {
    let limit = "answers more than 16 bytes";
    let announced = refused("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n01234567890123456").await;
    assert!(announced.contains(limit), "{announced}");
    let chunked = refused(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n11\r\n01234567890123456\r\n0\r\n\r\n",
    )
    .await;
    assert!(chunked.contains(limit), "{chunked}");
    let until_closed = refused("HTTP/1.1 200 OK\r\n\r\n01234567890123456").await;
    assert!(until_closed.contains(limit), "{until_closed}");
}

#[tokio::test]
async fn a_document_that_breaks_off_is_refused() {
    let why = refused("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}").await;
    assert!(why.contains("broke off"), "{why}");
}

#[tokio::test]
async fn a_server_that_does_not_listen_is_a_connect_error() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let why =
        HttpKeySource::new().fetch(&format!("http://127.0.0.1:{port}/"), 16).await.unwrap_err().0;
    assert!(why.contains("onnect"), "{why}");
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let source = HttpKeySource::with_deadline(Duration::from_millis(50));
    let why = source.fetch(&url, 16).await.unwrap_err().0;
    assert!(why.contains("no whole answer within"), "{why}");
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_fetch_that_survives_the_first_of_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let source = HttpKeySource::new();
    let ask = || {
        let (source, url) = (source.clone(), url.clone());
        tokio::spawn(async move { source.fetch(&url, 16).await })
    };
    let leaving = ask();
    let staying: Vec<_> = (0..20).map(|_| ask()).collect();
    let (mut stream, _) = listener.accept().await.unwrap();
    leaving.abort();
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await.unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        .await
        .unwrap();
    for waiting in staying {
        assert_eq!(waiting.await.unwrap().unwrap(), b"{}");
    }
    // The next caller fetches again: the source keeps no document.
    let later = ask();
    let (mut stream, _) = listener.accept().await.unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\n{ }")
        .await
        .unwrap();
    assert_eq!(later.await.unwrap().unwrap(), b"{ }");
}

/// Fetches with the token of a file, and returns the request's `Authorization`.
async fn authorization_sent(file: &Path) -> Result<String, String> {
    let (url, mut requests) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let options = FetchOptions { bearer_file: Some(file.to_owned()), ..FetchOptions::default() };
    HttpKeySource::new().fetch_with(&url, 16, &options).await.map_err(|error| error.0)?;
    let request = requests.recv().await.unwrap();
    let field = request.lines().find_map(|line| line.strip_prefix("authorization: "));
    Ok(field.unwrap().to_owned())
}

#[tokio::test]
async fn a_bearer_token_is_read_again_for_every_fetch() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    for (text, sent) in [("first\n", "Bearer first"), (" second", "Bearer second")] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(authorization_sent(&file).await.unwrap(), sent);
    }
}

#[tokio::test]
async fn a_bearer_file_without_one_token_is_an_error_that_does_not_repeat_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let missing = authorization_sent(&file).await.unwrap_err();
    assert!(missing.contains("`bearer_file`: there is no file"), "{missing}");
    for text in ["", "\n", "hunter2 hunter2", "hunter2\r\nx-other: 1", "hünter2"] {
        std::fs::write(&file, text).unwrap();
        let refused = authorization_sent(&file).await.unwrap_err();
        assert!(refused.contains("`bearer_file`: ") && !refused.contains("nter2"), "{refused}");
    }
    std::fs::write(&file, "x".repeat(20_000)).unwrap();
    let refused = authorization_sent(&file).await.unwrap_err();
    assert!(refused.contains("is larger than"), "{refused}");
}

#[tokio::test]
async fn a_bearer_token_is_not_sent_without_tls_beyond_this_machine() {
    let options =
        FetchOptions { bearer_file: Some("Cargo.toml".into()), ..FetchOptions::default() };
    let source = HttpKeySource::new();
    let refused = source.fetch_with("http://192.0.2.1/keys", 16, &options).await.unwrap_err();
    assert!(refused.0.contains("is not sent without TLS"), "{refused}");
}
