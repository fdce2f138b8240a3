//! A server's TLS certificate and its renewal.

use std::path::PathBuf;
use std::sync::Arc;

use fasti::clock::SystemClock;
use fasti::http::{Tls, TlsError};
use fasti::metrics::HttpMetrics;
use futures::stream;
use tokio::signal::unix::{SignalKind, signal};

/// The certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("--tls-cert, --tls-key")]
pub struct UnusableCertificate(#[from] TlsError);

/// Reads the certificate and key, if there are flags that name them.
pub fn open_certificate(
    cert: Option<&PathBuf>,
    key: Option<&PathBuf>,
    metrics: &HttpMetrics,
) -> Result<Option<Arc<Tls>>, UnusableCertificate> {
    let (Some(cert), Some(key)) = (cert, key) else { return Ok(None) };
    Ok(Some(Arc::new(Tls::open(cert.clone(), key.clone(), metrics.clone())?)))
}

/// Reloads the files when they change and on SIGHUP. No SIGHUP is lost once this has been called.
pub fn keep_current(tls: Arc<Tls>) -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut hangup = signal(SignalKind::hangup())?;
    let told = stream::poll_fn(move |cx| hangup.poll_recv(cx));
    Ok(async move { tls.keep_current(Arc::new(SystemClock), told).await })
}
