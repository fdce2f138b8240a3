//! A server's TLS certificate and its renewal.

use std::path::PathBuf;
use std::sync::Arc;

use fasti::clock::SystemClock;
use fasti::http::{Tls, TlsError};
use fasti::metrics::HttpMetrics;

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

/// Reloads the files when they change, forever.
pub async fn keep_current(tls: Arc<Tls>) {
    tls.keep_current(Arc::new(SystemClock)).await;
}
