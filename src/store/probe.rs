//! Checks whether a store keeps its promises: the probe that a writer runs before it shares a log.
//!
//! Some stores accept conditional writes and ignore the condition, or check it without a lock. On
//! them two writers can both commit a record of the same number, and the log forks (I1). The probe
//! races writes against each other on fresh names below `_writer/probe/` and checks the results. It
//! can only find what happens while it runs: a pass proves nothing, a failure proves everything.
//!
//! | check | what is tried |
//! |---|---|
//! | creates | 4 names, each created 16 times at once; then once again |
//! | replacements | at a stale version, where nothing exists, 16 at once at one version |
//! | increments | 4 writers that each add 2 to a number by reading and replacing |
//! | listing | what was written is listed; what was removed is not |

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fasti_seams::clock::{Clock as _, SystemClock};
use fasti_seams::entropy::{Entropy as _, OsEntropy};
use futures::future::try_join_all;

use super::{Created, Housekeeping, Object, ObjectPath, Replaced, StoreError, Stores, Version};

const RACERS: u8 = 16;
const ROUNDS: u8 = 4;
const COUNTERS: u8 = 4;
const INCREMENTS: u8 = 2;
/// How often one increment is tried; each time that it loses, another one wins.
const TRIES_MAX: u8 = 4 * COUNTERS * INCREMENTS;
/// Pauses before a write is repeated after an indefinite answer. Stores that limit how often one
/// name is written need them.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// Small, and all different, to show whose bytes were kept.
const BYTES: usize = 64;

/// A part of the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Of concurrent creates of one name, one wins.
    Creates,
    /// Of concurrent replacements at one version, one wins, and only at the current version.
    Replacements,
    /// No update is lost.
    Increments,
    /// What was written is listed, and what was removed is not.
    Listing,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creates => "concurrent creates",
            Self::Replacements => "conditional replacements",
            Self::Increments => "counted increments",
            Self::Listing => "listing and removing",
        })
    }
}

/// What a store did that no store with several writers may do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Several writers would have committed the same record.
    #[error(
        "{winners} of {RACERS} concurrent creates of one name were all told that they had won: the \
         log would fork on such a store. It must not be shared by writers"
    )]
    ManyCreators {
        /// How many.
        winners: usize,
    },
    /// A confirmed write is missing.
    #[error(
        "none of {RACERS} concurrent creates of one name was told that it had won: no writer could \
         continue on such a store"
    )]
    NoCreator,
    /// A later write replaced the confirmed one.
    #[error(
        "the create that was told that it had won was overwritten by another: the log would fork \
         on such a store. It must not be shared by writers"
    )]
    WinnerLost,
    /// A create-only write replaced an existing object.
    #[error(
        "a create of a name that exists was told that it had won: the store ignores If-None-Match, \
         and the log would fork on it. It must not be shared by writers"
    )]
    CreatedTwice,
    /// A condition on the version was ignored.
    #[error(
        "a replacement at a stale version succeeded: the store ignores If-Match, and the log would \
         fork on it. It must not be shared by writers"
    )]
    StaleReplaced,
    /// A condition on the version of a missing object was ignored.
    #[error(
        "a replacement succeeded where no object exists: the store ignores If-Match, and the log \
         would fork on it. It must not be shared by writers"
    )]
    NothingReplaced,
    /// Several writers would have published.
    #[error(
        "{winners} of {RACERS} concurrent replacements at one version were told that they had won: \
         the log would fork on such a store. It must not be shared by writers"
    )]
    ManyReplacers {
        /// How many.
        winners: usize,
    },
    /// Replacements at the current version are refused.
    #[error(
        "a replacement at the current version was refused: the store does not recognize its own \
         versions. Some stores need --store-unquoted-etags"
    )]
    CurrentRefused,
    /// An update was lost.
    #[error(
        "{expected} increments were confirmed, but {counted} counted: the store loses updates, and \
         the log would fork on it. It must not be shared by writers"
    )]
    UpdatesLost {
        /// How many were confirmed.
        expected: u8,
        /// How many there were in the end.
        counted: u8,
    },
    /// A listing misses existing objects.
    #[error("a listing has only {listed} of the {written} objects that were written before it")]
    NotListed {
        /// How many were listed.
        listed: usize,
        /// How many there were.
        written: usize,
    },
    /// An object still exists after its removal.
    #[error("{path} is still there after it was removed")]
    NotRemoved {
        /// The object.
        path: ObjectPath,
    },
    /// A written object cannot be read, or holds something else.
    #[error("{path} does not hold what was written there")]
    NotKept {
        /// The object.
        path: ObjectPath,
    },
    /// Writes of a name are refused although nobody else writes it.
    #[error(
        "no end to other writes: {0}, although nobody else writes there. No writer could continue on \
         such a store"
    )]
    NeverFree(StoreError),
    /// The store did not answer.
    #[error("the store does not answer properly, so nothing was found out")]
    Store(#[from] StoreError),
}

impl ProbeError {
    /// Whether the store failed the check, rather than being unreachable.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Store(_))
    }
}

/// How long requests took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many there were.
    pub requests: usize,
    /// The median.
    pub median: Duration,
    /// The longest.
    pub longest: Duration,
}

/// What the probe found.
#[derive(Debug)]
pub struct Examination {
    /// The checks that were made, and what each found.
    pub checks: Vec<(Check, Result<(), ProbeError>)>,
    /// How long requests took, by operation: `create`, `get`, `replace`.
    pub latencies: BTreeMap<&'static str, Latency>,
}

/// Checks whether writers can share `stores`. `nonce` makes the names fresh.
pub async fn probe(stores: &Stores, nonce: [u8; 16]) -> Result<(), ProbeError> {
    examine(stores, nonce).await.checks.into_iter().try_for_each(|(_, verdict)| verdict)
}

/// Runs every check and reports the result of each. After the first check that got no answer from
/// the store the others are skipped.
pub async fn examine(stores: &Stores, nonce: [u8; 16]) -> Examination {
    let probe = Probe::new(stores, nonce);
    let mut checks = Vec::new();
    for check in [Check::Creates, Check::Replacements, Check::Increments, Check::Listing] {
        let verdict = match check {
            Check::Creates => probe.creates().await,
            Check::Replacements => probe.replacements().await,
            Check::Increments => probe.increments().await,
            Check::Listing => match &stores.housekeeping {
                Some(housekeeping) => probe.listing(&**housekeeping).await,
                None => continue,
            },
        };
        let silent = matches!(verdict, Err(ProbeError::Store(_)));
        checks.push((check, verdict));
        if silent {
            break;
        }
    }
    probe.tidy_up().await;
    Examination { checks, latencies: probe.latencies() }
}

struct Probe<'a> {
    stores: &'a Stores,
    below: String,
    written: Mutex<Vec<ObjectPath>>,
    took: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
}

impl<'a> Probe<'a> {
    fn new(stores: &'a Stores, nonce: [u8; 16]) -> Self {
        let below = format!("_writer/probe/{}/", hex::encode(nonce));
        Self { stores, below, written: Mutex::default(), took: Mutex::default() }
    }

    async fn creates(&self) -> Result<(), ProbeError> {
        for round in 0..ROUNDS {
            let path = self.fresh(&format!("create-{round}"));
            let racers = (0..RACERS).map(|n| self.create(&path, bytes_of(n)));
            let answers = try_join_all(racers).await?;
            let winners: Vec<u8> =
                (0..).zip(answers).filter(|(_, won)| *won).map(|(n, _)| n).collect();
            match winners[..] {
                [] => return Err(ProbeError::NoCreator),
                [winner] if self.get(&path).await?.bytes == bytes_of(winner) => {}
                [_] => return Err(ProbeError::WinnerLost),
                _ => return Err(ProbeError::ManyCreators { winners: winners.len() }),
            }
            if self.create(&path, bytes_of(RACERS)).await? {
                return Err(ProbeError::CreatedTwice);
            }
        }
        Ok(())
    }

    async fn replacements(&self) -> Result<(), ProbeError> {
        let path = self.fresh("replace");
        self.create(&path, bytes_of(0)).await?;
        let first = self.get(&path).await?.version;
        if self.replace(&self.fresh("nothing"), bytes_of(1), &first).await?.is_some() {
            return Err(ProbeError::NothingReplaced);
        }
        let second = self.replace(&path, bytes_of(1), &first).await?;
        let second = second.ok_or(ProbeError::CurrentRefused)?;
        if self.replace(&path, bytes_of(2), &first).await?.is_some() {
            return Err(ProbeError::StaleReplaced);
        }
        if self.get(&path).await?.bytes != bytes_of(1) {
            return Err(ProbeError::NotKept { path });
        }
        let racers = (3..3 + RACERS).map(|n| self.replace(&path, bytes_of(n), &second));
        let answers = try_join_all(racers).await?;
        let winners: Vec<u8> =
            (3..).zip(answers).filter(|(_, won)| won.is_some()).map(|(n, _)| n).collect();
        match winners[..] {
            [winner] if self.get(&path).await?.bytes == bytes_of(winner) => Ok(()),
            [_] => Err(ProbeError::WinnerLost),
            _ => Err(ProbeError::ManyReplacers { winners: winners.len() }),
        }
    }

    async fn increments(&self) -> Result<(), ProbeError> {
        let path = self.fresh("count");
        self.create(&path, counted(0, RACERS)).await?;
        // All begin with the same object, so that they do collide.
        let zero = self.get(&path).await?;
        try_join_all((0..COUNTERS).map(|n| self.count(&path, zero.clone(), n))).await?;
        let counted = self.get(&path).await?.bytes.first().copied().unwrap_or_default();
        let expected = COUNTERS * INCREMENTS;
        // A write without a definite answer may have counted in addition to the one after it.
        if counted < expected {
            return Err(ProbeError::UpdatesLost { expected, counted });
        }
        Ok(())
    }

    /// Adds to the number at `path`, [`INCREMENTS`] times, starting from `object` as it was read.
    async fn count(
        &self,
        path: &ObjectPath,
        mut object: Object,
        counter: u8,
    ) -> Result<(), ProbeError> {
        let mut left = INCREMENTS;
        for _ in 0..TRIES_MAX {
            let count = object.bytes.first().copied().unwrap_or_default();
            let next = counted(count.saturating_add(1), counter);
            if self.replace(path, next, &object.version).await?.is_some() {
                left -= 1;
            }
            if left == 0 {
                return Ok(());
            }
            object = self.get(path).await?;
        }
        Err(ProbeError::CurrentRefused)
    }

    async fn listing(&self, housekeeping: &dyn Housekeeping) -> Result<(), ProbeError> {
        let paths = ["a", "b", "c"].map(|name| self.fresh(&format!("list/{name}")));
        try_join_all(paths.iter().map(|path| self.create(path, bytes_of(0)))).await?;
        let listed =
            housekeeping.list(&format!("{}list/", self.below), Some(&paths[0]), 10).await?;
        if listed != paths[1..] {
            return Err(ProbeError::NotListed { listed: listed.len(), written: paths.len() - 1 });
        }
        let [path, _, _] = paths;
        housekeeping.remove(std::slice::from_ref(&path)).await?;
        match self.stores.objects.get(&path).await? {
            Some(_) => Err(ProbeError::NotRemoved { path }),
            None => Ok(()),
        }
    }

    /// Removes what was written, as far as possible; what remains is below a name of its own.
    async fn tidy_up(&self) {
        if let Some(housekeeping) = &self.stores.housekeeping {
            let written = std::mem::take(&mut *held(&self.written));
            drop(housekeeping.remove(&written).await);
        }
    }

    fn fresh(&self, name: &str) -> ObjectPath {
        let path = ObjectPath::new(format!("{}{name}", self.below)).expect("a valid path");
        held(&self.written).push(path.clone());
        path
    }

    /// Whether this write created the object. Repeated until there is an answer, like every
    /// conditional write of a log; after a repeat, the bytes tell whose object it is.
    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<bool, ProbeError> {
        let mut repeated = false;
        let mut pauses = PAUSES.iter();
        loop {
            match self.timed("create", self.stores.objects.create(path, bytes.clone())).await {
                Ok(Created::Now) => return Ok(true),
                Ok(Created::Already) if repeated => return Ok(self.get(path).await?.bytes == bytes),
                Ok(Created::Already) => return Ok(false),
                Err(error) => pause_after(error, pauses.next()).await?,
            }
            repeated = true;
        }
    }

    /// The new version, if this write replaced the object; otherwise like [`Probe::create`].
    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Option<Version>, ProbeError> {
        let mut repeated = false;
        let mut pauses = PAUSES.iter();
        loop {
            let replacing = self.stores.objects.replace(path, bytes.clone(), expected);
            match self.timed("replace", replacing).await {
                Ok(Replaced::Now(version)) => return Ok(Some(version)),
                Ok(Replaced::Conflict) if repeated => {
                    let there = self.stores.objects.get(path).await?;
                    return Ok(there
                        .filter(|there| there.bytes == bytes)
                        .map(|there| there.version));
                }
                Ok(Replaced::Conflict) => return Ok(None),
                Err(error) => pause_after(error, pauses.next()).await?,
            }
            repeated = true;
        }
    }

    async fn get(&self, path: &ObjectPath) -> Result<Object, ProbeError> {
        let object = self.timed("get", self.stores.objects.get(path)).await?;
        object.ok_or_else(|| ProbeError::NotKept { path: path.clone() })
    }

    async fn timed<T>(&self, what: &'static str, request: impl Future<Output = T>) -> T {
        let began = SystemClock.now();
        let answer = request.await;
        let took = SystemClock.now().saturating_duration_since(began);
        held(&self.took).entry(what).or_default().push(took);
        answer
    }

    fn latencies(&self) -> BTreeMap<&'static str, Latency> {
        let took = std::mem::take(&mut *held(&self.took));
        took.into_iter().map(|(what, took)| (what, Latency::of(took))).collect()
    }
}

impl Latency {
    fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        Self {
            requests: took.len(),
            median: took.get(took.len() / 2).copied().unwrap_or_default(),
            longest: took.last().copied().unwrap_or_default(),
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits after an indefinite answer, so that racers separate; any other error ends the probe.
async fn pause_after(error: StoreError, pause: Option<&Duration>) -> Result<(), ProbeError> {
    match (error, pause) {
        (StoreError::Ambiguous { .. }, Some(pause)) => {
            let [random, ..] = OsEntropy.nonce();
            SystemClock.sleep(*pause + *pause * u32::from(random) / 256).await;
            Ok(())
        }
        (error @ StoreError::Contended { .. }, _) => Err(ProbeError::NeverFree(error)),
        (error, _) => Err(error.into()),
    }
}

fn bytes_of(writer: u8) -> Bytes {
    vec![writer; BYTES].into()
}

/// A count, distinguishable from the same count by another counter.
fn counted(count: u8, counter: u8) -> Bytes {
    let mut bytes = vec![counter; BYTES];
    bytes[0] = count;
    bytes.into()
}
