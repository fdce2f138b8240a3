//! The writer's TLS certificate and its renewal.

use std::sync::Arc;

use anyhow::Context as _;
use fasti::clock::SystemClock;
use fasti::http::Tls;
use fasti::metrics::HttpMetrics;
use futures::stream;
use tokio::signal::unix::{SignalKind, signal};

use crate::flags::Flags;

/// Reads the certificate and key, if the flags name them.
pub fn open(flags: &Flags, metrics: &HttpMetrics) -> anyhow::Result<Option<Arc<Tls>>> {
    let (Some(cert), Some(key)) = (&flags.tls_cert, &flags.tls_key) else { return Ok(None) };
    let tls = Tls::open(cert.clone(), key.clone(), metrics.clone());
    Ok(Some(Arc::new(tls.context("--tls-cert, --tls-key")?)))
}

/// Reloads the files when they change and on SIGHUP. No SIGHUP is lost once this has been called.
pub fn keep_current(tls: Arc<Tls>) -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut hangup = signal(SignalKind::hangup())?;
    let told = stream::poll_fn(move |cx| hangup.poll_recv(cx));
    Ok(async move { tls.keep_current(Arc::new(SystemClock), told).await })
}
