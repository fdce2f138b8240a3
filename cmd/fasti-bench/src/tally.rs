//! What happened to the entries of a run, as counted by one driver.
//!
//! Invariants: every ticket ends in exactly one of acknowledged, fault, unanswered or unsent;
//! pushbacks and retries are counted in addition and end nothing. Latencies and the rate cover only
//! entries of the measured window; the checks of indices cover all entries. An entry that waited in
//! vain counts in the latencies with its waiting time; one that was answered wrongly does not.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use thiserror::Error;

use crate::answer::Malformed;
use crate::connection::Ticket;
use crate::histogram::Histogram;

/// The part of the run that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// After the warm-up.
    pub start: Instant,
    /// When sending stops.
    pub end: Instant,
}

impl Window {
    /// Whether a moment is within the window.
    pub fn holds(&self, moment: Instant) -> bool {
        self.start <= moment && moment < self.end
    }
}

/// Why an entry was given up or a connection lost.
#[derive(Clone, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A status other than acceptance and pushback.
    #[error("status {0}")]
    Status(u16),
    /// An accepting answer without a readable index.
    #[error("no index in the answer")]
    NoIndex,
    /// Bytes that are not an HTTP answer to the request.
    #[error("malformed answer: {0}")]
    Malformed(#[from] Malformed),
    /// The server closed the connection instead of answering.
    #[error("closed before the answer")]
    ClosedBefore,
    /// The server closed the connection within an answer.
    #[error("closed within the answer")]
    ClosedWithin,
    /// No connection.
    #[error("connect: {0}")]
    Connect(io::ErrorKind),
    /// A system call on the connection failed.
    #[error("connection: {0}")]
    Connection(io::ErrorKind),
    /// No answer in time.
    #[error("timed out")]
    TimedOut,
}

/// One driver's counts.
pub struct Tally {
    window: Window,
    /// Times from the intended sending to the acknowledgement, of entries due in the window.
    pub latencies: Histogram,
    /// Entries acknowledged within the window.
    pub acknowledged_in_window: u64,
    /// Entries acknowledged from the first to the last.
    pub acknowledged: u64,
    /// When the last entry was acknowledged.
    pub last: Option<Instant>,
    /// The index of each entry by its number within this driver; [`NO_INDEX`] without one.
    pub indices: Vec<u64>,
    /// Acknowledged repeats, and how many got the index of the first acknowledgement.
    pub repeats: u64,
    /// See `repeats`.
    pub repeats_same_index: u64,
    /// Answers that said "already exists" with 409.
    pub conflicts: u64,
    /// Answers that asked to retry later.
    pub pushbacks: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Entries still unanswered when the run was over.
    pub unanswered: u64,
    /// Scheduled entries for which no connection became free.
    pub unsent: u64,
    /// Whether all submissions were used up before the end.
    pub used_up: bool,
}

impl Tally {
    /// Creates a tally with nothing counted yet.
    pub fn new(window: Window) -> Self {
        Self {
            window,
            latencies: Histogram::new(),
            acknowledged_in_window: 0,
            acknowledged: 0,
            last: None,
            indices: Vec::new(),
            repeats: 0,
            repeats_same_index: 0,
            conflicts: 0,
            pushbacks: 0,
            faults: BTreeMap::new(),
            unanswered: 0,
            unsent: 0,
            used_up: false,
        }
    }

    /// Counts an acknowledged entry; `slot` is its number within this driver.
    pub fn acknowledge(&mut self, ticket: &Ticket, slot: usize, index: u64, now: Instant) {
        self.acknowledged += 1;
        self.last = Some(now);
        self.acknowledged_in_window += u64::from(self.window.holds(now));
        self.time(ticket.intended, now);
        if self.indices.len() <= slot {
            self.indices.resize(slot + 1, NO_INDEX);
        }
        let known = &mut self.indices[slot];
        if ticket.repeat {
            self.repeats += 1;
            self.repeats_same_index += u64::from(*known == index || *known == NO_INDEX);
        }
        if *known == NO_INDEX {
            *known = index;
        }
    }

    /// Counts a failed connection or an entry that was given up.
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_insert(0) += 1;
    }

    /// Counts an entry that was sent and never answered; it waited at least until `now`.
    pub fn unanswered(&mut self, ticket: &Ticket, now: Instant) {
        self.unanswered += 1;
        self.waited(ticket, now);
    }

    /// Records an entry that is given up after waiting until `now`: the percentiles must not lose
    /// it.
    pub fn waited(&mut self, ticket: &Ticket, now: Instant) {
        self.time(ticket.intended, now);
    }

    /// Counts a scheduled entry that was never sent; it waited at least until `now`.
    pub fn unsent(&mut self, intended: Instant, now: Instant) {
        self.unsent += 1;
        self.time(intended, now);
    }

    fn time(&mut self, intended: Instant, now: Instant) {
        if self.window.holds(intended) {
            self.latencies.record(now.saturating_duration_since(intended));
        }
    }

    /// Sums up all drivers, except the indices, which are numbered by each driver.
    pub fn sum(window: Window, tallies: &[Self]) -> Self {
        let mut total = Self::new(window);
        for tally in tallies {
            total.merge(tally);
        }
        total
    }

    fn merge(&mut self, other: &Self) {
        self.latencies.merge(&other.latencies);
        self.acknowledged_in_window += other.acknowledged_in_window;
        self.acknowledged += other.acknowledged;
        self.last = self.last.max(other.last);
        self.repeats += other.repeats;
        self.repeats_same_index += other.repeats_same_index;
        self.conflicts += other.conflicts;
        self.pushbacks += other.pushbacks;
        for (fault, count) in &other.faults {
            *self.faults.entry(fault.clone()).or_insert(0) += count;
        }
        self.unanswered += other.unanswered;
        self.unsent += other.unsent;
        self.used_up |= other.used_up;
    }
}

/// Means "not acknowledged"; above every index that a log can give.
pub const NO_INDEX: u64 = u64::MAX;
