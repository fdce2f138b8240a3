//! Stores for trying a log without a cloud: `fasti-buckets s3`, `gcs`, or a faulty line, `proxy`.
//!
//! Their content is in memory, and lost when the process ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use fasti_buckets::{FaultProxy, GcsOptions, GcsServer, S3Options, S3Server, Weather};

#[derive(Parser)]
#[command(name = "fasti-buckets", about = "Object stores in memory, for trials and tests")]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A store that speaks S3 and checks signatures.
    S3(S3),
    /// A store that speaks the XML protocol of Google Cloud Storage.
    Gcs(Gcs),
    /// A faulty line to a store.
    Proxy(Proxy),
}

#[derive(Args)]
struct S3 {
    /// Address to listen on.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 9000)))]
    listen: SocketAddr,
    /// The only bucket.
    #[arg(long, default_value = "log")]
    bucket: String,
    /// The only account.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", default_value = "writer")]
    access_key: String,
    /// Its secret.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    secret_key: String,
    /// Let everyone read objects.
    #[arg(long)]
    public: bool,
}

#[derive(Args)]
struct Gcs {
    /// Address to listen on.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 9001)))]
    listen: SocketAddr,
    /// The only bucket.
    #[arg(long, default_value = "log")]
    bucket: String,
    /// The bearer token that requests must have [default: any request is allowed]
    #[arg(long)]
    token: Option<String>,
    /// Let everyone read objects.
    #[arg(long)]
    public: bool,
    /// Refuse a second write to the same name within this many milliseconds, as the real store
    /// does.
    #[arg(long)]
    update_interval_ms: Option<u64>,
}

#[derive(Args)]
struct Proxy {
    /// Address to listen on.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 9002)))]
    listen: SocketAddr,
    /// Address of the store.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 9000)))]
    upstream: SocketAddr,
    /// The probability of each kind of fault for each request, 0 to 1.
    #[arg(long, default_value_t = 0.01)]
    probability: f64,
    /// Seed for choosing the faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    match Command::parse().what {
        What::S3(s3) => run_s3(s3).await,
        What::Gcs(gcs) => run_gcs(gcs).await,
        What::Proxy(proxy) => run_proxy(proxy).await,
    }
}

async fn run_s3(s3: S3) -> io::Result<()> {
    let server = S3Server::start(S3Options {
        listen: s3.listen,
        bucket: s3.bucket,
        access_key: s3.access_key,
        secret_key: s3.secret_key,
        public: s3.public,
        ..Default::default()
    })
    .await?;
    tell("s3", &server.options().bucket, &server.url());
    println!(
        "  export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=(the secret)",
        server.options().access_key
    );
    tokio::signal::ctrl_c().await
}

async fn run_gcs(gcs: Gcs) -> io::Result<()> {
    let server = GcsServer::start(GcsOptions {
        listen: gcs.listen,
        bucket: gcs.bucket,
        token: gcs.token,
        public: gcs.public,
        update_interval: gcs.update_interval_ms.map(Duration::from_millis),
        ..Default::default()
    })
    .await?;
    tell("gs", &server.options().bucket, &server.url());
    tokio::signal::ctrl_c().await
}

async fn run_proxy(proxy: Proxy) -> io::Result<()> {
    let line = FaultProxy::listen(proxy.listen, proxy.upstream, proxy.seed).await?;
    line.set(Weather::all(proxy.probability));
    println!("{} forwards to http://{}", line.url(), proxy.upstream);
    tokio::signal::ctrl_c().await
}

/// Prints how to point a writer at the store.
fn tell(scheme: &str, bucket: &str, url: &str) {
    println!("serving {scheme}://{bucket} at {url}; for a writer:");
    println!("  export FASTI_STORE={scheme}://{bucket} FASTI_STORE_ENDPOINT={url}");
}
