//! `fasti-bench witness`: how many checkpoints a witness cosigns, and at what cost.
//!
//! Starts the witness on a new directory with made-up logs, and has each log grow by one leaf at a
//! time, as fast as it gets cosignatures. All requests are made before the clock starts. Invariant:
//! no witness is left running.

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::Serialize;
use tiles_spec::witness::AddCheckpoint;
use tiles_spec::{
    Checkpoint, CosigningKey, Hash, HashTile, Note, NoteSigningKey, SignedCheckpoint, TileMap,
    TreeCosigningKey, TreeHead, TreeSize, leaf_hash, plan_consistency, tile, tree,
};

use crate::Format;
use crate::histogram::Histogram;
use crate::process;
use crate::report::Latency;
use crate::units::{parse_duration, show_duration};

/// The options of `witness`.
#[derive(Args)]
pub struct WitnessArguments {
    /// The witness's binary
    #[arg(long)]
    program: PathBuf,
    /// A directory that does not exist yet, for its state, keys and list of logs
    #[arg(long)]
    dir: PathBuf,
    /// How many logs it knows
    #[arg(long, default_value_t = 1000)]
    logs: u32,
    /// How many of them ask, each over its own connection
    #[arg(long, default_value_t = 32)]
    asking: u32,
    /// How often each of them asks
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=255))]
    times: u32,
    /// Cosign with ML-DSA-44 too
    #[arg(long)]
    ml_dsa: bool,
    /// How long to wait for the witness to start
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    timeout: Duration,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    logs: u32,
    cosigned: u64,
    per_second: f64,
    cpu_us_each: f64,
    latency_us: Latency,
    ready_ms: f64,
    peak_rss_kib: u64,
}

/// Measures and prints. False if anything was refused.
pub fn run(arguments: &WitnessArguments) -> Result<bool> {
    ensure!((1..=arguments.logs).contains(&arguments.asking), "--asking: 1 to --logs");
    fs::create_dir(&arguments.dir)
        .with_context(|| format!("{} must not exist yet", arguments.dir.display()))?;
    let key = |n: u32| {
        let name = format!("log{n}.bench").parse().expect("a key name");
        NoteSigningKey::from_seed(name, &[7; 32])
    };
    prepare(arguments, (0..arguments.logs).map(key))?;
    let proofs = proofs(arguments.times);
    let asking = (0..arguments.asking).map(|n| requests(&key(n), &proofs));
    let asking: Vec<Vec<Vec<u8>>> = asking.collect();
    let began = Instant::now();
    let (witness, address) = start(arguments)?;
    let ready_ms = began.elapsed().as_secs_f64() * 1e3;
    let before = process::CpuTime::of(witness.0.id())?;
    let began = Instant::now();
    let asked: Vec<Result<Histogram>> = thread::scope(|scope| {
        let each = asking.iter().map(|requests| scope.spawn(|| ask(&address, requests)));
        let each: Vec<_> = each.collect();
        each.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    let elapsed = began.elapsed();
    let used = process::CpuTime::of(witness.0.id())?;
    let mut latencies = Histogram::new();
    for one in asked {
        latencies.merge(&one?);
    }
    let cpu = (used.user + used.system).saturating_sub(before.user + before.system);
    let cosigned = latencies.count();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let count = cosigned as f64;
    let report = Report {
        logs: arguments.logs,
        cosigned,
        per_second: count / elapsed.as_secs_f64(),
        cpu_us_each: cpu.as_secs_f64() * 1e6 / count,
        latency_us: Latency::of(&latencies),
        ready_ms,
        peak_rss_kib: process::peak_rss_kib(witness.0.id())?,
    };
    match arguments.format {
        Format::Text => print_text(&report),
        Format::Json => println!("{}", serde_json::to_string(&report)?),
    }
    Ok(true)
}

fn print_text(report: &Report) {
    let ready = show_duration(Duration::from_secs_f64(report.ready_ms / 1e3));
    println!("witness    {} logs, ready after {ready}", report.logs);
    println!("cosigned   {} checkpoints, {:.0}/s", report.cosigned, report.per_second);
    println!("latency    {}", report.latency_us.text());
    println!(
        "cost       {:.0} us of CPU time each, {:.0}/s for a processor; peak {} MiB",
        report.cpu_us_each,
        1e6 / report.cpu_us_each,
        report.peak_rss_kib >> 10
    );
}

/// Writes the keys and the list of logs.
fn prepare(arguments: &WitnessArguments, keys: impl Iterator<Item = NoteSigningKey>) -> Result<()> {
    let secret = |name: &str, text: &str| {
        let path = arguments.dir.join(name);
        File::create(&path)?.set_permissions(Permissions::from_mode(0o600))?;
        fs::write(&path, text)
    };
    let name = "witness.bench".parse().expect("a key name");
    secret("ed25519.key", &CosigningKey::from_seed(name, &[1; 32]).to_private_string())?;
    let name = "witness.bench".parse().expect("a key name");
    let key = TreeCosigningKey::from_seed(name, &[2; 32]).context("a short name")?;
    secret("ml-dsa.key", &key.to_private_string())?;
    let line = |key: NoteSigningKey| format!("vkey {}\n", key.verifier_key());
    Ok(fs::write(arguments.dir.join("logs"), keys.map(line).collect::<String>())?)
}

/// All trees of up to so many leaves, each with the proof that it extends the one before.
fn proofs(times: u32) -> Vec<(TreeSize, TreeHead, Vec<Hash>)> {
    let leaves: Vec<Hash> = (0..times).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let mut tiles = TileMap::default();
    let all = TreeSize::new(u64::from(times)).expect("it is small");
    for coord in tile::tiles_for_growth(TreeSize::ZERO, all) {
        tiles.insert(coord, HashTile::new(leaves.clone()).expect("at most 256 leaves"));
    }
    let size = |size: usize| TreeSize::new(size as u64).expect("it is small");
    let step = |new: usize| {
        let head = TreeHead { size: size(new), root: tree::root_of(&leaves[..new]) };
        let plan = plan_consistency(size(new - 1), size(new)).expect("it grows");
        (size(new - 1), head, plan.build(&tiles).expect("the tile is there"))
    };
    (1..=leaves.len()).map(step).collect()
}

/// The requests of one log.
fn requests(key: &NoteSigningKey, proofs: &[(TreeSize, TreeHead, Vec<Hash>)]) -> Vec<Vec<u8>> {
    let request = |(old, head, proof): &(TreeSize, TreeHead, Vec<Hash>)| {
        let origin = key.verifier_key().name().to_string();
        let text = Checkpoint { origin, head: *head, extensions: Vec::new() }.to_text();
        let mut note = Note::unsigned(text.as_str()).expect("a text");
        note.append(key.sign(&text)).expect("there is room");
        let checkpoint = SignedCheckpoint::parse(&note.to_bytes()).expect("a checkpoint");
        let body = AddCheckpoint { old: *old, proof: proof.clone(), checkpoint }.to_bytes();
        let length = body.len();
        let head =
            format!("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: {length}\r\n\r\n");
        [head.into_bytes(), body].concat()
    };
    proofs.iter().map(request).collect()
}

/// A spawned witness; killed when dropped.
struct Spawned(Child);

impl Drop for Spawned {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(arguments: &WitnessArguments) -> Result<(Spawned, String)> {
    let path = |name: &str| arguments.dir.join(name);
    let mut command = Command::new(&arguments.program);
    command.arg("--state").arg(path("state")).arg("--logs").arg(path("logs"));
    command.arg("--key").arg(path("ed25519.key"));
    if arguments.ml_dsa {
        command.arg("--key").arg(path("ml-dsa.key"));
    }
    let free = ["--listen", "127.0.0.1:0", "--rate-limit-client", "1000000/s"];
    command.args(free).args(["--rate-limit-log", "1000000/s"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| arguments.program.display().to_string())?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let witness = Spawned(child);
    let deadline = Instant::now() + arguments.timeout;
    for line in BufReader::new(stdout).lines() {
        if let Some((_, address)) = line?.split_once("listening on  http://") {
            return Ok((witness, address.to_owned()));
        }
        ensure!(Instant::now() < deadline, "the witness was not ready in time");
    }
    bail!("the witness did not start")
}

/// Sends one request after the other, each when the one before was answered.
fn ask(address: &str, requests: &[Vec<u8>]) -> Result<Histogram> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut latencies = Histogram::new();
    for request in requests {
        let sent = Instant::now();
        stream.write_all(request)?;
        let (mut status, mut length) = (String::new(), 0);
        answers.read_line(&mut status)?;
        loop {
            let mut field = String::new();
            answers.read_line(&mut field)?;
            let field = field.trim_end().to_ascii_lowercase();
            if let Some(value) = field.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if field.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        answers.read_exact(&mut body)?;
        let said = String::from_utf8_lossy(&body);
        ensure!(status.starts_with("HTTP/1.1 200 "), "{}: {said}", status.trim_end());
        latencies.record(sent.elapsed());
    }
    Ok(latencies)
}
