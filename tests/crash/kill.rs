//! kill -9 in a loop: clients submit all the time, and the writer is killed at random moments, at
//! its start and its recovery too.
//!
//! Afterwards everything that was ever acknowledged is at its index (I4), everything that was ever
//! shown is of one history (I1, I2), and what readers saw never shrank.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::Duration;

use tiles_spec::{SignedCheckpoint, VerifierKey};

use crate::http::Connection;
use crate::seeded::Seeded;
use crate::writer::{ORIGIN, Writer};
use crate::{oracle, rekor};

const KILLS: usize = 60;
const OPAQUE_CLIENTS: usize = 3;
const REKOR_REQUESTS: usize = 600;
const SEED: u64 = 20_261_123;

/// What all threads see.
#[derive(Default)]
struct Scene {
    /// Where the writer listens, while it does.
    address: RwLock<Option<SocketAddr>>,
    is_over: AtomicBool,
    /// Entries with the index that was acknowledged, each as often as it was.
    acknowledged: Mutex<Vec<(Vec<u8>, u64)>>,
    /// Every checkpoint that anyone was shown.
    shown: Mutex<BTreeSet<Vec<u8>>>,
}

impl Scene {
    /// Waits for a writer to connect to; `None` when it is over.
    fn connect(&self) -> Option<Connection> {
        while !self.is_over.load(Ordering::SeqCst) {
            let address = *self.address.read().expect("no panics");
            if let Some(Ok(connection)) = address.map(Connection::open) {
                return Some(connection);
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
    }

    fn acknowledge(&self, entry: Vec<u8>, index: u64) {
        self.acknowledged.lock().expect("no panics").push((entry, index));
    }

    fn show(&self, checkpoint: Vec<u8>) {
        self.shown.lock().expect("no panics").insert(checkpoint);
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_forks() {
    let home = tempfile::tempdir().expect("a directory");
    let store = home.path().join("log");
    let (scene, seed) = (Scene::default(), SEED);
    println!("seed {seed}");
    thread::scope(|threads| {
        let clients: Vec<_> = (0..OPAQUE_CLIENTS)
            .map(|n| (n, &scene))
            .map(|(n, scene)| threads.spawn(move || submit_opaque(scene, n, seed)))
            .collect();
        let rekor_client = threads.spawn(|| submit_rekor(&scene, seed));
        let readers = [
            threads.spawn(|| read_over_http(&scene)),
            threads.spawn(|| read_files(&scene, &store)),
        ];
        // Ends the other threads even if this one panics.
        let over = Over(&scene);
        kill_in_a_loop(&scene, &store, seed);
        let mut last = Writer::start(&store, &[]);
        *scene.address.write().expect("no panics") = Some(last.expect_address());
        thread::sleep(Duration::from_secs(1));
        drop(over);
        let unanswered: usize = clients.into_iter().map(|c| resubmit(&scene, c.join())).sum();
        rekor_client.join().expect("the rekor client does not panic");
        let checkpoints: usize = readers.map(|r| r.join().expect("no reader panics")).iter().sum();
        println!("{unanswered} entries without an answer, resubmitted; {checkpoints} reads");
        last.stop();
    });
    verify(&scene, &store);
}

struct Over<'a>(&'a Scene);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

fn kill_in_a_loop(scene: &Scene, store: &Path, seed: u64) {
    let mut random = Seeded::new(seed);
    for n in 0..KILLS {
        let mut writer = Writer::start(store, &["--batch-max-entries", "64"]);
        // One in four is killed before or while it recovers.
        if random.below(4) == 0 {
            thread::sleep(Duration::from_micros(random.next() % 400_000));
        } else {
            match writer.address() {
                Ok(address) => *scene.address.write().expect("no panics") = Some(address),
                Err(ended) => panic!("start {n}, seed {seed}: {}", ended.stderr),
            }
            thread::sleep(Duration::from_micros(random.next() % 600_000));
            *scene.address.write().expect("no panics") = None;
        }
        writer.kill();
    }
}

/// Submits entries one after the other, some of them twice. Returns those that got no answer.
fn submit_opaque(scene: &Scene, client: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut random = Seeded::new(seed + 1 + client as u64);
    let (mut unanswered, mut entries) = (Vec::new(), Vec::new());
    let mut connection = None;
    while connection.is_some() || !scene.is_over.load(Ordering::SeqCst) {
        let Some(mut open) = connection.take().or_else(|| scene.connect()) else { break };
        let entry = if entries.is_empty() || random.below(8) > 0 {
            let mut entry = format!("client {client} entry {} ", entries.len()).into_bytes();
            entry.extend((0..random.below(300)).map(|_| random.next().to_be_bytes()[0]));
            entries.push(entry.clone());
            entry
        } else {
            entries[random.below(entries.len())].clone()
        };
        match open.post("/add", &entry) {
            Ok(answer) if answer.status == 200 => {
                scene.acknowledge(entry, index(&answer.body));
                connection = (!scene.is_over.load(Ordering::SeqCst)).then_some(open);
            }
            Ok(answer) => {
                assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
                unanswered.push(entry);
            }
            Err(_) => unanswered.push(entry),
        }
    }
    unanswered
}

fn index(body: &[u8]) -> u64 {
    let line = std::str::from_utf8(body).expect("text");
    line.lines().next().and_then(|line| line.parse().ok()).expect("an index on the first line")
}

fn submit_rekor(scene: &Scene, seed: u64) {
    let requests = rekor::requests(REKOR_REQUESTS);
    let mut random = Seeded::new(seed + 100);
    let mut connection = None;
    while let Some(mut open) = connection.take().or_else(|| scene.connect()) {
        if let Ok(answer) =
            open.post("/api/v2/log/entries", &requests[random.below(requests.len())])
        {
            if answer.status == 201 {
                let logged = rekor::logged(&answer.body);
                scene.acknowledge(logged.entry, logged.index);
                scene.show(logged.checkpoint);
            } else {
                assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
            }
            connection = (!scene.is_over.load(Ordering::SeqCst)).then_some(open);
        }
    }
}

/// Asks the last writer again for everything that got no answer.
fn resubmit(scene: &Scene, unanswered: thread::Result<Vec<Vec<u8>>>) -> usize {
    let unanswered = unanswered.expect("no client panics");
    let address = scene.address.read().expect("no panics").expect("the last writer is running");
    let mut connection = Connection::open(address).expect("connects");
    for entry in &unanswered {
        let answer = connection.post("/add", entry).expect("an answer");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        scene.acknowledge(entry.clone(), index(&answer.body));
    }
    unanswered.len()
}

/// Polls the running writers.
fn read_over_http(scene: &Scene) -> usize {
    let mut latest = Latest::default();
    let mut connection = None;
    while let Some(mut open) = connection.take().or_else(|| scene.connect()) {
        if let Ok(answer) = open.get("/checkpoint")
            && answer.status == 200
        {
            latest.see(scene, answer.body);
            connection = (!scene.is_over.load(Ordering::SeqCst)).then_some(open);
        }
        thread::sleep(Duration::from_millis(1));
    }
    latest.reads
}

/// Polls the directory, as a file server would, whether a writer runs or not. What a checkpoint
/// implies is there (I3).
fn read_files(scene: &Scene, store: &Path) -> usize {
    let mut latest = Latest::default();
    while !scene.is_over.load(Ordering::SeqCst) {
        if let Ok(checkpoint) = std::fs::read(store.join("checkpoint")) {
            let size = latest.see(scene, checkpoint);
            let (tile, width) = (size / 256, size % 256);
            if width > 0 && tile < 1000 {
                for kind in ["0", "entries"] {
                    let full = store.join(format!("tile/{kind}/{tile:03}"));
                    let partial = store.join(format!("tile/{kind}/{tile:03}.p/{width}"));
                    assert!(partial.exists() || full.exists(), "{} is shown", partial.display());
                }
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
    latest.reads
}

/// What one reader has seen so far.
#[derive(Default)]
struct Latest {
    size: u64,
    reads: usize,
}

impl Latest {
    fn see(&mut self, scene: &Scene, checkpoint: Vec<u8>) -> u64 {
        let parsed = SignedCheckpoint::parse(&checkpoint).expect("a whole checkpoint");
        let size = parsed.checkpoint().head.size.get();
        assert!(size >= self.size, "the log shrank from {} to {size}", self.size);
        (self.size, self.reads) = (size, self.reads + 1);
        scene.show(checkpoint);
        size
    }
}

fn verify(scene: &Scene, store: &Path) {
    let key = verifier_key(store);
    let read = |path: &str| std::fs::read(store.join(path)).ok();
    let published = oracle::verify(&read, ORIGIN, &key);
    let acknowledged = scene.acknowledged.lock().expect("no panics");
    for (entry, index) in acknowledged.iter() {
        let there = published.entries.get(usize::try_from(*index).expect("small"));
        assert!(there == Some(entry), "what was acknowledged at {index} is not there");
    }
    let once: BTreeSet<&Vec<u8>> = published.entries.iter().collect();
    assert_eq!(once.len(), published.entries.len(), "no entry is there twice");
    let shown = scene.shown.lock().expect("no panics");
    let sizes = published.check_shown(shown.iter().map(Vec::as_slice), ORIGIN, &key);
    println!(
        "{KILLS} kills, {} acknowledgements, {} entries in the log, {sizes} sizes shown",
        acknowledged.len(),
        published.entries.len(),
    );
    assert!(acknowledged.len() > 10 * KILLS && sizes > 3 * KILLS, "the writer got to work");
}

fn verifier_key(store: &Path) -> VerifierKey {
    let line = std::fs::read_to_string(store.join("_writer/log.key")).expect("the key file");
    let key = tiles_spec::NoteSigningKey::parse(line.trim_end()).expect("a key");
    key.verifier_key().clone()
}
