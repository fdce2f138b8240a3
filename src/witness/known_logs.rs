//! The logs that a witness knows: their keys, how often they may ask, and what was cosigned last.
//!
//! The list can be replaced at any time. What was cosigned last of a log belongs to its origin, and
//! outlives its keys and its place in the list.
//!
//! Invariant: there is one [`Last`] for each origin, for as long as the process runs; whoever has
//! it locked is the only one that reads or writes the log's state.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fasti_rate::{Bucket, Rate};
use fasti_seams::clock::Clock;
use tiles_spec::VerifierKey;
use tiles_spec::witness::origin_hash;
use tokio::sync::Mutex as Turns;

use super::log_list::LogList;
use super::state::{Recorded, StateError};

/// What was cosigned last of a log.
#[derive(Debug, Default)]
pub(super) enum Last {
    /// Not known: a record failed, or is under way. It must be settled and read.
    #[default]
    Unread,
    /// Known; `None` if nothing was cosigned so far.
    Read(Option<Recorded>),
}

/// A log that the witness knows.
pub(super) struct KnownLog {
    pub origin: String,
    pub keys: Vec<VerifierKey>,
    /// Locked by whoever's turn it is.
    pub last: Arc<Turns<Last>>,
    /// Whether it is mirrored too.
    pub is_mirrored: bool,
    bucket: Option<Bucket>,
}

impl KnownLog {
    /// Counts a request that the log has signed. The error is how long to wait.
    pub fn pace(&self) -> Result<(), Duration> {
        self.bucket.as_ref().map_or(Ok(()), |bucket| bucket.take(1))
    }
}

/// All logs that the witness knows.
pub(super) struct KnownLogs {
    clock: Arc<dyn Clock>,
    /// For logs of which the list does not say how often they may ask.
    default_rate: Option<Rate>,
    by_hash: RwLock<Arc<HashMap<String, Arc<KnownLog>>>>,
    /// Never gets smaller.
    lasts: Mutex<HashMap<String, Arc<Turns<Last>>>>,
}

impl KnownLogs {
    /// No logs yet.
    pub fn new(clock: Arc<dyn Clock>, default_rate: Option<Rate>) -> Self {
        Self { clock, default_rate, by_hash: RwLock::default(), lasts: Mutex::default() }
    }

    /// Replaces the list. `read` reads what was cosigned last of a log that is new; if that fails
    /// for any, nothing is replaced.
    pub fn replace(
        &self,
        list: &LogList,
        read: impl Fn(&str, &[VerifierKey]) -> Result<Option<Recorded>, StateError>,
    ) -> Result<(), StateError> {
        let mut lasts = self.lasts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_hash = HashMap::with_capacity(list.logs().len());
        for log in list.logs() {
            let hash = origin_hash(&log.origin);
            let last = if let Some(last) = lasts.get(&hash) {
                last.clone()
            } else {
                let last = Arc::new(Turns::new(Last::Read(read(&log.origin, &log.keys)?)));
                lasts.insert(hash.clone(), last.clone());
                last
            };
            let rate = log.per_day.map(Rate::per_day).or(self.default_rate);
            let bucket = rate.map(|rate| rate.bucket(&self.clock));
            let (origin, keys, is_mirrored) =
                (log.origin.clone(), log.keys.clone(), log.is_mirrored);
            by_hash.insert(hash, Arc::new(KnownLog { origin, keys, last, is_mirrored, bucket }));
        }
        *self.by_hash.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(by_hash);
        Ok(())
    }

    /// The log with this origin.
    pub fn find(&self, origin: &str) -> Option<Arc<KnownLog>> {
        self.with_hash(&origin_hash(origin))
    }

    /// The log whose origin has this hash, in hexadecimal.
    pub fn with_hash(&self, hash: &str) -> Option<Arc<KnownLog>> {
        self.all().get(hash).cloned()
    }

    /// All of them, by the hashes of their origins.
    pub fn all(&self) -> Arc<HashMap<String, Arc<KnownLog>>> {
        self.by_hash.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was cosigned last of the log whose origin has this hash, in hexadecimal, if the log was
    /// ever known to this process.
    pub fn last(&self, hash: &str) -> Option<Arc<Turns<Last>>> {
        self.lasts.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all().len()
    }
}
