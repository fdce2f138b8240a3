//! State shared by all parts of one run: the seed's random numbers, the trace, the bucket, the
//! oracle, the running writers, and which of them are cut off from each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fasti::log::Log;
use fasti_kit::seeded::Seeded;
use tokio::time::Instant;

use crate::bucket::{Bucket, Reply, Request};
use crate::flag::Flag;
use crate::gate::Gate;
use crate::life::stays_down;
use crate::mix::{Astray, Memory, Mix};
use crate::oracle::{Oracle, Verdict, Violation};
use crate::releases::Releases;
use crate::run::Shape;
use crate::trace::Trace;
use crate::witnesses::Witnesses;

/// Faults end once the trace has this many lines.
const LINES_ENOUGH: u64 = 120_000;
/// A run with more lines than this is going in circles.
const LINES_MAX: u64 = 300_000;
/// When faults end, requests in flight land within this time.
pub const LANDING: Duration = Duration::from_secs(20);

/// A running process.
#[derive(Clone)]
pub struct Running {
    pub gate: Arc<Gate>,
    /// Set once the log is open.
    pub log: Option<Log>,
}

/// How often each event happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// The run's state; see the module documentation.
pub struct Sim {
    pub mix: Mix,
    /// The log's witnesses, if it has any.
    pub witnesses: Option<Witnesses>,
    rng: Mutex<Seeded>,
    trace: Mutex<Trace>,
    bucket: Mutex<Bucket>,
    /// What the last writer writes to, if the store was copied.
    copy: Mutex<Option<Bucket>>,
    oracle: Mutex<Oracle>,
    releases: Mutex<Releases>,
    /// The size that the store was restored to.
    put_back_to: Mutex<Option<u64>>,
    /// Requests that were sent before the last restore do not land.
    restores: Mutex<u64>,
    /// Where machines remember what was signed.
    machines: Option<tempfile::TempDir>,
    counts: Mutex<Counts>,
    running: Mutex<Vec<Option<Running>>>,
    /// Pairs that cannot communicate: a writer and a peer, or a writer and itself for the store.
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
    pub fn new(seed: u64, prints: bool, shape: Shape) -> Arc<Self> {
        let mut rng = Seeded::apart(seed);
        let mut of_witnesses = Seeded::apart(!seed);
        let mix = Mix::of(seed, &mut rng).with_witnesses(&mut of_witnesses);
        let mix = shape(mix, &mut rng);
        let mut trace = Trace::new(prints);
        trace.note(Duration::ZERO, &format!("{mix:?}"));
        let witnesses = mix.witnesses.as_ref().map(|mix| Witnesses::new(mix, of_witnesses));
        let keys = witnesses.as_ref().map(Witnesses::keys).unwrap_or_default();
        // What a damaged line is of, nobody can know.
        let keys = if mix.rates.damaged > 0 { Vec::new() } else { keys };
        Arc::new(Self {
            witnesses,
            rng: Mutex::new(rng),
            trace: Mutex::new(trace),
            bucket: Mutex::new(Bucket::new(mix.etags)),
            copy: Mutex::default(),
            oracle: Mutex::new(Oracle::with_witnesses(keys)),
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

    /// How long the run has lasted at this instant.
    pub fn passed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    pub fn note(&self, text: &str) {
        // The directory of the machines' memories differs between runs.
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

    /// Records the oracle's verdict; only the first violation counts.
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

    /// Waits until the oracle reports a violation.
    pub async fn violated(&self) {
        self.violated.raised().await;
    }

    /// Calls the oracle with the bucket as it is now.
    pub fn ask_oracle<T>(&self, ask: impl FnOnce(&mut Oracle, &Bucket) -> T) -> T {
        let bucket = lock(&self.bucket);
        ask(&mut lock(&self.oracle), &bucket)
    }

    /// Applies a writer's request and shows it to the oracle.
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

    /// Calls the history of everything released by a writer.
    pub fn ask_releases(&self, ask: impl FnOnce(&mut Releases) -> Verdict) {
        let verdict = ask(&mut lock(&self.releases));
        self.judge(verdict);
    }

    /// Returns a copy of the store as it is now.
    pub fn backup(&self) -> Bucket {
        lock(&self.bucket).copy()
    }

    /// Restores the store from a backup.
    pub fn put_back(&self, backup: &Bucket, size: u64) {
        lock(&self.bucket).put_back(backup);
        *lock(&self.put_back_to) = Some(size);
        *lock(&self.restores) += 1;
    }

    /// The size that the store was restored to.
    pub fn put_back_to(&self) -> Option<u64> {
        *lock(&self.put_back_to)
    }

    /// How often the store was restored.
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

    /// Reports whether this writer's store is the copy.
    pub fn is_on_copy(&self, writer: usize) -> bool {
        self.mix.astray == Some(Astray::Copied) && writer + 1 == self.mix.writers
    }

    /// Reports whether the store was restored or copied: then the log need not stay live.
    pub fn is_astray(&self) -> bool {
        self.copied.is_raised() || self.put_back_to().is_some()
    }

    pub fn machines(&self) -> Option<PathBuf> {
        self.machines.as_ref().map(|machines| machines.path().to_owned())
    }

    /// The address under which peers reach a writer.
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

    /// Cuts a writer off from a peer, or from the store if the peer is the writer itself.
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

    /// Ends the trouble.
    pub fn has_enough(&self) {
        self.enough.raise();
    }

    /// Waits until there was enough trouble: by time or by number of events.
    pub async fn enough(&self) {
        drop(tokio::time::timeout(self.mix.faulty_for, self.enough.raised()).await);
    }

    /// Ends all faults.
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

    /// Stops restarting writers.
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

    /// Waits for `span`, or until shortly after faults end if that is sooner.
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
