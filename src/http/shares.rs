//! Shares: how much of one thing everybody holds, and who gives way when there is none left (I12).
//!
//! While there is enough, anybody takes what he needs. The last quarter of a thing is for those who hold
//! little of it: a client with less than a quarter of the whole, from a block of addresses with less than
//! a half, over a connection with less than an eighth. Where that does not help either, whoever holds
//! the most gives way to those who hold less: among blocks of addresses, and within one's own block among
//! its clients; of all that is held there, what has stood still the longest. To others of the same client,
//! as all are who come through one proxy, what has stood still for a while gives way too.
//!
//! So slowness is what is punished, and only where somebody else is in want. What waits for the
//! server, and not for its client, never gives way; whoever meets nothing else is refused.
//!
//! Invariants: no more is held than there is, but for what is charged for answers that are made already,
//! for as long as it takes to end somebody's connection; what gives way is free at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use crate::admit::{Block, Client};

/// Where somebody stands who holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Who it is.
    pub client: Client,
    /// The number of the connection.
    pub connection: u64,
}

/// Something that holds a share, and can be ended.
pub trait Holder: Send + Sync {
    /// How long it has stood still for want of its client; `None` while it waits for the server.
    fn stands(&self) -> Option<Duration>;

    /// Ends it: somebody else needs what it holds.
    fn give_way(&self);
}

/// There is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// How often somebody was refused, and how often somebody gave way.
#[derive(Debug, Clone, Default)]
pub struct SharesMetrics {
    /// Shares that were not given.
    pub refused: Counter,
    /// Holders that were ended for somebody else.
    pub gave_way: Counter,
}

/// All there is of one thing.
pub struct Shares {
    max: usize,
    /// How much of it is for those who hold little.
    reserve: usize,
    /// How long something has to stand still to give way to others of the same client.
    home: Duration,
    metrics: SharesMetrics,
    books: Mutex<Books>,
}

/// After looking in vain for somebody who gives way to his own client, one does not look for so many
/// times, as looking takes longer than refusing.
const IN_VAIN: u32 = 15;

/// Who holds how much.
#[derive(Default)]
struct Books {
    held: usize,
    blocks: HashMap<Block, usize>,
    clients: HashMap<Client, usize>,
    connections: HashMap<u64, usize>,
    holdings: HashMap<u64, Holding>,
    last: u64,
    /// How many more times nobody is looked for at home.
    in_vain: u32,
}

struct Holding {
    place: Place,
    amount: usize,
    holder: Arc<dyn Holder>,
}

/// Those who gave way. To be dropped after the books are closed: one may be the last to hold a share.
type Ended = Vec<Arc<dyn Holder>>;

impl Shares {
    /// So much of something, with the last quarter for those who hold little. What has stood still for as
    /// long as `home` gives way to others of the same client.
    pub fn new(max: usize, home: Duration, metrics: SharesMetrics) -> Arc<Self> {
        Self::with_reserve(max, max / 4, home, metrics)
    }

    /// The same with nothing set aside: there is always somebody to give way.
    pub fn without_reserve(max: usize, home: Duration, metrics: SharesMetrics) -> Arc<Self> {
        Self::with_reserve(max, 0, home, metrics)
    }

    fn with_reserve(
        max: usize,
        reserve: usize,
        home: Duration,
        metrics: SharesMetrics,
    ) -> Arc<Self> {
        Arc::new(Self { max, reserve, home, metrics, books: Mutex::default() })
    }

    /// How much there is of it.
    pub fn max(&self) -> usize {
        self.max
    }

    /// Takes a share.
    pub fn take(
        self: &Arc<Self>,
        place: Place,
        amount: usize,
        holder: Arc<dyn Holder>,
    ) -> Result<Share, Full> {
        let mut ended = Ended::new();
        let mut books = self.books();
        books.last += 1;
        let id = books.last;
        self.make_room(&mut books, id, place, amount, &mut ended)?;
        books.holdings.insert(id, Holding { place, amount: 0, holder });
        books.add(id, amount);
        Ok(Share { shares: self.clone(), id })
    }

    /// Sees to it that there is room for so much more, for whoever is at `place`.
    fn make_room(
        &self,
        books: &mut Books,
        id: u64,
        place: Place,
        amount: usize,
        ended: &mut Ended,
    ) -> Result<(), Full> {
        while amount > 0 && !self.has_room(books, place, amount) {
            let Some(slowest) = self.who_gives_way(books, id, place, amount) else {
                self.metrics.refused.inc();
                return Err(Full);
            };
            self.metrics.gave_way.inc();
            books.end(slowest, ended);
        }
        Ok(())
    }

    fn has_room(&self, books: &Books, place: Place, amount: usize) -> bool {
        let after = books.held + amount;
        if after + self.reserve <= self.max {
            return true;
        }
        let fits = |held: usize, share: usize| self.reserve == 0 || held + amount <= share;
        after <= self.max
            && fits(of(&books.clients, &place.client), self.reserve)
            && fits(of(&books.blocks, &place.client.block()), 2 * self.reserve)
            && fits(of(&books.connections, &place.connection), self.reserve / 2)
    }

    /// Whose end makes room for whoever is at `place`.
    fn who_gives_way(
        &self,
        books: &mut Books,
        id: u64,
        place: Place,
        amount: usize,
    ) -> Option<u64> {
        let own = place.client;
        let more = |held: usize, than: usize| held > than + amount;
        let in_another_block = || {
            let (block, held) = most(&books.blocks, |_| true)?;
            let is_meant = |_: u64, one: &Holding| one.place.client.block() == block;
            let is_more = block != own.block() && more(held, of(&books.blocks, &own.block()));
            is_more.then(|| books.slowest(is_meant, Duration::ZERO))?
        };
        let of_another_client = || {
            let (client, held) = most(&books.clients, |client| client.block() == own.block())?;
            let is_meant = |_: u64, one: &Holding| one.place.client == client;
            let is_more = client != own && more(held, of(&books.clients, &own));
            is_more.then(|| books.slowest(is_meant, Duration::ZERO))?
        };
        if let Some(slowest) = in_another_block().or_else(of_another_client) {
            return Some(slowest);
        }
        if books.in_vain > 0 {
            books.in_vain -= 1;
            return None;
        }
        let at_home = |other: u64, one: &Holding| other != id && one.place.client == own;
        let slowest = books.slowest(at_home, self.home);
        books.in_vain = if slowest.is_none() { IN_VAIN } else { 0 };
        slowest
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn add(&mut self, id: u64, amount: usize) {
        let Some(holding) = self.holdings.get_mut(&id) else { return };
        holding.amount += amount;
        let place = holding.place;
        self.held += amount;
        *self.blocks.entry(place.client.block()).or_default() += amount;
        *self.clients.entry(place.client).or_default() += amount;
        *self.connections.entry(place.connection).or_default() += amount;
    }

    fn subtract(&mut self, place: Place, amount: usize) {
        self.held -= amount;
        less(&mut self.blocks, place.client.block(), amount);
        less(&mut self.clients, place.client, amount);
        less(&mut self.connections, place.connection, amount);
    }

    /// Gives back what `id` holds, if it holds anything.
    fn remove(&mut self, id: u64) -> Option<Holding> {
        let holding = self.holdings.remove(&id)?;
        self.subtract(holding.place, holding.amount);
        Some(holding)
    }

    fn end(&mut self, id: u64, ended: &mut Ended) {
        if let Some(Holding { holder, .. }) = self.remove(id) {
            holder.give_way();
            ended.push(holder);
        }
    }

    /// Of what `is_meant`, holds anything and waits for its client, that which has stood still the
    /// longest, if that is at least `long`.
    fn slowest(&self, is_meant: impl Fn(u64, &Holding) -> bool, long: Duration) -> Option<u64> {
        let meant = self.holdings.iter().filter(|(id, one)| one.amount > 0 && is_meant(**id, one));
        let waiting = meant.filter_map(|(id, one)| Some((one.holder.stands()?, *id)));
        let slowest = waiting.filter(|(stands, _)| *stands >= long).max();
        slowest.map(|(_, id)| id)
    }
}

fn of<K: Hash + Eq>(books: &HashMap<K, usize>, key: &K) -> usize {
    books.get(key).copied().unwrap_or_default()
}

fn most<K: Hash + Eq + Copy>(
    books: &HashMap<K, usize>,
    is_meant: impl Fn(K) -> bool,
) -> Option<(K, usize)> {
    let meant = books.iter().filter(|(key, _)| is_meant(**key));
    meant.max_by_key(|(_, held)| **held).map(|(key, held)| (*key, *held))
}

fn less<K: Hash + Eq>(books: &mut HashMap<K, usize>, key: K, amount: usize) {
    if let Entry::Occupied(mut held) = books.entry(key) {
        *held.get_mut() -= amount;
        if *held.get() == 0 {
            held.remove();
        }
    }
}

/// A part of what there is; given back when dropped.
pub struct Share {
    shares: Arc<Shares>,
    id: u64,
}

impl Share {
    /// Takes more, unless there is no more or this share had to give way.
    pub fn take(&self, amount: usize) -> Result<(), Full> {
        let mut ended = Ended::new();
        let mut books = self.shares.books();
        let place = books.holdings.get(&self.id).ok_or(Full)?.place;
        self.shares.make_room(&mut books, self.id, place, amount, &mut ended)?;
        books.add(self.id, amount);
        Ok(())
    }

    /// Takes more of what is used already, and lets the slowest of those with the most give way, as often
    /// as it needs to.
    pub fn charge(&self, amount: usize) {
        let mut ended = Ended::new();
        let mut books = self.shares.books();
        books.add(self.id, amount);
        while books.held > self.shares.max {
            let Some((block, _)) = most(&books.blocks, |_| true) else { break };
            let is_meant = |_: u64, one: &Holding| one.place.client.block() == block;
            let slowest = books.slowest(is_meant, Duration::ZERO);
            let Some(slowest) = slowest else { break };
            self.shares.metrics.gave_way.inc();
            books.end(slowest, &mut ended);
        }
    }

    /// Gives back all of it, for good.
    pub fn close(&self) {
        // Not to be dropped while the books are open, see `Ended`.
        let held = self.shares.books().remove(self.id);
        drop(held);
    }

    /// Gives back a part.
    pub fn give_back(&self, amount: usize) {
        let mut books = self.shares.books();
        if let Some(holding) = books.holdings.get_mut(&self.id) {
            let amount = amount.min(holding.amount);
            holding.amount -= amount;
            let place = holding.place;
            books.subtract(place, amount);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
