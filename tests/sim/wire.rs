//! The wire between one writer and the bucket: a store that is slow, fails, loses answers, and
//! carries out requests late or twice.
//!
//! A request travels independently: it does not matter whether its writer is still waiting, or
//! alive. What the writer is told keeps the contract of [`Store`] and [`CommitLog`]: a definite
//! error means that nothing has happened and nothing will.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fasti::clock::Clock;
use fasti::store::{
    Attempt, CommitLog, Created, Housekeeping, NewObject, Object, ObjectPath, RecordNumber,
    Replaced, Store, StoreError, Version,
};
use tiles_spec::TreeSize;
use tokio::sync::oneshot;

use crate::bucket::{Reply, Request};
use crate::fate::{Course, Fate, Strike, begins_a_term};
use crate::process::Process;
use crate::sim::{Sim, lock};
use crate::witnesses;

/// Why there is no reply.
#[derive(Clone, Copy)]
enum Failure {
    /// A definite error.
    Refused,
    /// The outcome is unknown.
    Silence,
}

type Asked = Result<Reply, Failure>;

/// The wire; see the module documentation.
#[derive(Clone)]
pub struct Wire(pub Arc<Process>);

impl Wire {
    async fn ask(&self, request: Request) -> Asked {
        let sim = &self.0.sim;
        let fate = Fate::of(sim, &request, self.is_first_of_term(&request));
        let name = format!("w{} #{}", self.0.writer, sim.next_request());
        sim.note(&format!("{name} {} {:?}", request.line(), fate.course));
        self.strike(fate.before).await;
        if let Request::Create(path, bytes) | Request::Replace(path, bytes, _) = &request
            && *path == ObjectPath::checkpoint()
        {
            sim.ask_releases(|releases| releases.releases(bytes));
            if let Request::Replace(..) = &request {
                sim.judge(witnesses::allow(sim, bytes, "published"));
            }
        }
        let (answer, answered) = oneshot::channel();
        tokio::spawn(travel(self.clone(), name.clone(), request, fate, answer));
        let outcome = tokio::select! {
            biased;
            reply = answered => reply.unwrap_or(Err(Failure::Silence)),
            () = self.0.sleep(sim.mix.patience) => Err(Failure::Silence),
        };
        self.strike(fate.after).await;
        match &outcome {
            Ok(reply) => sim.note(&format!("{name} is told {}", reply.line())),
            Err(Failure::Refused) => sim.note(&format!("{name} is refused")),
            Err(Failure::Silence) => sim.note(&format!("{name} hears nothing")),
        }
        outcome
    }

    /// Reports whether the record before this one was this process's own takeover.
    fn is_first_of_term(&self, request: &Request) -> bool {
        let Request::CreateRecord(number, _) = request else { return false };
        let created = lock(&self.0.created);
        let mut before = created.iter().filter(|(n, _)| Some(*n) == number.previous());
        before.any(|(_, record)| begins_a_term(record))
    }

    async fn strike(&self, strike: Option<Strike>) {
        match strike {
            None => return,
            Some(Strike::Crash) => {
                self.0.sim.note(&format!("w{} dies", self.0.writer));
                self.0.gate.kill();
            }
            Some(Strike::Freeze(span)) => self.0.sim.freeze(self.0.writer, &self.0.gate, span),
        }
        // Nothing more runs in this process until it is polled again, if ever.
        tokio::task::yield_now().await;
    }

    /// Handles a writer that waits for an answer that will not come.
    async fn say_nothing(&self, answer: oneshot::Sender<Asked>, fate: Fate) {
        if !fate.reset {
            tokio::time::sleep(self.0.sim.mix.patience).await;
        }
        drop(answer);
    }

    fn is_cut_off(&self) -> bool {
        self.0.sim.is_cut(self.0.writer, self.0.writer)
    }
}

/// Carries one request through the network and back.
async fn travel(
    wire: Wire,
    name: String,
    request: Request,
    fate: Fate,
    answer: oneshot::Sender<Asked>,
) {
    let sim = wire.0.sim.clone();
    let (restores, writer) = (sim.restores(), wire.0.writer);
    let land = move |sim: &Sim, name: &str, request: &Request| {
        (sim.restores() == restores).then(|| sim.land(writer, name, request))
    };
    sim.sleep_or_land(fate.travel).await;
    if wire.is_cut_off() || sim.restores() != restores {
        return wire.say_nothing(answer, Fate { reset: false, ..fate }).await;
    }
    let late = match fate.course {
        Course::Refused => {
            drop(answer.send(Err(Failure::Refused)));
            return;
        }
        Course::LostBefore => return wire.say_nothing(answer, fate).await,
        Course::Late(late) => Some(late),
        _ => None,
    };
    if let Some(late) = late {
        tokio::join!(wire.say_nothing(answer, fate), async {
            sim.sleep_or_land(late).await;
            land(&sim, &name, &request);
        });
        return;
    }
    let Some(mut reply) = land(&sim, &name, &request) else { return };
    if let Course::Twice(later) = fate.course {
        let (sim, name) = (sim.clone(), format!("{name} again"));
        tokio::spawn(async move {
            sim.sleep_or_land(later).await;
            land(&sim, &name, &request);
        });
    }
    sim.sleep_or_land(fate.back).await;
    if wire.is_cut_off() || fate.course == Course::LostAfter {
        return wire.say_nothing(answer, fate).await;
    }
    if let Some((at, cut)) = fate.damage {
        reply.damage(at, cut);
    }
    drop(answer.send(Ok(reply)));
}

/// Translates a failure into the store's contract.
fn error(action: &'static str, path: &str, failure: Failure, writes: bool) -> StoreError {
    let path = path.to_owned();
    match failure {
        Failure::Refused => {
            StoreError::Io { action, path, source: std::io::Error::other("503 Slow Down") }
        }
        Failure::Silence if writes => {
            StoreError::Ambiguous { path, source: std::io::ErrorKind::TimedOut.into() }
        }
        Failure::Silence => {
            StoreError::Io { action, path, source: std::io::ErrorKind::TimedOut.into() }
        }
    }
}

impl Wire {
    async fn write(&self, request: Request) -> Result<Reply, StoreError> {
        let path = request.path();
        self.ask(request).await.map_err(|failure| error("write", &path, failure, true))
    }

    async fn read(&self, request: Request) -> Result<Reply, StoreError> {
        let path = request.path();
        let mut tries = self.0.sim.mix.read_tries;
        loop {
            match self.ask(request.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(_) if tries > 1 => tries -= 1,
                Err(failure) => return Err(error("read", &path, failure, false)),
            }
        }
    }

    /// How far behind the newest record a hint is, and whether a listing is stale.
    fn staleness(&self) -> u64 {
        let sim = &self.0.sim;
        if sim.is_quiet() || !sim.draw(|rng| rng.chance(sim.mix.rates.stale)) {
            return 0;
        }
        sim.count("stale listings");
        sim.draw(|rng| rng.pick(&[1, 3, 9, 20, 60]))
    }

    async fn put(&self, object: &NewObject) -> Result<(), StoreError> {
        loop {
            let NewObject { path, bytes } = object.clone();
            match self.write(Request::Create(path.clone(), bytes.clone())).await? {
                Reply::Created(Created::Now) => return Ok(()),
                Reply::Created(Created::Already) => {}
                other => unreachable!("{other:?}"),
            }
            // It may have been removed in the meantime; then it is written again.
            if let Some(there) = self.get(&path).await? {
                return if there.bytes == bytes {
                    Ok(())
                } else {
                    Err(StoreError::Conflict { path })
                };
            }
        }
    }
}

#[async_trait]
impl Store for Wire {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        match self.read(Request::Get(path.clone())).await? {
            Reply::Object(object) => Ok(object),
            other => unreachable!("{other:?}"),
        }
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let object = self.get(path).await?;
        object.map(|object| object.part(&range, path.as_str())).transpose()
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        Ok(self.get(path).await?.map(|object| object.bytes.len() as u64))
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        match self.write(Request::Create(path.clone(), bytes)).await? {
            Reply::Created(created) => Ok(created),
            other => unreachable!("{other:?}"),
        }
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        match self.write(Request::Replace(path.clone(), bytes, expected.clone())).await? {
            Reply::Replaced(replaced) => Ok(replaced),
            other => unreachable!("{other:?}"),
        }
    }

    async fn put_immutable(&self, objects: &[NewObject], _: Attempt) -> Result<(), StoreError> {
        let puts = objects.iter().map(|object| self.put(object));
        futures::future::join_all(puts).await.into_iter().collect()
    }
}

#[async_trait]
impl CommitLog for Wire {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        lock(&self.0.created).push((number, bytes.clone()));
        match self.write(Request::CreateRecord(number, bytes)).await? {
            Reply::Created(created) => Ok(created),
            other => unreachable!("{other:?}"),
        }
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        match self.read(Request::ReadRecord(number)).await? {
            Reply::Record(bytes) => Ok(bytes),
            other => unreachable!("{other:?}"),
        }
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        match self.read(Request::Newest(self.staleness())).await? {
            Reply::Newest(newest) => Ok(newest),
            other => unreachable!("{other:?}"),
        }
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        Ok(None)
    }

    async fn settle(&self, _: RecordNumber, _: TreeSize) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Housekeeping for Wire {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        let stale = self.staleness() > 0;
        match self.read(Request::List(prefix.to_owned(), after.cloned(), max, stale)).await? {
            Reply::Paths(paths) => Ok(paths),
            other => unreachable!("{other:?}"),
        }
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        let removals = paths.iter().map(|path| self.write(Request::Remove(path.clone())));
        let removed: Result<Vec<Reply>, StoreError> =
            futures::future::join_all(removals).await.into_iter().collect();
        removed.map(|_| ())
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        self.write(Request::Note(path.clone(), bytes)).await.map(|_| ())
    }
}
