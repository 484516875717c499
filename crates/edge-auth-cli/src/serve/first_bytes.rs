//! A deadline for a connection's first bytes.
//!
//! hyper reads 24 bytes to tell HTTP/2 from HTTP/1 before its own timeouts begin: a client that
//! sends nothing would hold its connection for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The length of HTTP/2's preface (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;

/// A stream whose first 24 bytes must come in time.
#[derive(Debug)]
pub(super) struct FirstBytes<S> {
    stream: S,
    /// What is missing of the first bytes, and the deadline; `None` once they have come.
    awaited: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S> FirstBytes<S> {
    /// Of `stream`, from now on.
    pub(super) fn within(limit: Duration, stream: S) -> Self {
        Self { stream, awaited: Some((PREFACE_BYTES, Box::pin(tokio::time::sleep(limit)))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstBytes<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        if let Some((missing, deadline)) = &mut self.awaited {
            if polled.is_pending() && deadline.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            *missing = missing.saturating_sub(came);
            if *missing == 0 {
                self.awaited = None;
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstBytes<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
        let mut stream = FirstBytes::within(Duration::from_secs(30), server);
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_within_the_preface_is_cut_off() {
        let (mut client, server) = duplex(64);
        let mut stream = FirstBytes::within(Duration::from_secs(30), server);
        client.write_all(b"PRI * HTTP").await.unwrap();
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 10);
        assert!(stream.read(&mut [0; 64]).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_first_bytes_there_is_no_deadline() {
        let (mut client, server) = duplex(64);
        let mut stream = FirstBytes::within(Duration::from_secs(30), server);
        client.write_all(&[b'x'; PREFACE_BYTES]).await.unwrap();
        stream.read_exact(&mut [0; PREFACE_BYTES]).await.unwrap();
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(300)).await;
            client.write_all(b"late").await.unwrap();
        });
        stream.read_exact(&mut [0; 4]).await.unwrap();
        late.await.unwrap();
    }
}
