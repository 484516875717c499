//! Responses that the client does not read, or reads slowly.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::frames::*;
use super::{LARGE, SOON, far, servers};
use crate::serve::Limits;

fn impatient() -> Limits {
    Limits { untaken: SOON, ..far() }
}

#[tokio::test]
async fn a_response_without_a_window_is_reset_and_others_go_on() {
    for server in servers(impatient()).await {
        for path in ["/", "/large"] {
            let mut client = Client::connect(server, 0).await;
            client.get(1, path).await;
            assert_eq!(client.status(1).await, 200);
            client.await_frame(RESET, 1).await;
            client.get(3, "/").await;
            client.open_window(3, 1000).await;
            assert_eq!(client.answer(3).await, 300);
        }
    }
}

#[tokio::test]
async fn windows_too_small_for_the_whole_response_do_not_keep_a_stream() {
    for server in servers(impatient()).await {
        for window in [1, 299] {
            let mut client = Client::connect(server, window).await;
            client.get(1, "/").await;
            client.await_frame(RESET, 1).await;
        }
        let mut client = Client::connect(server, 65_535).await;
        client.get(1, "/large").await;
        client.await_frame(RESET, 1).await;
    }
}

#[tokio::test]
async fn a_window_that_opens_byte_by_byte_does_not_count_as_progress() {
    for server in servers(impatient()).await {
        let mut client = Client::connect(server, 0).await;
        client.get(1, "/large").await;
        loop {
            let taken = client.try_send(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]).await;
            let frame = client.next().await.unwrap();
            if frame.kind == RESET {
                break;
            }
            assert!(taken);
            tokio::time::sleep(SOON / 50).await;
        }
    }
}

#[tokio::test]
async fn the_window_of_the_whole_connection_counts_too() {
    for server in servers(impatient()).await {
        let mut client = Client::connect(server, 1 << 30).await;
        // These use up the initial 64 KiB of the connection.
        client.get(1, "/large").await;
        client.await_frame(RESET, 1).await;
        client.get(3, "/").await;
        client.await_frame(RESET, 3).await;
    }
}

#[tokio::test]
async fn a_long_download_that_is_read_slowly_is_served_to_the_end() {
    for server in servers(impatient()).await {
        let mut client = Client::connect(server, 0).await;
        client.get(1, "/large").await;
        let mut bytes = 0;
        'download: loop {
            // The bytes that the deadline of a piece requires, in a fraction of its time.
            client.open_window(0, 20_000).await;
            client.open_window(1, 20_000).await;
            let mut room = 20_000;
            while room > 0 {
                let frame = client.await_frame(DATA, 1).await;
                (bytes, room) = (bytes + frame.payload.len(), room - frame.payload.len());
                if frame.flags & END_STREAM != 0 {
                    assert_eq!(bytes, LARGE);
                    break 'download;
                }
            }
            tokio::time::sleep(SOON / 10).await;
        }
    }
}

#[tokio::test]
async fn responses_over_http_1_that_are_not_read_close_the_connection() {
    for server in servers(Limits { idle: SOON, ..impatient() }).await {
        let client = server.open(b"http/1.1").await;
        let (mut reader, mut writer) = tokio::io::split(client);
        // Pipelined, until the server stops reading and closes.
        let request = b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
        while writer.write_all(&request).await.is_ok() {}
        let mut rest = Vec::new();
        let _ = reader.read_to_end(&mut rest).await;
    }
}
