//! TLS in a program that was built without it: asking for it says so.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use fasti_seams::clock::Clock;
use tokio::net::TcpStream;

use super::metrics::HttpMetrics;

/// Why a certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The program was built without TLS.
    #[error("this program was built without TLS; the cargo feature tls adds it")]
    LeftOut,
}

/// The server's side of TLS, which no program without it has.
#[derive(Debug)]
pub struct Tls(Infallible);

impl Tls {
    /// Refuses, and names the feature that is missing.
    pub fn open(_cert: PathBuf, _key: PathBuf, _metrics: HttpMetrics) -> Result<Self, TlsError> {
        Err(TlsError::LeftOut)
    }

    /// Performs the handshake with a client.
    #[allow(clippy::unused_async, reason = "with TLS it waits")]
    pub(super) async fn accept(&self, _: TcpStream) -> std::io::Result<TcpStream> {
        match self.0 {}
    }

    /// Reloads the files when they have changed.
    #[allow(clippy::unused_async, reason = "with TLS it waits")]
    pub async fn keep_current(&self, _clock: Arc<dyn Clock>) {
        match self.0 {}
    }

    /// Reloads the files now.
    #[allow(clippy::unused_async, reason = "with TLS it waits")]
    pub async fn reload(&self) {
        match self.0 {}
    }
}
