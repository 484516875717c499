//! A client that sends arbitrary HTTP/2 frames (RFC 9113, sections 4.1 and 6).

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Server, Stream};

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A received frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

/// The client.
pub(super) struct Client(Box<dyn Stream>);

impl Client {
    /// Connects, with windows of `window` bytes for each stream.
    pub(super) async fn connect(server: &Server, window: u32) -> Self {
        let mut client = Self(server.open(b"h2").await);
        client.0.write_all(PREFACE).await.unwrap();
        let setting = [&[0, 4], &window.to_be_bytes()[..]].concat();
        client.send(SETTINGS, 0, 0, &setting).await;
        client
    }

    /// Sends a frame. Returns whether the server took it.
    pub(super) async fn try_send(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> bool {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()[..]].concat();
        self.0.write_all(&[&head, payload].concat()).await.is_ok() && self.0.flush().await.is_ok()
    }

    pub(super) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        assert!(self.try_send(kind, flags, stream, payload).await);
    }

    /// Sends a request for a path; `flags` may end the stream.
    pub(super) async fn ask(&mut self, stream: u32, method: u8, path: &str, flags: u8) {
        self.send(HEADERS, END_HEADERS | flags, stream, &head(method, path)).await;
    }

    pub(super) async fn get(&mut self, stream: u32, path: &str) {
        self.ask(stream, GET, path, END_STREAM).await;
    }

    pub(super) async fn open_window(&mut self, stream: u32, bytes: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes()).await;
    }

    /// Returns the next frame; `None` if the server has closed the connection.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// Returns the next frame of this kind and stream.
    pub(super) async fn await_frame(&mut self, kind: u8, stream: u32) -> Frame {
        loop {
            let frame =
                self.next().await.unwrap_or_else(|| panic!("closed before {kind} on {stream}"));
            if (frame.kind, frame.stream) == (kind, stream) {
                return frame;
            }
        }
    }

    /// Returns the status on this stream (RFC 7541, appendix A).
    pub(super) async fn status(&mut self, stream: u32) -> u16 {
        let frame = self.await_frame(HEADERS, stream).await;
        match frame.payload[..] {
            [0x88, ..] => 200,
            // Literal fields with the name `:status`.
            [0x08 | 0x48, 3, a, b, c, ..] => {
                String::from_utf8(vec![a, b, c]).unwrap().parse().unwrap()
            }
            // The same in Huffman's code (appendix B).
            [0x08 | 0x48, 0x83, 0x6c, 0x0c, 0xff, ..] => 503,
            [0x08 | 0x48, 0x83, 0x69, 0x90, 0xff, ..] => 431,
            ref other => panic!("{other:x?}"),
        }
    }

    /// Reads a response to its end, and returns its length.
    pub(super) async fn answer(&mut self, stream: u32) -> usize {
        let mut bytes = 0;
        loop {
            let frame = self.await_frame(DATA, stream).await;
            bytes += frame.payload.len();
            if frame.flags & END_STREAM != 0 {
                return bytes;
            }
        }
    }

    /// Reads until the server has closed the connection.
    pub(super) async fn closed(&mut self) {
        while self.next().await.is_some() {}
    }
}

/// Indices of HPACK's static table (RFC 7541, appendix A).
pub(super) const GET: u8 = 0x82;
pub(super) const POST: u8 = 0x83;

pub(super) fn head(method: u8, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    [&[method, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'a']].concat()
}
