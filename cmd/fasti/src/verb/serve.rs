//! `fasti serve`: answers for a log that others write, from its published files, without keys.
//!
//! What it serves it has verified as any reader does, or clients verify it. It writes nothing, and
//! remembers nothing from one start to the next, so any number can run side by side.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use fasti::client::fetch::Location;
use fasti::clock::SystemClock;
use fasti::http::{
    App, FollowConfig, FollowError, FollowedLog, HttpConfig, InactiveShards, Limits, RekorV1Config,
    ServerLimits, ShardError, serve, serve_metrics,
};
use fasti::metrics::{FollowedMetrics, HttpMetrics};
use fasti_flags::config::ConfigFlags;
use fasti_flags::{
    Health, LogFormat, ShardFlags, Supervisor, enough_for, keep_current, listen, open_certificate,
    registry, restart_once, told_to_stop,
};
use serde_json::json;
use tiles_spec::VerifierKey;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, refused_if};
use crate::globals::Globals;
use crate::messages;
use crate::output::Output;
use crate::terminal;

/// Threads that read files or compute. More would only wait for the same disk and processors.
const BLOCKING_THREADS_MAX: usize = 32;
/// Of the memory for files, the part for bundles that are compressed for clients.
const PACKED_PART: usize = 4;

/// The name of this verb.
pub const NAME: &str = "serve";

#[derive(Args)]
pub struct Arguments {
    /// Where the lookup index is: a URL, bucket or directory [default: next to the log]
    #[arg(long, env = "FASTI_INDEX", value_name = "URL|DIR")]
    index: Option<Location>,
    /// The verifier key that signs the index, if it is not the log's
    #[arg(long, env = "FASTI_LOOKUP_KEY", value_name = "NAME+ID+KEY")]
    lookup_key: Option<VerifierKey>,
    #[command(flatten)]
    rekor_v1: ShardFlags,
    /// The address to listen on
    #[arg(long, env = "FASTI_LISTEN", value_name = "HOST:PORT", default_value = "127.0.0.1:3001")]
    listen: String,
    /// Serve HTTPS with this certificate chain (PEM); reloaded when it changes, and on SIGHUP
    #[arg(long, env = "FASTI_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, env = "FASTI_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The address to serve Prometheus metrics on, at /metrics
    #[arg(long, env = "FASTI_METRICS_LISTEN", value_name = "HOST:PORT")]
    metrics_listen: Option<String>,
    /// Maximum memory for the log's files, in MiB
    #[arg(long, env = "FASTI_CACHE_MIB", value_name = "N", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    cache_mib: u32,
    /// How long to wait before the checkpoint is read again, in seconds
    #[arg(long, env = "FASTI_REFRESH_SECONDS", value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    refresh_seconds: u64,
    /// After how many seconds without a new look at the checkpoint /readyz fails
    #[arg(long, env = "FASTI_MAX_STALE_SECONDS", value_name = "N", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    max_stale_seconds: u64,
    /// Maximum number of open connections
    #[arg(long, env = "FASTI_CONNECTIONS_MAX", value_name = "N", default_value_t = 8192,
          value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    connections_max: u32,
    /// The form of messages on standard error: lines for people, or one JSON object a line
    #[arg(long, env = "FASTI_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    #[command(flatten)]
    config: ConfigFlags,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let unbounded = restart_once(&[]).map_err(anyhow::Error::from)?;
    messages::show(arguments.log_format);
    if let Some(error) = unbounded {
        terminal::say(&format!("the allocator's heaps cannot be bounded: {error}"));
    }
    let runtime = Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(answer(globals, arguments))
}

async fn answer(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let supervisor = Arc::new(Supervisor::of_environment().map_err(anyhow::Error::from)?);
    let (http_metrics, metrics) = (HttpMetrics::default(), FollowedMetrics::default());
    let log = follow(globals, arguments, metrics.clone()).await?;
    let shards = inactive_shards(globals, arguments, &log).await?;
    let (cert, key) = (arguments.tls_cert.as_ref(), arguments.tls_key.as_ref());
    let tls = open_certificate(cert, key, &http_metrics).map_err(anyhow::Error::from)?;
    let listener = listen(&arguments.listen).await.map_err(anyhow::Error::from)?;
    let metrics_listener = match &arguments.metrics_listen {
        Some(address) => Some(listen(address).await.map_err(anyhow::Error::from)?),
        None => None,
    };
    // From here on a signal means shut down, even if it arrives before anything waits for it.
    let told_to_stop = told_to_stop().context("cannot listen for signals")?;
    let mut told_to_reload = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = listener.local_addr().context("the address is unknown")?;
    let metrics_address = metrics_listener.as_ref().map(TcpListener::local_addr).transpose();
    let metrics_address = metrics_address.context("the address is unknown")?;
    let url = format!("{scheme}://{address}");
    let shown = arguments.rekor_v1.lines(&shards);
    banner(globals, arguments, &log, shown, &url, metrics_address)?.print(globals.format)?;
    if let Some(listener) = metrics_listener {
        let mut registry = registry();
        http_metrics.register(&mut registry);
        metrics.register(&mut registry);
        tokio::spawn(serve_metrics(listener, Arc::new(registry)));
    }
    if let Some(tls) = &tls {
        tokio::spawn(keep_current(tls.clone()));
    }
    let (reloading, told) = (tls.clone(), supervisor.clone());
    tokio::spawn(async move {
        while told_to_reload.recv().await.is_some() {
            let reload = async {
                if let Some(tls) = &reloading {
                    tls.reload().await;
                }
            };
            told.reload(reload).await;
        }
    });
    let (watched, watching) = (log.clone(), supervisor.clone());
    tokio::spawn(async move { watching.watch(|| health(&watched)).await });
    let followed = log.clone();
    let following = tokio::spawn(async move { followed.keep_current().await });
    let app = App::reading(log.clone(), config(arguments, shards), http_metrics);
    let stop = async move {
        told_to_stop.await;
        supervisor.stopping();
        log.close();
    };
    serve(listener, tls, Arc::new(app), stop).await;
    following.abort();
    Ok(Output::good(vec!["stopped".to_owned()], json!({"Stopped": true})))
}

/// How the log is, as `/readyz` says it.
fn health(log: &FollowedLog) -> Health {
    let words = match log.is_fresh() {
        Ok(()) => format!("reading, {} entries", log.head().size),
        Err(reason) => reason,
    };
    Health { is_well: log.is_fresh().is_ok(), words }
}

async fn follow(
    globals: &Globals,
    arguments: &Arguments,
    metrics: FollowedMetrics,
) -> Result<Arc<FollowedLog>, Failure> {
    let files = globals.log_and_index(arguments.index.as_ref())?;
    let config = FollowConfig {
        refresh: Duration::from_secs(arguments.refresh_seconds),
        stale_after: Duration::from_secs(arguments.max_stale_seconds),
        kept_bytes_max: cache_bytes(arguments) - packed_bytes(arguments),
    };
    let (mut trust, clock) = (globals.trust()?, Arc::new(SystemClock));
    trust.indexers.extend(arguments.lookup_key.clone());
    let opened = FollowedLog::open(files, trust, config, clock, metrics).await;
    refused_if(opened, FollowError::is_refusal)
}

async fn inactive_shards(
    globals: &Globals,
    arguments: &Arguments,
    log: &FollowedLog,
) -> Result<InactiveShards, Failure> {
    let mut sources = Vec::new();
    for shard in &arguments.rekor_v1.shards {
        if shard.sign {
            return Err(anyhow!(
                "--rekor-v1-shard {}: `sign` needs a key, which only a writer has",
                shard.place
            )
            .into());
        }
        sources.push(shard.source(|place| globals.open(place), globals.trust()?, None)?);
    }
    let opened = InactiveShards::open(sources, log.key(), Arc::new(SystemClock)).await;
    refused_if(opened, ShardError::is_refusal)
}

fn config(arguments: &Arguments, shards: InactiveShards) -> HttpConfig {
    let connections_max = enough_for(arguments.connections_max as usize);
    HttpConfig {
        limits: Limits {
            server: ServerLimits { connections_max, ..ServerLimits::default() },
            ..Limits::default()
        },
        packed_bytes_max: Some(packed_bytes(arguments)),
        rekor_v1: RekorV1Config { shards, ..RekorV1Config::default() },
        ..HttpConfig::default()
    }
}

fn cache_bytes(arguments: &Arguments) -> usize {
    (arguments.cache_mib as usize) << 20
}

fn packed_bytes(arguments: &Arguments) -> usize {
    cache_bytes(arguments) / PACKED_PART
}

fn banner(
    globals: &Globals,
    arguments: &Arguments,
    log: &FollowedLog,
    shards: Vec<String>,
    url: &str,
    metrics: Option<SocketAddr>,
) -> anyhow::Result<Output> {
    let (key, size, location) = (log.key(), log.head().size, globals.location()?);
    let mut lines = vec![
        format!("fasti {}, serving without keys", env!("CARGO_PKG_VERSION")),
        format!("  log           {location}"),
        format!("  origin        {}", key.name()),
        format!("  verifier key  {key}"),
        format!("  tree size     {size}"),
    ];
    lines.extend(arguments.index.as_ref().map(|index| format!("  index         {index}")));
    lines.extend(shards);
    lines.extend(metrics.map(|address| format!("  metrics on    http://{address}/metrics")));
    lines.push(format!("  listening on  {url}"));
    let json = json!({
        "Log": location.to_string(),
        "Origin": key.name().as_str(),
        "VerifierKey": key.to_string(),
        "TreeSize": size.get(),
        "Url": url,
        "Metrics": metrics.map(|address| format!("http://{address}/metrics")),
    });
    Ok(Output::good(lines, json))
}
