//! Counts the requests to a server by kind.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{Method, Request};

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Read an object.
    Get,
    /// Read the metadata of an object.
    Head,
    /// Write an object.
    Put,
    /// Remove an object.
    Delete,
    /// Remove many objects.
    DeleteMany,
    /// List keys.
    List,
    /// Anything else.
    Other,
}

impl Operation {
    /// The kinds that read and write objects.
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Put, Self::Delete, Self::DeleteMany, Self::List, Self::Other];

    /// The kind and key of a request. The first segment of the path is the bucket; the key is what
    /// follows, and empty in a request for the whole bucket.
    pub fn of<B>(request: &Request<B>) -> (Self, String) {
        let path = request.uri().path().trim_start_matches('/');
        let key = path.split_once('/').map_or("", |(_, key)| key);
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned();
        let operation = match (request.method(), key.is_empty()) {
            (&Method::GET, false) => Self::Get,
            (&Method::HEAD, false) => Self::Head,
            (&Method::PUT, false) => Self::Put,
            (&Method::DELETE, false) => Self::Delete,
            (&Method::GET, true) => Self::List,
            (&Method::POST, true) => Self::DeleteMany,
            _ => Self::Other,
        };
        (operation, key)
    }
}

/// The amount of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Requests that arrived completely, including those that met a fault.
    pub requests: u64,
    /// Bytes of their bodies.
    pub received: u64,
    /// Answers with status 400 and above.
    pub refused: u64,
    /// Bytes of the answers' bodies.
    pub sent: u64,
}

/// The counters of one server.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<BTreeMap<Operation, Count>>,
}

impl Tally {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<Operation, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts of one kind since the start or the last [`reset`](Self::reset).
    pub fn of(&self, operation: Operation) -> Count {
        self.counts().get(&operation).copied().unwrap_or_default()
    }

    /// Requests of one kind.
    pub fn requests(&self, operation: Operation) -> u64 {
        self.of(operation).requests
    }

    /// Requests of all kinds.
    pub fn total(&self) -> u64 {
        self.counts().values().map(|count| count.requests).sum()
    }

    /// Resets the counters to zero and returns the previous counts.
    pub fn reset(&self) -> BTreeMap<Operation, Count> {
        std::mem::take(&mut self.counts())
    }

    pub(crate) fn asked(&self, operation: Operation, bytes: usize) {
        let mut counts = self.counts();
        let count = counts.entry(operation).or_default();
        count.requests += 1;
        count.received += bytes as u64;
    }

    pub(crate) fn answered(&self, operation: Operation, bytes: usize, refused: bool) {
        let mut counts = self.counts();
        let count = counts.entry(operation).or_default();
        count.sent += bytes as u64;
        count.refused += u64::from(refused);
    }
}
