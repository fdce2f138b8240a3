//! Shares of one resource: how much each client holds, and who gives way when it runs out (I12).
//!
//! While there is enough, clients take what they need. The last quarter is reserved for those that
//! hold little: a client with at most a quarter of the whole, in a block of addresses with at most
//! a half, over a connection with at most an eighth. If there is still no room, the largest holder
//! gives way to smaller ones: first among blocks of addresses, then among the clients of one's own
//! block. There, the holding that has been idle longest is ended. Among requests of the same client
//! (such as all that come through one proxy), a holding that has been idle for a while gives way
//! too.
//!
//! So only slowness is punished, and only when another client needs the resource. A holding that
//! waits for the server, not for its client, never gives way. If no other holding can, the request
//! is refused.
//!
//! Invariants: no more is held than exists, except for answers that are already built, until a
//! connection has been ended to make up for it. Whatever gives way is free at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fasti_rate::{Block, Client};

use super::metrics::SharesMetrics;

/// Where a holder comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The client.
    pub client: Client,
    /// The number of the connection.
    pub connection: u64,
}

/// Something that holds a share, and can be ended.
pub trait Holder: Send + Sync {
    /// How long it has been idle, waiting for its client; `None` while it waits for the server.
    fn stands(&self) -> Option<Duration>;

    /// Ends it, because another client needs what it holds.
    fn give_way(&self);
}

/// Nothing is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// All of one resource.
pub struct Shares {
    max: usize,
    /// How much is reserved for those that hold little.
    reserve: usize,
    /// How long a holding must be idle to give way to others of the same client.
    home: Duration,
    metrics: SharesMetrics,
    books: Mutex<Books>,
}

/// How many times to skip the search for a holding that gives way to its own client after a search
/// in vain, because searching takes longer than refusing.
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
    /// How many more times to skip the search among the same client.
    in_vain: u32,
}

struct Holding {
    place: Place,
    amount: usize,
    holder: Arc<dyn Holder>,
}

/// Holders that gave way. Drop them after unlocking the books: one may be the last owner of a
/// share.
type Ended = Vec<Arc<dyn Holder>>;

impl Shares {
    /// Creates `max` of a resource, with the last quarter reserved for those that hold little. A
    /// holding that has been idle for `home` gives way to others of the same client.
    pub fn new(max: usize, home: Duration, metrics: SharesMetrics) -> Arc<Self> {
        Self::with_reserve(max, max / 4, home, metrics)
    }

    /// The same without a reserve, for resources where some holder can always give way.
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

    /// How much there is of the resource.
    pub fn max(&self) -> usize {
        self.max
    }

    /// How much `client` holds.
    pub fn held_by(&self, client: Client) -> usize {
        of(&self.books().clients, &client)
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

    /// Makes room for `amount` more for the holder at `place`.
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

    /// Chooses the holding to end to make room for the holder at `place`.
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

    /// Gives back all that `id` holds, if anything.
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

    /// Finds the holding that has been idle longest, and for at least `long`, among those for which
    /// `is_meant` is true, that are not empty and that wait for their client.
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

/// A share of a resource; given back when dropped.
pub struct Share {
    shares: Arc<Shares>,
    id: u64,
}

impl Share {
    /// Takes more, unless none is left or this share had to give way.
    pub fn take(&self, amount: usize) -> Result<(), Full> {
        let mut ended = Ended::new();
        let mut books = self.shares.books();
        let place = books.holdings.get(&self.id).ok_or(Full)?.place;
        self.shares.make_room(&mut books, self.id, place, amount, &mut ended)?;
        books.add(self.id, amount);
        Ok(())
    }

    /// Charges for what is already in use, and lets the slowest of the largest block give way, as
    /// often as needed.
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
        // Do not drop this while the books are locked, see `Ended`.
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
