//! Several writers of one log: they find out who leads, forward, and take over.
//!
//! The simulator covers everything that can happen to them; these tests are the intended cases.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti::log::peers::{Nobody, PeerAnswer, PeerError, PeerStatus, Peers, Role};
use fasti::log::record::Epoch;
use fasti::log::{Log, LogError, Sharing, SubmitError, freeze};
use fasti::store::{MemoryStore, Stores};
use tokio::task::JoinHandle;

use crate::harness::{World, entries};

/// Writers that reach each other in this process, by address.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<BTreeMap<String, Log>>>);

impl Network {
    fn find(&self, address: &str) -> Result<Log, PeerError> {
        let found = self.0.lock().expect("unpoisoned").get(address).cloned();
        found.ok_or_else(|| PeerError::Unreachable {
            address: address.to_owned(),
            source: "refused".into(),
        })
    }
}

#[async_trait]
impl Peers for Network {
    async fn status(&self, address: &str, term: Epoch) -> Result<PeerStatus, PeerError> {
        Ok(self.find(address)?.status_for_peer(term))
    }

    async fn forward(
        &self,
        address: &str,
        term: Epoch,
        entries: &[Bytes],
    ) -> Result<Vec<PeerAnswer>, PeerError> {
        let taken = self.find(address)?.take_forwarded(term, entries.to_vec()).await;
        taken.map_err(|_| PeerError::NotLeading { address: address.to_owned() })
    }
}

pub struct Writer {
    address: String,
    pub log: Log,
    pub running: JoinHandle<Result<(), LogError>>,
    network: Network,
}

impl Writer {
    pub async fn start(world: &World, network: &Network, address: &str) -> Self {
        let mut context = world.context();
        context.config.writer_address = address.to_owned();
        context.sharing = Sharing::Shared(Arc::new(network.clone()));
        let index = Arc::new(fasti::log::dedup::MemoryIndex::default());
        let (log, driver) = Log::open(context, index).await.expect("opens");
        network.0.lock().expect("unpoisoned").insert(address.to_owned(), log.clone());
        let running = tokio::spawn(driver.run());
        Self { address: address.to_owned(), log, running, network: network.clone() }
    }

    /// Kills the process at once.
    pub fn kill(self) {
        self.network.0.lock().expect("unpoisoned").remove(&self.address);
        self.running.abort();
    }

    pub async fn stop(self) {
        self.log.shut_down();
        self.running.await.expect("no panic").expect("it shuts down cleanly");
        self.network.0.lock().expect("unpoisoned").remove(&self.address);
    }

    pub async fn submit(&self, entries: &[Bytes]) -> Vec<u64> {
        let answers = entries.iter().map(|entry| self.log.submit(entry.clone()));
        let answers = futures::future::join_all(answers).await;
        answers.into_iter().map(|answer| answer.expect("an answer").index.get()).collect()
    }

    fn role(&self) -> Role {
        self.log.status().role
    }
}

fn shared() -> (World, Network) {
    let store = Arc::new(MemoryStore::default());
    (World::on(Stores::shared(store)), Network::default())
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_others_forward() {
    let (world, network) = shared();
    let first = Writer::start(&world, &network, "a").await;
    let second = Writer::start(&world, &network, "b").await;
    let third = Writer::start(&world, &network, "c").await;
    assert_eq!([&first, &second, &third].map(Writer::role)[0], Role::Leading);
    assert_eq!((second.role(), third.role()), (Role::Following, Role::Following));
    let all = entries(0, 300);
    let (a, b, c) = tokio::join!(
        first.submit(&all[..100]),
        second.submit(&all[100..300]),
        third.submit(&all[..200]),
    );
    assert_eq!(a, c[..100], "the same entry has one index, whoever takes it");
    assert_eq!(b[..100], c[100..]);
    let published = world.verify().await;
    assert_eq!(published.entries.len(), 300);
    for (entry, index) in all.iter().zip(a.iter().chain(&b)) {
        assert_eq!(published.entries[usize::try_from(*index).expect("small")], *entry);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(second.log.published().head.size.get(), 300, "a follower knows what is published");
    assert_eq!(second.log.status().leader, "a");
}

#[tokio::test(start_paused = true)]
async fn another_takes_over_when_the_leader_is_gone_and_answers_what_waits() {
    let (world, network) = shared();
    let first = Writer::start(&world, &network, "a").await;
    let second = Writer::start(&world, &network, "b").await;
    let third = Writer::start(&world, &network, "c").await;
    first.submit(&entries(0, 10)).await;
    first.kill();
    let (b, c) = (entries(10, 20), entries(20, 30));
    let began = tokio::time::Instant::now();
    let (b, c) = tokio::join!(second.submit(&b), third.submit(&c));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!((b.len(), c.len()), (10, 10));
    let roles = [second.role(), third.role()];
    assert!(roles.contains(&Role::Leading) && roles.contains(&Role::Following), "{roles:?}");
    assert_eq!(world.verify().await.entries.len(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_restart_loses_nothing() {
    let (world, network) = shared();
    let mut writers = Vec::new();
    for address in ["a", "b", "c"] {
        writers.push(Writer::start(&world, &network, address).await);
    }
    for round in 0..6 {
        let stopped = writers.remove(0);
        let log = stopped.log.clone();
        let batch = entries(round * 50, round * 50 + 25);
        let last_moment = async {
            let answers = batch.iter().map(|entry| log.submit(entry.clone()));
            futures::future::join_all(answers).await
        };
        let (answers, ()) = tokio::join!(last_moment, stopped.stop());
        assert!(answers.iter().all(Result::is_ok), "what was taken is answered");
        assert_eq!(log.submit("late".into()).await.err(), Some(SubmitError::ShuttingDown));
        writers.push(Writer::start(&world, &network, ["a", "b", "c"][round % 3]).await);
        let next = writers[0].submit(&entries(round * 50 + 25, round * 50 + 50)).await;
        assert_eq!(next.len(), 25);
    }
    assert_eq!(world.verify().await.entries.len(), 300);
    // Six restarts later, the unneeded records are gone, and the others are still there.
    for writer in writers {
        writer.stop().await;
    }
    assert_eq!(world.verify().await.entries.len(), 300);
}

/// Every client is told an index in the last tree, or that the log has ended, but never both.
#[tokio::test(start_paused = true)]
async fn a_log_is_frozen_while_its_writers_run() {
    let (world, network) = shared();
    let mut writers = Vec::new();
    for address in ["a", "b", "c"] {
        writers.push(Writer::start(&world, &network, address).await);
    }
    let submitters = writers.iter().enumerate().flat_map(|(n, writer)| {
        (0..8).map(move |client| {
            let log = writer.log.clone();
            tokio::spawn(async move {
                let mut placed = Vec::new();
                for round in 0.. {
                    let entry = Bytes::from(format!("{n} {client} {round}"));
                    match log.submit(entry.clone()).await {
                        Ok(answer) => placed.push((entry, answer.index.get())),
                        Err(SubmitError::Frozen) => return placed,
                        Err(other) => panic!("an unexpected answer: {other}"),
                    }
                    tokio::time::sleep(Duration::from_millis(30 + client)).await;
                }
                unreachable!("rounds do not end")
            })
        })
    });
    let submitters: Vec<_> = submitters.collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut context = world.context();
    context.sharing = Sharing::Shared(Arc::new(Nobody));
    let frozen = freeze(&context).await.expect("is frozen");
    let placed = futures::future::join_all(submitters).await;
    let published = world.verify().await;
    assert_eq!(published.head, frozen.head());
    let mut answers = 0;
    for (entry, index) in placed.into_iter().flat_map(|placed| placed.expect("no panic")) {
        assert_eq!(published.entries[usize::try_from(index).expect("small")], entry);
        answers += 1;
    }
    assert_eq!(answers, published.entries.len(), "everything in the log was acknowledged");
    assert!(answers > 500, "{answers}");
    tokio::time::sleep(Duration::from_secs(10)).await;
    for writer in &writers {
        assert_eq!(writer.role(), Role::Frozen);
        assert!(writer.log.is_ready());
        assert_eq!(writer.log.published().head, frozen.head());
    }
    let late = Writer::start(&world, &network, "d").await;
    assert_eq!(late.role(), Role::Frozen);
    for writer in writers {
        writer.stop().await;
    }
    late.stop().await;
    assert_eq!(world.checkpoint_head().await, frozen.head());
}
