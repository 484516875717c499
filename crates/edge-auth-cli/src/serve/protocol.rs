//! Limits of HTTP/1.1 and HTTP/2, which bound the memory of one connection.

use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;

use super::h2_streams::StreamExecutor;
use super::limits::Limits;
use super::request_limits::MAX_FIELDS;

/// The longest request line and header section, in bytes; a longer one is answered with 431.
const MAX_HEAD_BYTES: u32 = 64 * 1024;
/// The most requests under way on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// The most bytes of request bodies that wait on one HTTP/2 stream, and on one connection.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 128 * 1024;
/// The most bytes of a response that wait on one HTTP/2 stream for the socket.
const SEND_BUFFER: usize = 64 * 1024;

/// Returns both protocols with these limits.
pub(super) fn within(limits: &Limits) -> auto::Builder<StreamExecutor> {
    let mut protocol = auto::Builder::new(StreamExecutor::within(limits.untaken));
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(MAX_HEAD_BYTES as usize)
        .max_headers(MAX_FIELDS);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.idle)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(MAX_HEAD_BYTES);
    protocol
}
