//! One connection: what is under way on it, and how long it may do nothing.
//!
//! Progress is a request's whole head, bytes of its body, and bytes of an answer that were taken; nothing else
//! is, neither a PING nor any other frame, nor the server's answer to one. A connection is closed once
//! nobody works for it and there was no progress for as long as a head may take (I12). That is one
//! rule for clients that never say anything, that say it too slowly, that stay idle or that do not
//! read, in every version of HTTP. Answers have to be taken at a least rate even while the server works
//! on something else. With TLS the handshake is part of the time for the first head.
//!
//! A connection's requests share one account of memory: each costs something from its head until the
//! last byte of its answer was taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::headway::{Headway, LeastRate};
use super::shares::{Full, Holder, Place, Share, Shares};
use crate::admit::Client;

/// A connection.
#[derive(Debug)]
pub struct Connection {
    place: Place,
    state: Mutex<State>,
    /// What its requests hold together.
    requests: OnceLock<Share>,
    gives_way: Notify,
}

/// What is under way.
#[derive(Debug)]
struct State {
    headway: Headway,
    /// Requests that the server works on, or whose bodies it reads.
    open: usize,
    /// Those whose bodies it reads.
    reading: usize,
    /// Answers of which something was not taken yet.
    untaken: usize,
}

impl State {
    /// There was progress, which is no substitute for taking answers.
    fn renew(&mut self) {
        if self.untaken == 0 {
            self.headway.renew(now());
        }
    }
}

impl Connection {
    /// A connection from `client` that begins now.
    pub fn new(client: Client, least: LeastRate) -> Arc<Self> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let place = Place { client, connection: LAST.fetch_add(1, Ordering::Relaxed) };
        let headway = Headway::new(least, now());
        let state = State { headway, open: 0, reading: 0, untaken: 0 };
        Arc::new(Self {
            place,
            state: Mutex::new(state),
            requests: OnceLock::new(),
            gives_way: Notify::new(),
        })
    }

    /// Lets its requests have their memory from `shares`.
    pub fn open_account(self: &Arc<Self>, shares: &Arc<Shares>) -> Result<(), Full> {
        let share = shares.take(self.place, 0, self.clone())?;
        drop(self.requests.set(share));
        Ok(())
    }

    /// Closes the account, and with it the circle of the two.
    pub fn close_account(&self) {
        if let Some(share) = self.requests.get() {
            share.close();
        }
    }

    /// Where it comes from.
    pub fn place(&self) -> Place {
        self.place
    }

    /// A request whose head has come is open until what is returned is dropped. It costs `bytes`, also if it
    /// is refused because there is no memory for it, as its answer has to be sent all the same.
    pub fn request(self: &Arc<Self>, bytes: usize) -> (OpenRequest, Result<(), Full>) {
        {
            let mut state = self.state();
            state.open += 1;
            state.renew();
        }
        let Some(share) = self.requests.get() else {
            return (OpenRequest { connection: self.clone(), bytes: 0 }, Ok(()));
        };
        let taken = share.take(bytes);
        if taken.is_err() {
            share.charge(bytes);
        }
        (OpenRequest { connection: self.clone(), bytes }, taken)
    }

    /// A request's body is read until what is returned is dropped.
    pub fn reads(self: &Arc<Self>) -> ReadingBody {
        self.state().reading += 1;
        ReadingBody(self.clone())
    }

    /// Bytes of a body have come.
    pub fn came(&self, bytes: usize) {
        let mut state = self.state();
        if state.untaken == 0 {
            state.headway.moved(bytes, now());
        }
    }

    /// Waits until nothing more is to be expected of the client; whether it left answers untaken.
    pub async fn stalls(&self) -> bool {
        loop {
            let (over, due, untaken) = {
                let state = self.state();
                let waits = state.untaken > 0 || state.open == 0;
                let due = state.headway.due();
                (waits && due <= now(), due, state.untaken > 0)
            };
            if over {
                return untaken;
            }
            // A timer that fires early must not make this a busy loop.
            let soon = Instant::now() + Duration::from_millis(1);
            let later = Instant::now() + Duration::from_secs(1);
            let due = Instant::from_std(due);
            tokio::time::sleep_until(if due < soon { later } else { due }).await;
        }
    }

    /// Waits until somebody else needs what it holds.
    pub async fn gives_way(&self) {
        self.gives_way.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holder for Connection {
    fn stands(&self) -> Option<Duration> {
        let state = self.state();
        let is_served = state.open > 0 && state.reading == 0 && state.untaken == 0;
        (!is_served).then(|| state.headway.used(now()))
    }

    fn give_way(&self) {
        self.gives_way.notify_one();
    }
}

/// See [`Connection::request`].
#[derive(Debug)]
pub struct OpenRequest {
    connection: Arc<Connection>,
    bytes: usize,
}

impl OpenRequest {
    /// Its answer, of so many bytes in memory, is made and is to be taken now.
    pub fn answered(self, bytes: usize) -> UntakenAnswer {
        let connection = self.connection.clone();
        {
            let mut state = connection.state();
            state.renew();
            state.untaken += 1;
        }
        if bytes > 0
            && let Some(share) = connection.requests.get()
        {
            share.charge(bytes);
        }
        UntakenAnswer { bytes: bytes + self.close(), connection }
    }

    /// Ends it, but for what it costs.
    fn close(mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        {
            let mut state = self.connection.state();
            state.open -= 1;
            state.renew();
        }
        give_back(&self.connection, self.bytes);
    }
}

/// An answer that is on its way until this is dropped.
#[derive(Debug)]
pub struct UntakenAnswer {
    connection: Arc<Connection>,
    bytes: usize,
}

impl UntakenAnswer {
    /// So much of it was taken.
    pub fn taken(&self, bytes: usize) {
        self.connection.state().headway.moved(bytes, now());
    }
}

impl Drop for UntakenAnswer {
    fn drop(&mut self) {
        self.connection.state().untaken -= 1;
        give_back(&self.connection, self.bytes);
    }
}

fn give_back(connection: &Connection, bytes: usize) {
    if bytes > 0
        && let Some(share) = connection.requests.get()
    {
        share.give_back(bytes);
    }
}

/// See [`Connection::reads`].
#[derive(Debug)]
pub struct ReadingBody(Arc<Connection>);

impl Drop for ReadingBody {
    fn drop(&mut self) {
        self.0.state().reading -= 1;
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Arc<Connection> {
        let least = LeastRate { bytes_per_second: 1000, grace: Duration::from_secs(10) };
        Connection::new(Client::at([192, 0, 2, 1].into()), least)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_stalls_after_the_last_progress_and_never_while_it_is_served() {
        let began = Instant::now();
        assert!(!connection().stalls().await);
        assert_eq!(began.elapsed().as_secs(), 10, "nothing was ever said");

        let (began, connection) = (Instant::now(), connection());
        let (request, _) = connection.request(1);
        let done = async {
            tokio::time::sleep(Duration::from_secs(35)).await;
            drop(request);
            tokio::time::sleep(Duration::from_secs(7)).await;
            drop(connection.request(1));
        };
        tokio::join!(done, connection.stalls());
        assert_eq!(began.elapsed().as_secs(), 52);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_to_be_taken_whatever_else_is_under_way() {
        let (began, connection) = (Instant::now(), connection());
        let (_watch, _) = connection.request(1);
        let (request, _) = connection.request(1);
        let answer = request.answered(1 << 20);
        let takes = async {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_secs(5)).await;
                answer.taken(5000);
            }
            // Further requests and bodies are no substitute.
            drop(connection.request(1));
            connection.came(1 << 20);
        };
        let (stalled, ()) = tokio::join!(connection.stalls(), takes);
        assert!(stalled);
        assert_eq!(began.elapsed().as_secs(), 110);
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_waits_for_its_client_gives_way() {
        let connection = connection();
        assert_eq!(connection.stands(), Some(Duration::ZERO));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(connection.stands(), Some(Duration::from_secs(3)));
        let (request, _) = connection.request(1);
        assert_eq!(connection.stands(), None);
        let reading = connection.reads();
        tokio::time::sleep(Duration::from_secs(3)).await;
        connection.came(1000);
        assert_eq!(connection.stands(), Some(Duration::from_secs(2)));
        drop(reading);
        assert_eq!(connection.stands(), None);
        let answer = request.answered(1);
        assert!(connection.stands().is_some());
        connection.give_way();
        connection.gives_way().await;
        drop(answer);
    }
}
