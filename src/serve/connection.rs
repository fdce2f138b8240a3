//! The state of one connection: what is in progress on it, and how long it can be idle.
//!
//! Only these count as progress: a complete request head, bytes of a body, and bytes of an answer
//! that the client has taken. A PING or any other frame does not, nor does the server's reply to
//! it. A connection is closed when the server does no work for it and there has been no progress
//! within the time limit for a head (I12). This one rule covers clients that never send anything,
//! send too slowly, stay idle or do not read, in every version of HTTP. Answers must be taken at a
//! minimum rate even while the server works on something else. With TLS, the time for the first
//! head includes the handshake.
//!
//! The requests of a connection share one memory account: each is charged from its head until the
//! last byte of its answer has been taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use fasti_rate::Client;
use fasti_seams::least_rate::{LeastRate, TransferTimer};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::shares::{Full, Holder, Place, Share, Shares};

/// A connection.
#[derive(Debug)]
pub struct Connection {
    place: Place,
    state: Mutex<State>,
    /// The memory held by all its requests.
    requests: OnceLock<Share>,
    gives_way: Notify,
}

/// What is in progress.
#[derive(Debug)]
struct State {
    timer: TransferTimer,
    /// Number of requests the server works on, or whose bodies it reads.
    open: usize,
    /// Number of requests whose bodies it reads.
    reading: usize,
    /// Number of answers that have not been taken completely.
    untaken: usize,
}

impl State {
    /// Notes progress, unless there are answers to take: nothing else counts then.
    fn renew(&mut self) {
        if self.untaken == 0 {
            self.timer.renew(now());
        }
    }
}

impl Connection {
    /// Creates a connection from `client` that begins now.
    pub fn new(client: Client, least: LeastRate) -> Arc<Self> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let place = Place { client, connection: LAST.fetch_add(1, Ordering::Relaxed) };
        let timer = TransferTimer::new(least, now());
        let state = State { timer, open: 0, reading: 0, untaken: 0 };
        Arc::new(Self {
            place,
            state: Mutex::new(state),
            requests: OnceLock::new(),
            gives_way: Notify::new(),
        })
    }

    /// Opens the account from which its requests get their memory.
    pub fn open_account(self: &Arc<Self>, shares: &Arc<Shares>) -> Result<(), Full> {
        let share = shares.take(self.place, 0, self.clone())?;
        drop(self.requests.set(share));
        Ok(())
    }

    /// Closes the account, which breaks the reference cycle between the two.
    pub fn close_account(&self) {
        if let Some(share) = self.requests.get() {
            share.close();
        }
    }

    /// Where the connection comes from.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Opens a request whose head has arrived; it stays open until the returned guard is dropped.
    /// It is charged `bytes` even if it is refused for lack of memory, because it still needs an
    /// answer.
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

    /// Notes that a request's body is being read, until the returned guard is dropped.
    pub fn reads(self: &Arc<Self>) -> ReadingBody {
        self.state().reading += 1;
        ReadingBody(self.clone())
    }

    /// Notes that bytes of a body have arrived.
    pub fn came(&self, bytes: usize) {
        let mut state = self.state();
        if state.untaken == 0 {
            state.timer.moved(bytes, now());
        }
    }

    /// Waits until the client has stalled. Returns whether it left answers untaken.
    pub async fn stalls(&self) -> bool {
        loop {
            let (over, due, untaken) = {
                let state = self.state();
                let waits = state.untaken > 0 || state.open == 0;
                let due = state.timer.due();
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

    /// Waits until another client needs what it holds.
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
        (!is_served).then(|| state.timer.used(now()))
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
    /// Notes that its answer, of this many bytes in memory, is ready to be taken.
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

    /// Closes the request, but returns its charge instead of giving it back.
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

/// An answer on its way to the client, until this is dropped.
#[derive(Debug)]
pub struct UntakenAnswer {
    connection: Arc<Connection>,
    bytes: usize,
}

impl UntakenAnswer {
    /// Notes that this many bytes of it were taken.
    pub fn taken(&self, bytes: usize) {
        self.connection.state().timer.moved(bytes, now());
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
