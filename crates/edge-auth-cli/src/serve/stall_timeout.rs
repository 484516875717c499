//! A stream with deadlines: for its first bytes, for each HTTP/2 frame that has begun, and for
//! bytes that the client does not take.
//!
//! hyper reads 24 bytes to tell HTTP/2 from HTTP/1 before its own timeouts begin, has no timeout
//! for a head over HTTP/2, and waits for ever for a client that does not read its answers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::frames::Frames;

/// The first bytes of an HTTP/2 connection (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The bytes that are read before other tasks have their turn: they may cause much work.
const TURN_BYTES: usize = 16 * 1024;

/// A stream that waits for its client only so long, and yields to other tasks.
#[derive(Debug)]
pub(super) struct StallTimeout<S> {
    stream: S,
    limit: Duration,
    received: Received,
    /// The bytes that were read since it last yielded.
    in_turn: usize,
    /// The deadline of the rest of the preface or frame; `None` if nothing has begun.
    awaited: Option<Pin<Box<Sleep>>>,
    /// The deadline of bytes that the client does not take; `None` if none wait.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// What was received so far.
#[derive(Debug)]
enum Received {
    /// This many bytes of the preface, and nothing else.
    Preface(usize),
    /// The preface, and frames after it.
    Http2(Frames),
    /// Another protocol, for which hyper has deadlines.
    Other,
}

impl<S> StallTimeout<S> {
    /// Wraps a stream; each of its deadlines is this long.
    pub(super) fn within(limit: Duration, stream: S) -> Self {
        let first = Box::pin(tokio::time::sleep(limit));
        Self {
            stream,
            limit,
            received: Received::Preface(0),
            in_turn: 0,
            awaited: Some(first),
            stalled: None,
        }
    }

    /// Returns the result of a write, or an error once writes have waited for the limit.
    fn unless_stalled<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let limit = self.limit;
        let deadline = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Follows received bytes, and drops the deadline of a preface or frame that they end.
    fn follow(&mut self, bytes: &[u8]) {
        let mut ended = false;
        if let Received::Preface(matched) = &mut self.received {
            let expected = PREFACE.get(*matched..).unwrap_or_default();
            let common = expected.len().min(bytes.len());
            if expected.get(..common) != bytes.get(..common) {
                self.received = Received::Other;
            } else if common == expected.len() {
                let mut frames = Frames::default();
                frames.follow(bytes.get(common..).unwrap_or_default());
                self.received = Received::Http2(frames);
                ended = true;
            } else {
                *matched += common;
            }
        } else if let Received::Http2(frames) = &mut self.received {
            ended = frames.follow(bytes);
        }
        if ended || !self.awaits() {
            self.awaited = None;
        }
    }

    /// Returns whether a preface or frame has begun and not ended.
    fn awaits(&self) -> bool {
        match &self.received {
            Received::Preface(_) => true,
            Received::Http2(frames) => !frames.is_between(),
            Received::Other => false,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for StallTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.in_turn >= TURN_BYTES {
            self.in_turn = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let received = buffer.filled().get(before..).unwrap_or_default();
        self.in_turn = if polled.is_ready() { self.in_turn + received.len() } else { 0 };
        self.follow(received);
        if polled.is_pending() && self.awaits() {
            let limit = self.limit;
            let deadline = self.awaited.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for StallTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_stalled(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.unless_stalled(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_nothing_is_cut_off() {
        let (_client, server) = duplex(64);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_sends_without_end_lets_others_have_their_turn() {
        let mut stream = StallTimeout::within(Duration::from_secs(30), tokio::io::repeat(b'x'));
        let mut read = 0;
        std::future::poll_fn(|context| {
            let mut bytes = [0; 1024];
            let mut buffer = ReadBuf::new(&mut bytes);
            while Pin::new(&mut stream).poll_read(context, &mut buffer).is_ready() {
                read += buffer.filled().len();
                buffer.clear();
            }
            Poll::Ready(())
        })
        .await;
        assert_eq!(read, TURN_BYTES);
        // And goes on.
        stream.read_exact(&mut [0; 2 * TURN_BYTES]).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_within_the_preface_is_cut_off() {
        let (mut client, server) = duplex(64);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        client.write_all(b"PRI * HTTP").await.unwrap();
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 10);
        assert!(stream.read(&mut [0; 64]).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn after_bytes_that_are_not_http_2_there_is_no_deadline() {
        let (mut client, server) = duplex(64);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        client.write_all(b"GET").await.unwrap();
        stream.read_exact(&mut [0; 3]).await.unwrap();
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(300)).await;
            client.write_all(b"late").await.unwrap();
        });
        stream.read_exact(&mut [0; 4]).await.unwrap();
        late.await.unwrap();
    }

    /// The preface, and a frame's header: HEADERS of 5 bytes, and more to follow.
    fn begun_block() -> Vec<u8> {
        [PREFACE, &[0, 0, 5, 1, 0, 0, 0, 0, 1]].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn between_frames_there_is_no_deadline() {
        let (mut client, server) = duplex(64);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        let settings = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
        client.write_all(&settings).await.unwrap();
        stream.read_exact(&mut vec![0; settings.len()]).await.unwrap();
        let mut rest = [0; 8];
        let silence = tokio::time::timeout(Duration::from_secs(300), stream.read(&mut rest));
        assert!(silence.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_block_that_comes_byte_by_byte_has_to_end_in_time() {
        let (mut client, server) = duplex(64);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        tokio::spawn(async move {
            client.write_all(&begun_block()).await.unwrap();
            client.write_all(b"block").await.unwrap();
            // Frames of the block end, the block does not.
            while client.write_all(&[0, 0, 0, 9, 0, 0, 0, 0, 1]).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        });
        let mut read = 0;
        let error = loop {
            match stream.read(&mut [0; 64]).await {
                Ok(count) => read += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(read > begun_block().len(), "{read}");
    }

    #[tokio::test(start_paused = true)]
    async fn frames_that_end_give_the_next_one_as_much_time_again() {
        let (mut client, server) = duplex(64);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        let sent = tokio::spawn(async move {
            client.write_all(PREFACE).await.unwrap();
            for _ in 0..8 {
                // The end of one frame, and the beginning of the next.
                client.write_all(&[0, 0, 2, 0, 0, 0, 0, 0, 1, b'a']).await.unwrap();
                tokio::time::sleep(Duration::from_secs(20)).await;
                client.write_all(b"b").await.unwrap();
            }
        });
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        sent.await.unwrap();
        assert_eq!(bytes.len(), PREFACE.len() + 8 * 11);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_its_answers_is_cut_off() {
        let (client, server) = duplex(8);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        let error = stream.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_served_to_the_end() {
        let (mut client, server) = duplex(8);
        let mut stream = StallTimeout::within(Duration::from_secs(30), server);
        let reader = tokio::spawn(async move {
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                client.read_exact(&mut [0; 8]).await.unwrap();
            }
        });
        stream.write_all(&[0; 64]).await.unwrap();
        reader.await.unwrap();
    }
}
