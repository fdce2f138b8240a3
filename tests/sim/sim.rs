//! What all parts of one run share: the seed's numbers, the trace, the bucket, the oracle, the
//! writers that are running, and who is cut off from whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fasti::log::Log;
use tokio::time::Instant;

use crate::bucket::{Bucket, Reply, Request};
use crate::flag::Flag;
use crate::gate::Gate;
use crate::life::stays_down;
use crate::mix::{Astray, Memory, Mix};
use crate::oracle::{Oracle, Verdict, Violation};
use crate::releases::Releases;
use crate::seeded::Seeded;
use crate::trace::Trace;

/// When the trace has so many lines, it has been trouble enough.
const LINES_ENOUGH: u64 = 120_000;
/// A run with more lines than this runs in circles.
const LINES_MAX: u64 = 300_000;
/// When faults end, what is under way lands within this time.
pub const LANDING: Duration = Duration::from_secs(20);

/// A process that is running.
#[derive(Clone)]
pub struct Running {
    pub gate: Arc<Gate>,
    /// There once the log is open.
    pub log: Option<Log>,
}

/// How often what happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// See the module's text.
pub struct Sim {
    pub mix: Mix,
    rng: Mutex<Seeded>,
    trace: Mutex<Trace>,
    bucket: Mutex<Bucket>,
    /// What the last writer writes to, once there is one.
    copy: Mutex<Option<Bucket>>,
    oracle: Mutex<Oracle>,
    releases: Mutex<Releases>,
    /// The size that the store was put back to.
    put_back_to: Mutex<Option<u64>>,
    /// Requests that were sent before do not land.
    restores: Mutex<u64>,
    /// Where machines remember what was signed.
    machines: Option<tempfile::TempDir>,
    counts: Mutex<Counts>,
    running: Mutex<Vec<Option<Running>>>,
    /// Pairs of writer and peer, or writer and itself for the store, between which nothing passes.
    cuts: Mutex<BTreeSet<(usize, usize)>>,
    quiet: Flag,
    enough: Flag,
    over: Flag,
    copied: Flag,
    violated: Flag,
    violation: Mutex<Option<Violation>>,
    requests: Mutex<u64>,
    began: Instant,
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Sim {
    pub fn new(seed: u64, prints: bool) -> Arc<Self> {
        let mut rng = Seeded::new(seed);
        let mix = Mix::of(seed, &mut rng);
        let mut trace = Trace::new(prints);
        trace.note(Duration::ZERO, &format!("{mix:?}"));
        Arc::new(Self {
            rng: Mutex::new(rng),
            trace: Mutex::new(trace),
            bucket: Mutex::new(Bucket::new(mix.etags)),
            copy: Mutex::default(),
            oracle: Mutex::default(),
            releases: Mutex::default(),
            put_back_to: Mutex::default(),
            restores: Mutex::default(),
            machines: (mix.memory != Memory::Lost)
                .then(|| tempfile::tempdir().expect("a directory")),
            counts: Mutex::default(),
            running: Mutex::new(vec![None; mix.writers]),
            cuts: Mutex::default(),
            quiet: Flag::default(),
            enough: Flag::default(),
            over: Flag::default(),
            copied: Flag::default(),
            violated: Flag::default(),
            violation: Mutex::default(),
            requests: Mutex::new(0),
            began: Instant::now(),
            mix,
        })
    }

    pub fn draw<T>(&self, draw: impl FnOnce(&mut Seeded) -> T) -> T {
        draw(&mut lock(&self.rng))
    }

    pub fn note(&self, text: &str) {
        // Where the machines' memories lie is another place in each run.
        let text = match &self.machines {
            Some(machines) => &*text.replace(&*machines.path().to_string_lossy(), "machines"),
            None => text,
        };
        let mut trace = lock(&self.trace);
        trace.note(self.began.elapsed(), text);
        if trace.lines() == LINES_ENOUGH {
            self.enough.raise();
        }
        if trace.lines() == LINES_MAX {
            drop(trace);
            self.judge(Err(Violation::of("L1", format!("{LINES_MAX} lines in the trace"))));
        }
    }

    pub fn trace(&self) -> MutexGuard<'_, Trace> {
        lock(&self.trace)
    }

    pub fn count(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    pub fn counts(&self) -> Counts {
        lock(&self.counts).clone()
    }

    pub fn next_request(&self) -> u64 {
        let mut requests = lock(&self.requests);
        *requests += 1;
        *requests
    }

    /// The oracle's word, which counts if it is the first against the log.
    pub fn judge(&self, verdict: Verdict) {
        if let Err(violation) = verdict {
            self.note(&format!("VIOLATION {violation}"));
            lock(&self.violation).get_or_insert(violation);
            self.violated.raise();
        }
    }

    pub fn violation(&self) -> Option<Violation> {
        lock(&self.violation).clone()
    }

    /// Waits until the oracle objects.
    pub async fn violated(&self) {
        self.violated.raised().await;
    }

    /// The oracle, with the bucket as it is now.
    pub fn ask_oracle<T>(&self, ask: impl FnOnce(&mut Oracle, &Bucket) -> T) -> T {
        let bucket = lock(&self.bucket);
        ask(&mut lock(&self.oracle), &bucket)
    }

    /// A writer's request takes effect, before the eyes of the oracle.
    pub fn land(&self, writer: usize, name: &str, request: &Request) -> Reply {
        let (reply, verdict) = {
            let mut copy = lock(&self.copy);
            let mut bucket = lock(&self.bucket);
            let bucket = match &mut *copy {
                Some(copy) if self.is_on_copy(writer) => copy,
                _ => &mut *bucket,
            };
            let mut oracle = lock(&self.oracle);
            let reply = bucket.land(request);
            if let Request::CreateRecord(_, bytes) = request {
                lock(&self.releases).commits(bytes);
            }
            let verdict = if self.is_astray() {
                oracle.landed_astray(bucket, request, &reply)
            } else {
                oracle.landed(bucket, request, &reply)
            };
            (reply, verdict)
        };
        self.note(&format!("{name} lands: {} -> {}", request.line(), reply.line()));
        self.judge(verdict);
        reply
    }

    /// The history of everything that leaves a writer.
    pub fn ask_releases(&self, ask: impl FnOnce(&mut Releases) -> Verdict) {
        let verdict = ask(&mut lock(&self.releases));
        self.judge(verdict);
    }

    /// The store as it is now.
    pub fn backup(&self) -> Bucket {
        lock(&self.bucket).copy()
    }

    /// Puts the store back to what it was.
    pub fn put_back(&self, backup: &Bucket, size: u64) {
        lock(&self.bucket).put_back(backup);
        *lock(&self.put_back_to) = Some(size);
        *lock(&self.restores) += 1;
    }

    /// The size that the store was put back to.
    pub fn put_back_to(&self) -> Option<u64> {
        *lock(&self.put_back_to)
    }

    /// How often the store was put back.
    pub fn restores(&self) -> u64 {
        *lock(&self.restores)
    }

    /// Gives the last writer a store of its own.
    pub fn copy(&self, backup: &Bucket) {
        *lock(&self.copy) = Some(backup.copy());
        self.copied.raise();
    }

    /// Waits until there is a copy, or the run is over.
    pub async fn copied(&self) {
        tokio::select! {
            biased;
            () = self.copied.raised() => {}
            () = self.quiet.raised() => {}
        }
    }

    /// This writer's store is the copy.
    pub fn is_on_copy(&self, writer: usize) -> bool {
        self.mix.astray == Some(Astray::Copied) && writer + 1 == self.mix.writers
    }

    /// The store was put back or copied: the log need not live any more.
    pub fn is_astray(&self) -> bool {
        self.copied.is_raised() || self.put_back_to().is_some()
    }

    pub fn machines(&self) -> Option<PathBuf> {
        self.machines.as_ref().map(|machines| machines.path().to_owned())
    }

    /// Where its peers reach a writer.
    pub fn address(&self, writer: usize) -> String {
        if self.mix.one_address { "all".to_owned() } else { format!("w{writer}") }
    }

    pub fn running(&self, writer: usize) -> Option<Running> {
        lock(&self.running)[writer].clone()
    }

    pub fn set_running(&self, writer: usize, running: Option<Running>) {
        lock(&self.running)[writer] = running;
    }

    /// Stops a process for some time.
    pub fn freeze(self: &Arc<Self>, writer: usize, gate: &Arc<Gate>, span: Duration) {
        let Some(freeze) = gate.freeze() else { return };
        self.count("freezes");
        self.note(&format!("w{writer} is frozen for {span:?}"));
        let (sim, gate) = (self.clone(), gate.clone());
        tokio::spawn(async move {
            sim.sleep_until_quiet(span).await;
            sim.note(&format!("w{writer} thaws"));
            gate.thaw(freeze);
        });
    }

    /// Cuts a writer off from a peer, or with itself as the peer, from the store.
    pub fn cut(self: &Arc<Self>, writer: usize, peer: usize, span: Duration) {
        if !lock(&self.cuts).insert((writer, peer)) {
            return;
        }
        self.count(if writer == peer { "cuts from the store" } else { "cuts between writers" });
        self.note(&format!("w{writer} is cut off from w{peer} for {span:?}"));
        let sim = self.clone();
        tokio::spawn(async move {
            sim.sleep_until_quiet(span).await;
            lock(&sim.cuts).remove(&(writer, peer));
        });
    }

    pub fn is_cut(&self, writer: usize, peer: usize) -> bool {
        self.is_on_copy(writer) != self.is_on_copy(peer)
            || lock(&self.cuts).contains(&(writer, peer))
    }

    /// There was trouble enough.
    pub fn has_enough(&self) {
        self.enough.raise();
    }

    /// Waits until there was trouble enough: so much time, or so many events.
    pub async fn enough(&self) {
        drop(tokio::time::timeout(self.mix.faulty_for, self.enough.raised()).await);
    }

    /// No faults from now on.
    pub fn calm_down(&self) {
        self.note("faults end");
        self.quiet.raise();
        lock(&self.cuts).clear();
        for (writer, running) in lock(&self.running).iter().enumerate() {
            let Some(Running { gate, .. }) = running else { continue };
            gate.thaw_now();
            if stays_down(self, writer) {
                gate.kill();
            }
        }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet.is_raised()
    }

    /// Whoever ends from now on is not started again.
    pub fn wind_up(&self) {
        self.note("the run winds up");
        self.over.raise();
    }

    pub fn is_over(&self) -> bool {
        self.over.is_raised()
    }

    /// Waits for `span`, or until faults end.
    pub async fn sleep_until_quiet(&self, span: Duration) {
        drop(tokio::time::timeout(span, self.quiet.raised()).await);
    }

    /// Waits for `span`; when faults end before, only for a little more.
    pub async fn sleep_or_land(&self, span: Duration) {
        let until = Instant::now() + span;
        self.sleep_until_quiet(span).await;
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            let most = u64::try_from(LANDING.min(left).as_millis()).expect("short");
            let span = self.draw(|rng| rng.span(1, most.max(1)));
            tokio::time::sleep(span).await;
        }
    }
}
