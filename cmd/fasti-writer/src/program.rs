//! What the program does, from its flags to its end.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use fasti::grow::RekorV1Guard;
use fasti::heads::keep_heads_while_leading;
use fasti::http::{App, serve, serve_metrics};
use fasti::log::Log;
use fasti::lookup::keep_while_leading;
use fasti::metrics::{AdmissionMetrics, HttpMetrics};
use fasti_flags::config::Loaded;
use fasti_flags::{
    Health, Messages, Supervisor, enough_for, keep_current, listen, open_certificate, run_server,
    told_to_stop,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::flags::Flags;
use crate::open::Opened;
use crate::reload::Reload;
use crate::traces::Traces;
use crate::{advertise, key, open, shards};

/// The program's command line.
pub fn command() -> Command {
    Flags::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    run_server(run)
}

async fn run(
    Loaded { flags, settings }: Loaded<Flags>,
    messages: Arc<Messages>,
) -> anyhow::Result<()> {
    let supervisor = Arc::new(Supervisor::of_environment()?);
    let door_metrics = AdmissionMetrics::default();
    let admission = Arc::new(flags.admission.open(door_metrics.clone())?);
    let Opened { mut context, lookup, heads, index, mut registry, banner, peer_secret } =
        open::open(&flags).await?;
    let http_metrics = HttpMetrics::default();
    http_metrics.register(&mut registry);
    door_metrics.register(&mut registry);
    let (traces, tracer) = Traces::begin(&flags.traces, &flags.origin, &mut registry)?;
    let (cert, key) = (flags.tls_cert.as_ref(), flags.tls_key.as_ref());
    let tls = open_certificate(cert, key, &http_metrics)?;
    let log_key = context.signer.verifier_key();
    let rekor_v1_signer = key::open_for_rekor_v1(&flags, &context.signer).await?;
    let rekor_v1_guard = RekorV1Guard::new(log_key.clone(), rekor_v1_signer.clone());
    let rekor_v1_guard = Arc::new(rekor_v1_guard.context("--rekor-v1-key")?);
    let clock = context.clock.clone();
    let rekor_v1_shards = shards::open(&flags, &rekor_v1_signer, &log_key, clock).await?;
    // Bind before the log is opened, so that a port in use leaves no trace in the log.
    let listener = listen(&flags.listen).await?;
    let metrics_listener = match &flags.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listening = listener.local_addr()?;
    let url = format!("{scheme}://{listening}");
    let has_peers = peer_secret.is_some();
    let here = advertise::url(flags.advertise.as_deref(), scheme, listening, has_peers)?;
    context.config.writer_address.clone_from(&here);
    let (log, driver) = Log::open(context, index).await.context("the log cannot be continued")?;
    // From here on a signal means shut down or reload, even if it arrives before anything waits for
    // it.
    let told_to_stop = told_to_stop()?;
    let told_to_reload = signal(SignalKind::hangup())?;
    let metrics_address = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let shards = flags.rekor_v1_shards.lines(&rekor_v1_shards);
    banner.show(&log, &shards, &url, metrics_address, messages.are_json());
    if flags.accept_opaque {
        tracing::warn!(
            "this log accepts both Rekor entries and opaque ones: a single opaque entry \
             permanently breaks rekor-monitor's identity search for this log"
        );
    }
    log.register(&mut registry);
    if let Some(listener) = metrics_listener {
        tokio::spawn(serve_metrics(listener, Arc::new(registry)));
    }
    if let Some(tls) = &tls {
        tokio::spawn(keep_current(tls.clone()));
    }
    let reload = Reload {
        supervisor: supervisor.clone(),
        messages,
        admission: admission.clone(),
        tls: tls.clone(),
        started: settings.clone(),
        current: settings,
    };
    tokio::spawn(reload.follow(told_to_reload));
    let index = lookup.map(|index| tokio::spawn(keep_while_leading(log.clone(), index)));
    let heads = heads.map(|heads| tokio::spawn(keep_heads_while_leading(log.clone(), heads)));
    let mut config =
        flags.http_config(admission, peer_secret, here, rekor_v1_guard, rekor_v1_shards);
    config.tracer = tracer;
    let limits = &mut config.limits.server;
    limits.connections_max = enough_for(limits.connections_max);
    let app = Arc::new(App::new(log.clone(), config, http_metrics));

    let (halted, stop_serving) = tokio::sync::oneshot::channel::<()>();
    let mut server = tokio::spawn(serve(listener, tls, app, async {
        drop(stop_serving.await);
    }));
    let mut running = tokio::spawn(driver.run());
    let (watched, watching) = (log.clone(), supervisor.clone());
    tokio::spawn(async move { watching.watch(|| health(&watched)).await });
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = told_to_stop => {
            supervisor.stopping();
            log.drain();
            tracing::info!("told to stop: /readyz now fails");
            tokio::select! {
                ended = &mut running => ended,
                () = tokio::time::sleep(flags.drain_time()) => {
                    tracing::info!("shutting down: answering pending requests");
                    log.shut_down();
                    (&mut running).await
                }
            }
        }
    };
    supervisor.stopping();
    // Every request has its answer by now; the connections only need to deliver it.
    drop(halted);
    drop((&mut server).await);
    for task in [index, heads].into_iter().flatten() {
        drop(task.await);
    }
    traces.end().await;
    ended?.context("the log has stopped; start it again to recover")
}

/// How the log is, as `/readyz` says it.
fn health(log: &Log) -> Health {
    let (status, is_well) = (log.status(), log.is_ready());
    let (role, size) = (status.role.name(), status.published);
    let words = match log.stalled_for() {
        Some(time) => format!("{role}, no entry was answered for {} s", time.as_secs()),
        None if is_well => format!("{role}, {size} entries"),
        None => format!("{role}, not ready"),
    };
    Health { is_well, words }
}
