//! HTTP/2 heads that expand to more than the limits allow (RFC 9113, section 10.5.1).

use super::frames::*;
use super::{far, servers};

/// Makes a head that puts a field into the table, and then repeats it with one byte each (RFC 7541,
/// sections 6.1 and 6.2.1).
fn bomb(fields: usize) -> Vec<u8> {
    [&[GET, 0x86, 0x84, 0x40, 1, b'x', 0][..], &vec![0xbe_u8; fields][..]].concat()
}

#[tokio::test]
async fn fields_of_one_byte_each_are_counted_and_other_streams_go_on() {
    for server in servers(far()).await {
        let mut client = Client::connect(server, 65_535).await;
        client.send(HEADERS, END_HEADERS | END_STREAM, 1, &bomb(1900)).await;
        assert_eq!(client.status(1).await, 431);
        client.get(3, "/").await;
        assert_eq!(client.answer(3).await, 300);
    }
}

#[tokio::test]
async fn a_head_without_end_closes_the_connection() {
    for server in servers(far()).await {
        for block in [vec![], vec![GET; 16_384], bomb(10_000)] {
            let mut client = Client::connect(server, 65_535).await;
            client.send(HEADERS, END_STREAM, 1, &head(GET, "/")).await;
            while client.try_send(CONTINUATION, 0, 1, &block).await {}
        }
    }
}

#[tokio::test]
async fn a_client_that_keeps_sending_such_heads_is_closed() {
    for server in servers(far()).await {
        let mut client = Client::connect(server, 65_535).await;
        for stream in (1..).step_by(2) {
            if !client.try_send(HEADERS, END_HEADERS | END_STREAM, stream, &bomb(1900)).await {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_content_length_resets_the_stream() {
    for server in servers(far()).await {
        // `content-length: 2` (RFC 7541, appendix A).
        let lie = [&head(POST, "/body")[..], &[0x0f, 13, 1, b'2']].concat();
        for (data, flags) in [(&b"abc"[..], 0), (&b"a"[..], END_STREAM)] {
            let mut client = Client::connect(server, 65_535).await;
            client.send(HEADERS, END_HEADERS, 1, &lie).await;
            client.send(DATA, flags, 1, data).await;
            client.await_frame(RESET, 1).await;
            client.get(3, "/").await;
            assert_eq!(client.answer(3).await, 300);
        }
    }
}
