//! Runs a writer in a program: a log in a directory, which takes Rekor's requests over HTTP and
//! serves its own files, until standard input ends.
//!
//! ```text
//! fasti keygen --origin log.example.org --out log.key
//! cargo run --example run_writer -- ./log log.key log.example.org 127.0.0.1:3000
//! ```

use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::http::{App, HttpConfig, serve};
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::{HttpMetrics, LogMetrics};
use fasti::signer::{FileSigner, Signer};
use fasti::store::{DirectoryOptions, DirectoryStore, Stores};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, key, origin, address] = arguments.as_slice() else {
        return Err("give a directory, a key file, the log's origin and an address".into());
    };
    let signer = Arc::new(FileSigner::open(key.as_ref(), origin.parse()?, None)?);
    println!("verifier key: {}", signer.verifier_key());
    let input_ends = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let stop = async { drop(input_ends.await) };
    run(directory.as_ref(), signer, TcpListener::bind(address).await?, stop).await
}

/// Opens the log in `directory`, or creates it, and answers requests until `stop` is ready.
pub async fn run(
    directory: &Path,
    signer: Arc<dyn Signer>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let store = DirectoryStore::open(directory, DirectoryOptions::default())?;
    let context = Context {
        config: LogConfig::default(),
        stores: Stores::of(Arc::new(store)),
        signer,
        memory: None,
        cosigners: None,
        sharing: Sharing::Alone,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Arc::new(LogMetrics::default()),
    };
    let (log, driver) = Log::open(context, Arc::new(MemoryIndex::default())).await?;
    let running = tokio::spawn(driver.run());
    let app = App::new(log.clone(), HttpConfig::default(), HttpMetrics::default());
    serve(listener, None, Arc::new(app), stop).await;
    log.shut_down();
    Ok(running.await??)
}
