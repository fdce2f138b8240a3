//! One thread of load: an epoll loop over its share of the connections.
//!
//! Each turn wakes sleeping connections that are due, hands due entries to free connections, waits,
//! and reads what has arrived. In a closed loop an answer is followed by the next request at once.
//! One request is in flight on a connection at a time, so latencies are those of separate clients.
//! Invariants: `outstanding` counts the tickets held by connections; `idle` has exactly the idle
//! ones; `asleep` has exactly the sleeping ones. Nothing a server does stops the run: anything that
//! is not an answer is counted as a [`Fault`], and the connection is reopened.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use rustix::event::epoll::{Event, EventFlags};

use crate::answer;
use crate::connection::{Connection, Phase, Ticket};
use crate::entries::{Entries, Random, Requests};
use crate::pace::{Pace, Schedule};
use crate::poll::{self, Poll};
use crate::tally::{Fault, Tally, Window};
use crate::target::Target;
use crate::verdict::{Outcome, Verdict};

/// What all drivers of a run share.
pub struct Run<'a> {
    /// Where to send; there is at least one, and all have the same prefix.
    pub targets: &'a [Target],
    /// What to send.
    pub entries: &'a Entries,
    /// When the first entry can be sent.
    pub start: Instant,
    /// The measured window; sending stops at its end.
    pub window: Window,
    /// How long an answer can take.
    pub timeout: Duration,
    /// Entries per second over all drivers; `None` for a closed loop.
    pub rate: Option<f64>,
    /// How many of a thousand entries repeat an earlier one.
    pub repeats_per_mille: u64,
    /// Connections over all drivers.
    pub connections: usize,
    /// Driver threads.
    pub drivers: usize,
    /// Seeds the choice of repeats.
    pub seed: u64,
}

/// The state of one thread.
pub struct Driver<'a> {
    run: &'a Run<'a>,
    requests: Requests<'a>,
    /// This driver's number; its entries are those congruent to it modulo the number of drivers.
    number: usize,
    pace: Pace,
    random: Random,
    fresh_taken: u64,
    fresh_total: u64,
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    asleep: BinaryHeap<Reverse<(Instant, usize)>>,
    outstanding: usize,
    /// Cleared by the turn that notices the end, after it has handed out what was due before.
    sending: bool,
    poll: Poll,
    next_expiry: Instant,
    request: Vec<u8>,
    scratch: Vec<u8>,
    tally: Tally,
}

impl<'a> Driver<'a> {
    /// Creates driver `number` of a run; nothing is sent yet.
    pub fn new(run: &'a Run<'a>, number: usize) -> io::Result<Self> {
        let Run { start, window, drivers, .. } = *run;
        let pace = match run.rate {
            None => Pace::Closed { end: window.end },
            Some(rate) => Pace::Open(Schedule::new(start, window.end, rate, number, drivers)),
        };
        let (own, all) = (number as u64, drivers as u64);
        let share = |total: usize| total / drivers + usize::from(number < total % drivers);
        Ok(Self {
            run,
            requests: Requests::new(run.entries, &run.targets[0]),
            number,
            pace,
            random: Random::new(run.seed ^ (own + 1)),
            fresh_taken: 0,
            fresh_total: run.entries.limit().saturating_sub(own).div_ceil(all),
            connections: (0..share(run.connections)).map(|_| Connection::new()).collect(),
            idle: VecDeque::new(),
            asleep: BinaryHeap::new(),
            outstanding: 0,
            sending: true,
            poll: Poll::new()?,
            next_expiry: start,
            request: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES],
            tally: Tally::new(window),
        })
    }

    /// Sends and receives until the run is over.
    pub fn drive(mut self) -> io::Result<Tally> {
        for at in 0..self.connections.len() {
            self.connect(at);
        }
        let mut events: Vec<Event> = poll::events();
        loop {
            let now = Instant::now();
            self.wake(now);
            self.dispatch(now);
            self.sending &= now < self.run.window.end && !self.is_used_up();
            let waiting = self.outstanding > 0 && now < self.run.window.end + self.run.timeout;
            if !self.sending && !waiting {
                return Ok(self.finish(now));
            }
            self.expire(now);
            self.wait(now, &mut events)?;
            for event in &events {
                if let Some(at) = poll::token(event) {
                    self.on_event(at, event.flags);
                }
            }
        }
    }

    fn is_used_up(&self) -> bool {
        self.fresh_taken == self.fresh_total
    }

    fn finish(mut self, now: Instant) -> Tally {
        for ticket in self.connections.iter().filter_map(|c| c.ticket) {
            self.tally.unanswered(&ticket, now);
        }
        self.tally.used_up = self.is_used_up();
        if !self.tally.used_up {
            for intended in self.pace.left_over() {
                self.tally.unsent(intended, now);
            }
        }
        self.tally
    }

    /// Hands due entries to idle connections.
    fn dispatch(&mut self, now: Instant) {
        while self.sending && !self.idle.is_empty() && !self.is_used_up() {
            let Some(intended) = self.pace.take(now) else { return };
            let at = self.idle.pop_front().expect("just seen");
            self.connections[at].ticket = Some(self.next_ticket(intended));
            self.outstanding += 1;
            self.transmit(at, now);
        }
    }

    fn next_ticket(&mut self, intended: Instant) -> Ticket {
        let repeat = self.run.repeats_per_mille > 0
            && self.fresh_taken > 0
            && self.random.below(1000) < self.run.repeats_per_mille;
        let own = if repeat {
            self.random.below(self.fresh_taken)
        } else {
            self.fresh_taken += 1;
            self.fresh_taken - 1
        };
        let number = own * self.run.drivers as u64 + self.number as u64;
        Ticket { number, repeat, intended }
    }

    fn transmit(&mut self, at: usize, now: Instant) {
        let connection = &mut self.connections[at];
        let ticket = connection.ticket.as_ref().expect("transmit follows a ticket");
        self.requests.write(ticket.number, &mut self.request);
        connection.phase = Phase::InFlight(now);
        if let Err(error) = connection.send(&self.request) {
            self.give_up(at, Fault::Connection(error.kind()));
        }
    }

    fn on_event(&mut self, at: usize, flags: EventFlags) {
        if self.connections[at].phase == Phase::Connecting {
            match self.connections[at].connected() {
                Ok(()) => self.ready(at),
                Err(error) => self.lose(at, Fault::Connect(error.kind())),
            }
            return;
        }
        if flags.contains(EventFlags::OUT)
            && let Err(error) = self.connections[at].flush()
        {
            return self.give_up(at, Fault::Connection(error.kind()));
        }
        let closing = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        if flags.intersects(EventFlags::IN | closing) {
            self.take_in(at, flags.intersects(closing));
        }
    }

    /// Reads what has arrived. A read that does not fill the buffer has emptied the socket, so
    /// another one would be a wasted system call; except if the server closed its side, because
    /// epoll reports that only once.
    fn take_in(&mut self, at: usize, closing: bool) {
        while self.connections[at].is_open() {
            let connection = &mut self.connections[at];
            let piece = match connection.receive(&mut self.scratch) {
                Ok(0) => return self.closed(at),
                Ok(length) => &self.scratch[..length],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => return self.give_up(at, Fault::Connection(error.kind())),
            };
            let drained = piece.len() < SCRATCH_BYTES && !closing;
            if !matches!(connection.phase, Phase::InFlight(_)) {
                return self.give_up(at, Fault::Malformed(answer::Malformed::Unasked));
            }
            let bytes = connection.answer_bytes(piece);
            let verdict = match answer::scan(bytes, ANSWER_BYTES_MAX) {
                Ok(Some(answer)) => Verdict::of(self.run.entries, &answer, bytes.len()),
                Ok(None) => {
                    connection.keep(piece);
                    if drained {
                        return;
                    }
                    continue;
                }
                Err(malformed) => return self.give_up(at, malformed.into()),
            };
            connection.answer_done();
            let socket_stays = verdict.keep_alive;
            self.answered(at, verdict, Instant::now());
            if drained || !socket_stays {
                return;
            }
        }
    }

    fn answered(&mut self, at: usize, verdict: Verdict, now: Instant) {
        let connection = &mut self.connections[at];
        let ticket = connection.ticket.expect("an answer follows a ticket");
        if !verdict.keep_alive {
            connection.close();
        }
        match verdict.outcome {
            Outcome::Acknowledged { index, conflict } => {
                let slot = usize::try_from(ticket.number).expect("numbers count what was sent")
                    / self.run.drivers;
                self.tally.acknowledge(&ticket, slot, index, now);
                self.tally.conflicts += u64::from(conflict);
            }
            Outcome::Pushback(pause) => {
                self.tally.pushbacks += 1;
                return self.sleep(at, now + pause);
            }
            Outcome::Refused(fault) => self.tally.fault(fault),
        }
        self.release(at);
        if self.connections[at].is_open() {
            self.ready(at);
        } else {
            self.connect(at);
        }
    }

    /// The connection is open: it sends its entry again, or becomes idle.
    fn ready(&mut self, at: usize) {
        let now = Instant::now();
        if self.connections[at].ticket.is_some() {
            return self.transmit(at, now);
        }
        self.connections[at].phase = Phase::Idle;
        self.idle.push_back(at);
        self.dispatch(now);
    }

    fn closed(&mut self, at: usize) {
        let connection = &self.connections[at];
        match connection.phase {
            // A server can close connections that are not in use.
            Phase::Idle | Phase::Asleep => self.reconnect_later(at),
            _ if connection.has_part() => self.give_up(at, Fault::ClosedWithin),
            _ => self.give_up(at, Fault::ClosedBefore),
        }
    }

    /// Counts a fault, gives up an entry that waits for its answer, and reconnects. An entry that
    /// waits for its retry is kept.
    fn give_up(&mut self, at: usize, fault: Fault) {
        if matches!(self.connections[at].phase, Phase::InFlight(_)) {
            self.release(at);
        }
        self.lose(at, fault);
    }

    fn lose(&mut self, at: usize, fault: Fault) {
        self.tally.fault(fault);
        self.reconnect_later(at);
    }

    fn release(&mut self, at: usize) {
        if self.connections[at].ticket.take().is_some() {
            self.outstanding -= 1;
        }
    }

    fn connect(&mut self, at: usize) {
        let targets = self.run.targets;
        let address = targets[(at * self.run.drivers + self.number) % targets.len()].address;
        if let Err(error) = self.connections[at].connect(address, &self.poll, at) {
            self.lose(at, Fault::Connect(error.kind()));
        }
    }

    fn reconnect_later(&mut self, at: usize) {
        self.connections[at].close();
        match self.connections[at].phase {
            // Already in the heap; waking it will find the socket gone.
            Phase::Asleep if self.asleep.iter().any(|Reverse((_, other))| *other == at) => return,
            Phase::Idle => self.idle.retain(|other| *other != at),
            _ => {}
        }
        self.sleep(at, Instant::now() + RECONNECT_PAUSE);
    }

    fn sleep(&mut self, at: usize, until: Instant) {
        self.connections[at].phase = Phase::Asleep;
        self.asleep.push(Reverse((until, at)));
    }

    fn wake(&mut self, now: Instant) {
        while let Some(&Reverse((until, at))) = self.asleep.peek() {
            if until > now {
                return;
            }
            self.asleep.pop();
            if self.connections[at].is_open() {
                self.ready(at);
            } else {
                self.connect(at);
            }
        }
    }

    /// Gives up requests that were not answered in time.
    fn expire(&mut self, now: Instant) {
        if now < self.next_expiry {
            return;
        }
        self.next_expiry = now + EXPIRY_INTERVAL;
        for at in 0..self.connections.len() {
            if let Phase::InFlight(since) = self.connections[at].phase
                && now.saturating_duration_since(since) > self.run.timeout
                && let Some(ticket) = self.connections[at].ticket
            {
                self.tally.waited(&ticket, now);
                self.give_up(at, Fault::TimedOut);
            }
        }
    }

    /// Waits for events, the next sleeper, the next entry of the schedule or the next check.
    fn wait(&mut self, now: Instant, events: &mut Vec<Event>) -> io::Result<()> {
        let mut until = self.next_expiry;
        if now < self.run.window.end {
            until = until.min(self.run.window.end);
        }
        if let Some(&Reverse((wake, _))) = self.asleep.peek() {
            until = until.min(wake);
        }
        let due = self.pace.next().filter(|_| !self.idle.is_empty());
        self.poll.wait(until, due, events)
    }
}

/// How often to look for unanswered requests.
const EXPIRY_INTERVAL: Duration = Duration::from_millis(250);
/// The pause between losing a connection and reopening it, so that a dead server is not hammered.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// Larger than any acknowledgement, so that one read gets a whole answer.
const SCRATCH_BYTES: usize = 64 * 1024;
/// A TransparencyLogEntry with a large certificate and many cosignatures is far below this.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
