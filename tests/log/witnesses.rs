//! Witnesses: nothing is published or answered before they have cosigned it, and what they have
//! seen counts when the store was put back. Those who are late are published later.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fasti::grow::{CosignError, Cosigned, Cosigners, Growth, LateLines};
use fasti::log::{Log, RecoverError};
use fasti::store::{MemoryStore, ObjectPath, Stores};
use futures::stream::{self, StreamExt as _};
use tiles_spec::witness::{AddCheckpoint, judge};
use tiles_spec::{
    CosigningKey, Note, NoteSignature, SignedCheckpoint, TreeHead, TreeSize, cosign,
    open_checkpoint,
};

use crate::faulty::{Fault, FaultyStore};
use crate::harness::{ORIGIN, World, entries, verifier_key};

/// One witness, which judges as witnesses do.
struct Witness {
    key: CosigningKey,
    last: Mutex<TreeHead>,
    /// How often it does not answer before it does.
    silent: Mutex<u32>,
    /// Where the log is published.
    store: Arc<MemoryStore>,
}

impl Witness {
    fn of(store: &Arc<MemoryStore>) -> Arc<Self> {
        let key = CosigningKey::from_seed("witness.test".parse().expect("a name"), &[3; 32]);
        let (last, silent) = (Mutex::new(TreeHead::EMPTY), Mutex::new(0));
        Arc::new(Self { key, last, silent, store: store.clone() })
    }

    fn size(&self) -> u64 {
        self.last.lock().expect("unpoisoned").size.get()
    }

    /// The size of the published tree; 0 before the first checkpoint.
    fn published(&self) -> TreeSize {
        let shown = self.store.objects().remove(&ObjectPath::checkpoint());
        let open = |bytes: bytes::Bytes| open_checkpoint(&bytes, ORIGIN, &[verifier_key()]);
        shown.map_or(TreeSize::ZERO, |bytes| open(bytes).expect("it verifies").head.size)
    }

    /// Whether it has cosigned the published checkpoint.
    fn has_cosigned(&self) -> bool {
        is_cosigned(&shown(&self.store), &self.key)
    }
}

fn shown(store: &MemoryStore) -> Bytes {
    store.objects().remove(&ObjectPath::checkpoint()).expect("it is there")
}

fn is_cosigned(checkpoint: &[u8], by: &CosigningKey) -> bool {
    let note = Note::parse(checkpoint).expect("a note");
    note.verify(std::slice::from_ref(by.verifier_key())).is_ok()
}

#[async_trait]
impl Cosigners for Witness {
    async fn cosign(
        &self,
        checkpoint: &SignedCheckpoint,
        growth: &Growth,
    ) -> Result<Cosigned, CosignError> {
        let (head, last) = (growth.head(), *self.last.lock().expect("unpoisoned"));
        let (size, seen) = (head.size, last.size);
        assert!(self.published() <= size.max(seen), "nothing is published before it is cosigned");
        if seen > size {
            let witness = self.key.verifier_key().name().to_string();
            return Err(CosignError::Ahead { witness, seen, size });
        }
        let silent = {
            let mut silent = self.silent.lock().expect("unpoisoned");
            let is_silent = *silent > 0;
            *silent = silent.saturating_sub(1);
            is_silent
        };
        if silent {
            assert!(self.published() < size, "it is not published meanwhile");
            return Err(CosignError::TooFew { size, reasons: "it is silent".to_owned() });
        }
        let proof = growth.since(seen).await?;
        let request = AddCheckpoint { old: seen, proof, checkpoint: checkpoint.clone() };
        let judged = judge(&request, &[verifier_key()], &last).expect("the log has grown");
        *self.last.lock().expect("unpoisoned") = judged.checkpoint.head;
        let line = cosign(&self.key, judged.note.text(), 1_800_000_000).expect("in range");
        Ok(Cosigned { lines: vec![line], late: stream::empty().boxed() })
    }

    fn lines_of(&self, published: &SignedCheckpoint) -> Vec<NoteSignature> {
        lines_by(published, &[&self.key])
    }
}

/// The lines of these keys.
fn lines_by(published: &SignedCheckpoint, keys: &[&CosigningKey]) -> Vec<NoteSignature> {
    let made = |line: &&NoteSignature| keys.iter().any(|key| key.verifier_key().made(line));
    published.note().signatures().iter().filter(made).cloned().collect()
}

/// A quorum of one, and a second witness that is late.
struct Tardy {
    first: Arc<Witness>,
    second: CosigningKey,
    /// What it does this time and later.
    moods: Mutex<Vec<Mood>>,
}

/// What a witness does that is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Answers(Duration),
    Silent,
    KnowsMore,
}

const SOON: Mood = Mood::Answers(Duration::from_millis(200));

#[async_trait]
impl Cosigners for Tardy {
    async fn cosign(
        &self,
        checkpoint: &SignedCheckpoint,
        growth: &Growth,
    ) -> Result<Cosigned, CosignError> {
        let lines = self.first.cosign(checkpoint, growth).await?.lines;
        let mood = self.moods.lock().expect("unpoisoned").pop().unwrap_or(SOON);
        let line = cosign(&self.second, checkpoint.note().text(), 1_800_000_001).expect("in range");
        let size = growth.head().size;
        let late: LateLines = match mood {
            Mood::Silent => stream::pending().boxed(),
            Mood::Answers(after) => stream::once(async move {
                tokio::time::sleep(after).await;
                Ok(vec![line])
            })
            .boxed(),
            Mood::KnowsMore => {
                let (witness, seen) =
                    ("late.test".to_owned(), size.checked_add(1).expect("it is small"));
                stream::once(async move { Err(CosignError::Ahead { witness, seen, size }) }).boxed()
            }
        };
        Ok(Cosigned { lines, late })
    }

    fn lines_of(&self, published: &SignedCheckpoint) -> Vec<NoteSignature> {
        lines_by(published, &[&self.first.key, &self.second])
    }
}

impl Tardy {
    /// What it does the next times, in this order.
    fn is(&self, moods: &[Mood]) {
        *self.moods.lock().expect("unpoisoned") = moods.iter().rev().copied().collect();
    }

    /// The size of the published tree, and whether the second has cosigned it. The first always
    /// has.
    fn shown(&self) -> (u64, bool) {
        assert!(self.first.has_cosigned());
        (self.first.published().get(), is_cosigned(&shown(&self.first.store), &self.second))
    }
}

/// A log with a late witness, on a store that can fail.
fn tardy() -> (World, Arc<Tardy>, Arc<FaultyStore>) {
    let store = Arc::new(MemoryStore::default());
    let faulty = FaultyStore::over(store.clone());
    let second = CosigningKey::from_seed("late.test".parse().expect("a name"), &[4; 32]);
    let tardy = Arc::new(Tardy { first: Witness::of(&store), second, moods: Mutex::default() });
    let world = World::on(Stores::of(faulty.clone()));
    (World { cosigners: Some(tardy.clone()), ..world }, tardy, faulty)
}

/// Submits one entry, and expects the answer at once, with the cosignature of the quorum alone.
async fn submit_one(log: &Log, tardy: &Tardy, n: usize) {
    let began = tokio::time::Instant::now();
    let answer = log.submit(entries(n, n + 1).remove(0)).await.expect("an answer");
    assert!(began.elapsed() < Duration::from_millis(110), "{:?}", began.elapsed());
    let checkpoint = &answer.publication.checkpoint;
    assert!(is_cosigned(checkpoint, &tardy.first.key) && !is_cosigned(checkpoint, &tardy.second));
    assert_eq!(tardy.shown(), (n as u64 + 1, false));
}

async fn pass(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

#[tokio::test(start_paused = true)]
async fn late_cosignatures_join_what_is_published() {
    let (world, tardy, _) = tardy();
    let run = world.run(async |log| {
        pass(300).await;
        assert_eq!(tardy.shown(), (0, true));
        pass(1_000).await;
        submit_one(&log, &tardy, 0).await;
        pass(300).await;
        assert_eq!(tardy.shown(), (1, true));
        // The next join is a second later; what is not joined by the next batch never is.
        submit_one(&log, &tardy, 1).await;
        pass(600).await;
        assert_eq!(tardy.shown(), (2, false));
        submit_one(&log, &tardy, 2).await;
        pass(400).await;
        assert_eq!(tardy.shown(), (3, true));
    });
    run.await.expect("it starts").1.expect("it ends");
    // What is there stays there when the same tree is signed again.
    tardy.is(&[Mood::Silent]);
    world.run(|_| pass(100)).await.expect("it starts").1.expect("it ends");
    assert_eq!(tardy.shown(), (3, true));
    assert_eq!(world.verify().await.entries.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_join_that_fails_delays_nobody() {
    let faults = [Fault::FailBefore, Fault::FailAfter, Fault::LandsLate, Fault::NoAnswer];
    for fault in faults {
        let (world, tardy, store) = tardy();
        let run = world.run(async |log| {
            pass(2_000).await;
            submit_one(&log, &tardy, 0).await;
            pass(100).await;
            store.arm(1, fault);
            pass(200).await;
            let landed = matches!(fault, Fault::FailAfter | Fault::NoAnswer);
            assert_eq!(tardy.shown(), (1, landed), "{fault:?}");
            submit_one(&log, &tardy, 1).await;
            pass(2_000).await;
            assert_eq!(tardy.shown(), (2, true), "{fault:?}");
        });
        run.await.expect("it starts").1.expect("it ends");
        assert_eq!(world.verify().await.entries.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_witness_that_has_seen_more_ends_the_term() {
    let (world, tardy, _) = tardy();
    tardy.is(&[Mood::Silent, Mood::KnowsMore]);
    let run = world.run(async |log| {
        submit_one(&log, &tardy, 0).await;
        pass(10).await;
        assert!(log.is_closed());
    });
    let error = run.await.expect("it starts").1.expect_err("a writer of a directory stops");
    let words = fasti::causes::with_causes(&error);
    assert!(words.contains("the witness late.test has cosigned a tree of 2"), "{words}");
}

fn witnessed() -> (World, Arc<Witness>) {
    let (world, store) = World::in_memory();
    let witness = Witness::of(&store);
    (World { cosigners: Some(witness.clone()), ..world }, witness)
}

#[tokio::test]
async fn every_published_tree_is_cosigned() {
    let (world, witness) = witnessed();
    let mut size = 0;
    for batch in [1, 2, 253, 1, 300] {
        let answers = world.submit(&entries(size, size + batch)).await;
        size += batch;
        assert_eq!(witness.size(), size as u64);
        assert!(witness.has_cosigned());
        for answer in answers {
            let note = Note::parse(&answer.publication.checkpoint).expect("a note");
            let keys = [witness.key.verifier_key().clone(), verifier_key()];
            assert_eq!(note.verify(&keys).expect("it verifies").len(), 2);
        }
    }
    world.verify().await;
}

#[tokio::test]
async fn nobody_is_answered_before_the_quorum() {
    let (world, witness) = witnessed();
    world.submit(&entries(0, 5)).await;
    // The start takes the first answer. The witness itself checks that nothing is published
    // meanwhile.
    let submitted = world.run(async |log| {
        *witness.silent.lock().expect("unpoisoned") = 3;
        let answers = entries(5, 9).into_iter().map(|entry| log.submit(entry));
        futures::future::join_all(answers).await
    });
    let (answers, ended) = submitted.await.expect("the log opens");
    ended.expect("it shuts down cleanly");
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(*witness.silent.lock().expect("unpoisoned"), 0);
    assert_eq!(world.verify().await.entries.len(), 9);
}

#[tokio::test]
async fn a_store_that_was_put_back_is_refused() {
    let (world, witness) = witnessed();
    world.submit(&entries(0, 3)).await;
    let older = Arc::new(witness.store.snapshot());
    world.submit(&entries(3, 7)).await;
    let world = World { stores: Stores::of(older.clone()), ..world };
    for _ in 0..2 {
        let refused = world.run(|_| async {}).await.expect_err("the start is refused");
        let words = refused.to_string();
        assert!(words.starts_with("rolled back: the witness witness.test shows the log at size 7"));
        let RecoverError::RolledBack { committed, .. } = refused else { panic!("{words}") };
        assert_eq!(committed.get(), 3);
    }
    assert_eq!(witness.size(), 7);
    // Without the witness, nothing on this machine could tell.
    let alone = World { cosigners: None, index: world.copied_index(), ..world };
    alone.run(|_| async {}).await.expect("it starts").1.expect("it ends");
}

#[tokio::test]
async fn a_log_gets_its_first_witness() {
    let (world, store) = World::in_memory();
    world.submit(&entries(0, 300)).await;
    let witness = Witness::of(&store);
    let world = World { cosigners: Some(witness.clone()), ..world };
    world.run(|_| async {}).await.expect("it starts").1.expect("it ends");
    assert_eq!(witness.size(), 300, "what is published is cosigned at the start");
    assert!(witness.has_cosigned());
    world.submit(&entries(300, 301)).await;
    assert_eq!(witness.size(), 301);
}
