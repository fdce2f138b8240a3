//! What clients, readers and the killer share: where writers listen, what was acknowledged, what
//! was published.
//!
//! Clients submit to any writer that answers; what got no answer is submitted again at the end.
//! Then everything acknowledged must be at its index, once (I4, I13), and everything published must
//! be of one history (I1, I2).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::Duration;

use fasti_kit::http::Connection;
use fasti_kit::seeded::Seeded;
use fasti_kit::{published, requests};
use tiles_spec::{SignedCheckpoint, VerifierKey};

use crate::writer::ORIGIN;

/// Signed in advance; more would only take time.
const REKOR_REQUESTS: usize = 600;
/// The pause after a writer did not accept a submission.
const PAUSE: Duration = Duration::from_millis(2);

/// What all threads share.
pub struct Scene {
    /// Where writers are listening.
    pub addresses: RwLock<Vec<SocketAddr>>,
    /// How long a client waits for an answer.
    patience: Duration,
    is_over: AtomicBool,
    /// Entries with their acknowledged index, once for each acknowledgement.
    acknowledged: Mutex<Vec<(Vec<u8>, u64)>>,
    /// Every published checkpoint that anyone has read.
    shown: Mutex<BTreeSet<Vec<u8>>>,
}

/// Stops the clients and readers when dropped, even if its holder panics.
pub struct Over<'a>(pub &'a Scene);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

/// What was verified.
pub struct Verified {
    pub acknowledgements: usize,
    pub entries: usize,
    /// The number of tree sizes published.
    pub sizes: usize,
}

impl Scene {
    pub fn new(patience: Duration) -> Self {
        Self {
            addresses: RwLock::default(),
            patience,
            is_over: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            shown: Mutex::default(),
        }
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits for a writer to connect to. Returns `None` when the test is over.
    pub fn connect(&self, random: &mut Seeded) -> Option<Connection> {
        while !self.is_over() {
            let addresses = self.addresses.read().expect("no panics").clone();
            let one = (!addresses.is_empty()).then(|| addresses[random.below(addresses.len())]);
            if let Some(Ok(connection)) = one.map(|one| Connection::open_with(one, self.patience)) {
                return Some(connection);
            }
            thread::sleep(PAUSE);
        }
        None
    }

    /// Submits entries one after another, some of them twice. Returns those that got no answer.
    pub fn submit_opaque(&self, client: u64, seed: u64) -> Vec<Vec<u8>> {
        let mut random = Seeded::new(seed + 1 + client);
        let (mut unanswered, mut entries) = (Vec::new(), Vec::new());
        let mut connection = None;
        while connection.is_some() || !self.is_over() {
            let Some(mut open) = connection.take().or_else(|| self.connect(&mut random)) else {
                break;
            };
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
                    self.acknowledge(entry, index(&answer.body));
                    connection = (!self.is_over()).then_some(open);
                }
                Ok(answer) => {
                    assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
                    unanswered.push(entry);
                    thread::sleep(PAUSE);
                }
                Err(_) => unanswered.push(entry),
            }
        }
        unanswered
    }

    /// Submits Rekor requests one after another, again and again.
    pub fn submit_rekor(&self, seed: u64) {
        let requests = requests::artifacts(REKOR_REQUESTS);
        let mut random = Seeded::new(seed + 100);
        let mut connection = None;
        while let Some(mut open) = connection.take().or_else(|| self.connect(&mut random)) {
            let request = &requests[random.below(requests.len())];
            if let Ok(answer) = open.post("/api/v2/log/entries", request) {
                if answer.status == 201 {
                    let logged = requests::logged(&answer.body);
                    self.acknowledge(logged.entry, logged.index);
                    self.show(logged.checkpoint);
                    connection = (!self.is_over()).then_some(open);
                } else {
                    assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Submits everything that got no answer to one writer again.
    pub fn resubmit(&self, address: SocketAddr, unanswered: &[Vec<u8>]) {
        let mut connection = Connection::open(address).expect("connects");
        for entry in unanswered {
            let answer = connection.post("/add", entry).expect("an answer");
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
            self.acknowledge(entry.clone(), index(&answer.body));
        }
    }

    pub fn acknowledge(&self, entry: Vec<u8>, index: u64) {
        self.acknowledged.lock().expect("no panics").push((entry, index));
    }

    pub fn show(&self, checkpoint: Vec<u8>) {
        self.shown.lock().expect("no panics").insert(checkpoint);
    }

    /// Derives the log again from its files and compares.
    pub fn verify(&self, read: &dyn Fn(&str) -> Option<Vec<u8>>, key: &VerifierKey) -> Verified {
        let published = published::verify(read, ORIGIN, key);
        assert_eq!(published.timeless(), 0, "each entry has a time");
        let acknowledged = self.acknowledged.lock().expect("no panics");
        for (entry, index) in acknowledged.iter() {
            let there = published.entries.get(usize::try_from(*index).expect("small"));
            assert!(there == Some(entry), "what was acknowledged at {index} is not there");
        }
        let once: BTreeSet<&Vec<u8>> = published.entries.iter().collect();
        assert_eq!(once.len(), published.entries.len(), "no entry is there twice");
        let shown = self.shown.lock().expect("no panics");
        let sizes = published.check_shown(shown.iter().map(Vec::as_slice), ORIGIN, key);
        Verified { acknowledgements: acknowledged.len(), entries: published.entries.len(), sizes }
    }
}

/// The index in the answer to an opaque entry.
pub fn index(body: &[u8]) -> u64 {
    let line = std::str::from_utf8(body).expect("text");
    line.lines().next().and_then(|line| line.parse().ok()).expect("an index on the first line")
}

/// What one reader of one place has seen so far; the log never shrinks.
#[derive(Default)]
pub struct Latest {
    size: u64,
    pub reads: usize,
}

impl Latest {
    pub fn see(&mut self, scene: &Scene, checkpoint: Vec<u8>) -> u64 {
        let parsed = SignedCheckpoint::parse(&checkpoint).expect("a whole checkpoint");
        let size = parsed.checkpoint().head.size.get();
        assert!(size >= self.size, "the log shrank from {} to {size}", self.size);
        (self.size, self.reads) = (size, self.reads + 1);
        scene.show(checkpoint);
        size
    }
}

/// A number that the environment can set.
pub fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
}
