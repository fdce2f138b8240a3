//! One connection, and how long it may do nothing.
//!
//! A connection is closed once there was neither an open request on it nor a byte of an answer taken
//! for as long as a head may take (I12). That is one rule for clients that never say anything,
//! that say it too slowly, that stay idle or that do not read, in every version of HTTP. What a
//! client sends counts for nothing until it is a whole head. With TLS this is about what goes through
//! it, so that the handshake is part of the time for the first head.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What was last got done on a connection.
#[derive(Debug)]
pub struct Progress {
    began: Instant,
    /// Milliseconds after `began`.
    last: AtomicU64,
    open_requests: AtomicUsize,
}

impl Progress {
    /// Of a connection that begins now.
    pub fn new() -> Arc<Self> {
        let (last, open_requests) = (AtomicU64::default(), AtomicUsize::default());
        Arc::new(Self { began: Instant::now(), last, open_requests })
    }

    /// A request is open until what is returned is dropped.
    pub fn request(self: &Arc<Self>) -> OpenRequest {
        self.open_requests.fetch_add(1, Ordering::Relaxed);
        OpenRequest(self.clone())
    }

    fn made(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// Waits until there was none for as long as `limit`.
    pub async fn stalls(&self, limit: Duration) {
        loop {
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            let open = self.open_requests.load(Ordering::Relaxed) > 0;
            let quiet = self.began.elapsed().saturating_sub(last);
            if !open && quiet >= limit {
                return;
            }
            let rest = if open { limit } else { limit.saturating_sub(quiet) };
            // A timer that fires early must not make this a busy loop.
            tokio::time::sleep(rest.max(Duration::from_millis(1))).await;
        }
    }
}

/// See [`Progress::request`].
#[derive(Debug)]
pub struct OpenRequest(Arc<Progress>);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.made();
        self.0.open_requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose other side makes progress by taking what is written.
#[derive(Debug)]
pub struct Watched<S> {
    stream: S,
    progress: Arc<Progress>,
}

impl<S> Watched<S> {
    /// Watches `stream`.
    pub fn new(stream: S, progress: Arc<Progress>) -> Self {
        Self { stream, progress }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        self.progress.made();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, pieces));
        self.progress.made();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_stalls_after_the_last_progress_and_never_with_an_open_request() {
        let limit = Duration::from_secs(10);
        let progress = Progress::new();
        progress.stalls(limit).await;
        assert_eq!(progress.began.elapsed().as_secs(), 10, "nothing was ever said");

        let progress = Progress::new();
        let request = progress.request();
        let done = async {
            tokio::time::sleep(Duration::from_secs(35)).await;
            drop(request);
            tokio::time::sleep(Duration::from_secs(7)).await;
            progress.made();
        };
        tokio::join!(done, progress.stalls(limit));
        assert_eq!(progress.began.elapsed().as_secs(), 52);
    }
}
