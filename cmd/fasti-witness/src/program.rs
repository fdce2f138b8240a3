//! What the program does, from its flags to its end.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use fasti::clock::{Clock, SystemClock};
use fasti::http::serve_metrics;
use fasti::metrics::{HttpMetrics, WitnessMetrics};
use fasti::serve::{Pools, Server, ServerParts};
use fasti::signer::WitnessKey;
use fasti::witness::{Mirror, OwnKeys, Witness, WitnessService, WitnessState};
use fasti_flags::config::Loaded;
use fasti_flags::{
    Health, Messages, Supervisor, keep_current, listen, open_certificate, registry, run_server,
    told_to_stop,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[cfg(feature = "bastion")]
use crate::bastion;
use crate::flags::Flags;
use crate::{log_lists, mirror};

/// The program's command line.
pub fn command() -> Command {
    Flags::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    run_server(run)
}

async fn run(Loaded { flags, .. }: Loaded<Flags>, messages: Arc<Messages>) -> anyhow::Result<()> {
    let supervisor = Arc::new(Supervisor::of_environment()?);
    let (http_metrics, metrics) = (HttpMetrics::default(), WitnessMetrics::default());
    let mut registry = registry();
    http_metrics.register(&mut registry);
    metrics.register(&mut registry);
    let witness = open(&flags, metrics.clone())?;
    let (password, options) = (flags.passwords.password()?, flags.store_options()?);
    let mirror = mirror::open(&flags.mirror, password.as_ref(), &options, &witness).await?;
    let (cert, key) = (flags.tls_cert.as_ref(), flags.tls_key.as_ref());
    let tls = open_certificate(cert, key, &http_metrics)?;
    let listener = listen(&flags.listen).await?;
    let metrics_listener = match &flags.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    // From here on a signal means shut down, even if it arrives before anything waits for it.
    let told_to_stop = told_to_stop()?;
    let mut told_to_reload = signal(SignalKind::hangup())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr()?);
    let metrics_address = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    greet(&flags, &witness, mirror.as_deref(), &url, metrics_address, &messages);
    if let Some(listener) = metrics_listener {
        tokio::spawn(serve_metrics(listener, Arc::new(registry)));
    }
    if let Some(tls) = &tls {
        tokio::spawn(keep_current(tls.clone()));
    }
    let (reloading, tls_reloading, logs) = (witness.clone(), tls.clone(), flags.logs.clone());
    let told = supervisor.clone();
    tokio::spawn(async move {
        while told_to_reload.recv().await.is_some() {
            let reload = async {
                if let Some(tls) = &tls_reloading {
                    tls.reload().await;
                }
                log_lists::reload(logs.clone(), reloading.clone(), &metrics).await;
            };
            told.reload(reload).await;
        }
    });
    let (watched, watching) = (witness.clone(), supervisor.clone());
    tokio::spawn(async move { watching.watch(|| health(&watched)).await });
    let limits = flags.limits();
    let pools = Pools::new(&limits, &http_metrics);
    let service = WitnessService::new(
        witness,
        mirror,
        flags.pace(),
        flags.proxies.proxies(),
        limits,
        http_metrics.clone(),
    );
    #[cfg(feature = "bastion")]
    {
        let opened =
            bastion::open(&flags.bastion, password.as_ref(), &service, &pools, &http_metrics)?;
        opened.map(tokio::spawn);
    }
    let parts = ServerParts { limits, pools, metrics: http_metrics, tls };
    let stop = async {
        told_to_stop.await;
        supervisor.stopping();
    };
    Server::new(service, parts).accept(listener, stop).await;
    Ok(())
}

/// A witness is well if it answers how many logs it knows.
fn health(witness: &Witness) -> Health {
    Health { is_well: true, words: format!("knows {} logs", witness.log_count()) }
}

/// Opens the keys, the state and the list of logs.
fn open(flags: &Flags, metrics: WitnessMetrics) -> anyhow::Result<Arc<Witness>> {
    let password = flags.passwords.password()?;
    let open = |path| WitnessKey::open(path, flags.name.as_ref(), password.as_ref());
    let keys = flags.key.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
    let keys = OwnKeys::new(keys).context("--key")?;
    let list = flags.logs.read()?;
    let state = WitnessState::open(&flags.state, flags.trust_file_system).context("--state")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let witness = Witness::new(keys, state, flags.rate_limit_log, clock, metrics);
    witness.know(&list).context("--state")?;
    Ok(witness)
}

/// Prints where everything is, or logs it for programs. A closed stdout is not an error.
fn greet(
    flags: &Flags,
    witness: &Witness,
    mirror: Option<&Mirror>,
    url: &str,
    metrics: Option<SocketAddr>,
    messages: &Messages,
) {
    if messages.are_json() {
        let keys = witness.keys().verifier_keys().iter().map(ToString::to_string);
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            state = %flags.state.display(),
            logs = witness.log_count(),
            verifier_keys = keys.collect::<Vec<_>>().join(" "),
            mirrored = mirror.map(Mirror::log_count),
            mirror_keys = mirror.map(|mirror| {
                let keys = mirror.keys().verifier_keys().iter().map(ToString::to_string);
                keys.collect::<Vec<_>>().join(" ")
            }),
            metrics = metrics.map(|address| format!("http://{address}/metrics")),
            url,
            "listening"
        );
        return;
    }
    let mut lines = vec![
        format!("fasti-witness {}", env!("CARGO_PKG_VERSION")),
        format!("  state         {}", flags.state.display()),
        format!("  logs          {}", witness.log_count()),
    ];
    let keys = witness.keys().verifier_keys().iter();
    lines.extend(keys.map(|key| format!("  verifier key  {key}")));
    if let Some(mirror) = mirror {
        lines.push(format!("  mirrored      {}", mirror.log_count()));
        let keys = mirror.keys().verifier_keys().iter();
        lines.extend(keys.map(|key| format!("  mirror key    {key}")));
    }
    lines.extend(metrics.map(|address| format!("  metrics on    http://{address}/metrics")));
    lines.push(format!("  listening on  {url}"));
    drop(std::io::stdout().write_all((lines.join("\n") + "\n").as_bytes()));
}
