//! fasti-writer: takes submissions, publishes a tiled log.
//!
//! Reads its flags, opens store, key and log, serves until it is told to stop. Everything that it
//! does stands in the library.

mod admission;
mod arenas;
mod certificate;
mod colours;
mod descriptors;
mod flags;
mod key;
mod lookup;
mod memory;
mod messages;
mod open;
mod origin;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Parser;
use fasti::http::{App, PeerSecret, serve, serve_metrics};
use fasti::log::Log;
use fasti::lookup::keep_while_leading;
use fasti::metrics::{AdmissionMetrics, HttpMetrics};
use fasti::signer::forbid_core_dumps;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::flags::Flags;
use crate::open::Opened;

/// Threads that read and write files or compute. More would only wait for the same disk and the same
/// processors.
const BLOCKING_THREADS_MAX: usize = 32;

fn main() -> ExitCode {
    let unbounded = arenas::bound();
    let forbidden = forbid_core_dumps();
    let flags = Flags::parse();
    messages::show();
    if let Err(error) = forbidden {
        tracing::warn!(%error, "core dumps, which would hold the key, cannot be forbidden");
    }
    if let Some(error) = unbounded {
        tracing::warn!(%error, "the allocator's heaps cannot be bounded; MALLOC_ARENA_MAX=2 does so");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(flags)),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fasti-writer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let door_metrics = AdmissionMetrics::default();
    let admission = Arc::new(flags.admission.open(flags.accept_opaque, door_metrics.clone())?);
    let Opened { mut context, lookup, index, mut registry, banner, peer_secret } =
        open::open(&flags).await?;
    let http_metrics = HttpMetrics::default();
    http_metrics.register(&mut registry);
    door_metrics.register(&mut registry);
    let tls = certificate::open(&flags, &http_metrics)?;
    // Bound before the log is opened, so that a taken port leaves no trace in the log.
    let listener = listen(&flags.listen).await?;
    let metrics_listener = match &flags.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr()?);
    let here = address(&flags, listener.local_addr()?, &url, peer_secret.as_ref())?;
    context.config.writer_address.clone_from(&here);
    let (log, driver) = Log::open(context, index).await.context("the log cannot be continued")?;
    // From here on a signal is an order to shut down, even before anyone waits for it.
    let told_to_stop = told_to_stop()?;
    let metrics_address = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    banner.print(&log, &url, metrics_address);
    if flags.accept_opaque {
        tracing::warn!(
            "opaque entries and Rekor's stand in one log now: one opaque entry, once it is there, ends \
             rekor-monitor's search for identities in this log for good"
        );
    }
    if let Some(listener) = metrics_listener {
        tokio::spawn(serve_metrics(listener, Arc::new(registry)));
    }
    if let Some(tls) = &tls {
        tokio::spawn(certificate::keep_current(tls.clone())?);
    }
    if flags.admission.has_lists() {
        let told = signal(SignalKind::hangup())?;
        tokio::spawn(flags.admission.clone().follow(admission.clone(), told));
    }
    if let Some(site) = lookup {
        tokio::spawn(keep_while_leading(log.clone(), site));
    }
    let mut config = flags.http_config(admission, peer_secret, here);
    let limits = &mut config.limits;
    limits.connections_max = descriptors::enough_for(limits.connections_max);
    let app = Arc::new(App::new(log.clone(), config, http_metrics));

    let (halted, stop_serving) = tokio::sync::oneshot::channel::<()>();
    let mut server = tokio::spawn(serve(listener, tls, app, async {
        drop(stop_serving.await);
    }));
    let mut running = tokio::spawn(driver.run());
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = told_to_stop => {
            log.drain();
            tracing::info!("told to stop: not ready any more");
            tokio::select! {
                ended = &mut running => ended,
                () = tokio::time::sleep(flags.drain_time()) => {
                    tracing::info!("shutting down: answering what waits");
                    log.shut_down();
                    (&mut running).await
                }
            }
        }
    };
    // Everyone is answered by now; the connections only have to carry it.
    drop(halted);
    drop((&mut server).await);
    ended?.context("the log has stopped; start it again to recover")
}

/// Where other writers reach this one.
fn address(
    flags: &Flags,
    listening: SocketAddr,
    url: &str,
    peers: Option<&PeerSecret>,
) -> anyhow::Result<String> {
    match &flags.advertise {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(url.clone()),
        Some(other) => bail!("--advertise {other}: a URL begins with http:// or https://"),
        None if listening.ip().is_unspecified() && peers.is_some() => bail!(
            "other writers cannot reach this one at {listening}: name its address with \
             --advertise {}",
            url.replace(&listening.ip().to_string(), "ADDRESS")
        ),
        None => Ok(url.to_owned()),
    }
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Waits for SIGTERM or SIGINT; neither is lost once this was called.
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
