//! Witnesses: nothing is published or answered before they have cosigned it, and what they have
//! seen counts when the store was put back.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fasti::grow::{CosignError, Cosigners, Growth};
use fasti::log::RecoverError;
use fasti::store::{MemoryStore, ObjectPath, Stores};
use tiles_spec::witness::{AddCheckpoint, judge};
use tiles_spec::{
    CosigningKey, Note, NoteSignature, SignedCheckpoint, TreeHead, TreeSize, cosign,
    open_checkpoint,
};

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

    /// The size of the published tree; 0 if there is none.
    fn published(&self) -> TreeSize {
        let shown = self.store.objects().remove(&ObjectPath::checkpoint());
        let open = |bytes: bytes::Bytes| open_checkpoint(&bytes, ORIGIN, &[verifier_key()]);
        shown.map_or(TreeSize::ZERO, |bytes| open(bytes).expect("it verifies").head.size)
    }

    /// Whether it has cosigned the published checkpoint.
    fn has_cosigned(&self) -> bool {
        let shown = self.store.objects().remove(&ObjectPath::checkpoint()).expect("it is there");
        let note = Note::parse(&shown).expect("a note");
        note.verify(std::slice::from_ref(self.key.verifier_key())).is_ok()
    }
}

#[async_trait]
impl Cosigners for Witness {
    async fn cosign(
        &self,
        checkpoint: &SignedCheckpoint,
        growth: &Growth<'_>,
    ) -> Result<Vec<NoteSignature>, CosignError> {
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
        Ok(vec![cosign(&self.key, judged.note.text(), 1_800_000_000).expect("in range")])
    }
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
