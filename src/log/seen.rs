//! Seen: the trees that this process has verified, wherever it met them.
//!
//! A store can be put back to an older state, and its newest records may be of another history than
//! the one that was there before. A process that has verified a tree signs nothing that does not
//! begin with it (I18): [`recover`](super::recover) holds what it has seen against what it finds,
//! and a writer that follows proves, now and then, that each tree begins with those before it.
//!
//! Invariant: everything that was noted is either in the list or was proved to be how a tree in the
//! list began. Only when very many trees wait to be proved is the newest of them replaced.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tiles_spec::{Checkpoint, TreeHead, open_checkpoint};
use tokio::sync::Notify;

use super::recover::RecoverError;
use super::{Context, load};
use crate::planted::{Bug, planted};

/// Most trees that wait to be proved.
const SIGHTINGS_MAX: usize = 256;

/// Who or what has seen a tree of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Witness {
    /// What the store shows.
    Checkpoint,
    /// A file outside the store that remembers what was signed and verified.
    Memory(String),
    /// The operator's word.
    Operator,
    /// This process has read it in the store.
    Read,
    /// This process has signed it.
    Signed,
    /// The writer at this address has shown it, and its signature was verified.
    Peer(String),
}

impl Witness {
    pub(super) fn memory(path: &Path) -> Self {
        Self::Memory(path.display().to_string())
    }
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("the published checkpoint"),
            Self::Memory(path) => write!(f, "{path}, the memory of what was signed,"),
            Self::Operator => f.write_str("--restored-at"),
            Self::Read => f.write_str("`checkpoint`, as this writer has read it before,"),
            Self::Signed => f.write_str("a checkpoint that this writer has signed"),
            Self::Peer(address) => write!(f, "a checkpoint that the writer at {address} has shown"),
        }
    }
}

/// A tree that was verified, with its signed checkpoint and where it was met.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub head: TreeHead,
    pub checkpoint: Bytes,
    pub witness: Witness,
}

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// In the order of their sizes.
    sightings: Mutex<Vec<Sighting>>,
    news: Notify,
}

impl Seen {
    /// Takes note of a checkpoint if the log's key has signed it; returns its tree.
    pub fn verify(
        &self,
        context: &Context,
        checkpoint: &Bytes,
        witness: Witness,
    ) -> Option<TreeHead> {
        let signer = &context.signer;
        let opened =
            open_checkpoint(checkpoint, signer.origin().as_str(), &[signer.verifier_key()]);
        let Checkpoint { head, .. } = opened.ok()?;
        self.note(Sighting { head, checkpoint: checkpoint.clone(), witness });
        Some(head)
    }

    /// Takes note of a tree that was verified.
    pub fn note(&self, sighting: Sighting) {
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        let place = sightings.partition_point(|known| known.head.size < sighting.head.size);
        let mut same = sightings[place..].iter().take_while(|k| k.head.size == sighting.head.size);
        if same.any(|known| known.head == sighting.head) {
            return;
        }
        // A tree that is smaller than one that is known is an old one, most likely, and is held
        // against that one all the same.
        if sightings.len() < SIGHTINGS_MAX {
            sightings.insert(place, sighting);
        } else if place == sightings.len() {
            sightings[SIGHTINGS_MAX - 1] = sighting;
        }
        drop(sightings);
        self.news.notify_one();
    }

    /// Everything up to this tree is known to be how it began.
    pub fn settle(&self, sighting: Sighting) {
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        let place = sightings.partition_point(|known| known.head.size <= sighting.head.size);
        sightings.splice(..place, [sighting]);
    }

    /// What there is to be held against a history.
    pub fn all(&self) -> Vec<Sighting> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a recovery has to hold against the records that it finds.
    pub fn witnesses(&self) -> Vec<(Witness, TreeHead)> {
        if planted(Bug::SeenNotCompared) {
            return Vec::new();
        }
        self.all().into_iter().map(|sighting| (sighting.witness, sighting.head)).collect()
    }

    /// Waits until there is something new.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Proves that the newest tree begins with all the others, from the tiles in the store, and
    /// returns it. [`RecoverError::Forked`] says that it does not; any other error says nothing.
    pub async fn prove(&self, context: &Context) -> Result<Option<Sighting>, RecoverError> {
        let all = self.all();
        let Some((newest, older)) = all.split_last() else { return Ok(None) };
        let older: Vec<_> = older.iter().map(|one| (one.witness.clone(), one.head)).collect();
        begins_with(context, newest.head, &older).await?;
        self.settle(newest.clone());
        Ok(Some(newest.clone()))
    }
}

/// Proves from the tiles in the store that the tree `head` begins with all of the others, none of
/// which is larger. [`RecoverError::Forked`] is certain; any other error says nothing.
pub(super) async fn begins_with(
    context: &Context,
    head: TreeHead,
    older: &[(Witness, TreeHead)],
) -> Result<(), RecoverError> {
    let forked = |witness: &Witness, old: TreeHead| RecoverError::Forked {
        witness: witness.clone(),
        size: old.size,
    };
    if let Some((witness, old)) = older.iter().find(|(_, o)| o.size == head.size && *o != head) {
        return Err(forked(witness, *old));
    }
    let sizes: Vec<_> = older.iter().map(|(_, old)| old.size).collect();
    let heads = load::heads_before(&*context.stores.objects, &sizes, head).await?;
    match older.iter().zip(heads).find(|((_, old), known)| old != known) {
        Some(((witness, old), _)) => Err(forked(witness, *old)),
        None => Ok(()),
    }
}
