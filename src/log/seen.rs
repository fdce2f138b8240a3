//! Seen: the trees that this process has verified, whatever their source.
//!
//! A store can be rolled back to an older state, and its newest records can then belong to another
//! history than before. A process that has verified a tree signs nothing that does not extend it
//! (I18): [`recover`](super::recover) checks what it finds against what it has seen, and a follower
//! proves, now and then, that each tree begins with the earlier ones.
//!
//! Invariant: every noted tree is either in the list or was proved to be a prefix of a tree in the
//! list. Only when very many trees wait to be proved is the newest of them replaced.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use fasti_seams::planted::{Bug, planted};
use tiles_spec::{Checkpoint, TreeHead, open_checkpoint};
use tokio::sync::Notify;

use super::recover::RecoverError;
use super::{Context, load};

/// Most trees that wait to be proved.
const SIGHTINGS_MAX: usize = 256;

/// Who or what has seen a tree of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Witness {
    /// The store's published checkpoint.
    Checkpoint,
    /// A file outside the store that remembers what was signed and verified.
    Memory(String),
    /// The operator's statement.
    Operator,
    /// This process has read it in the store.
    Read,
    /// This process has signed it.
    Signed,
    /// The writer at this address sent it, and its signature was verified.
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
            Self::Read => f.write_str("`checkpoint`, as this writer read it before,"),
            Self::Signed => f.write_str("a checkpoint that this writer has signed"),
            Self::Peer(address) => write!(f, "a checkpoint that the writer at {address} has sent"),
        }
    }
}

/// A tree that was verified, with its signed checkpoint and its source.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub head: TreeHead,
    pub checkpoint: Bytes,
    pub witness: Witness,
}

/// See the module documentation.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// In order of size.
    sightings: Mutex<Vec<Sighting>>,
    news: Notify,
}

impl Seen {
    /// Notes a checkpoint if the log's key has signed it; returns its tree.
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

    /// Notes a tree that was verified.
    pub fn note(&self, sighting: Sighting) {
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        let place = sightings.partition_point(|known| known.head.size < sighting.head.size);
        let mut same = sightings[place..].iter().take_while(|k| k.head.size == sighting.head.size);
        if same.any(|known| known.head == sighting.head) {
            return;
        }
        // A tree that is smaller than a known one is most likely an old one, but is checked against
        // it all the same.
        if sightings.len() < SIGHTINGS_MAX {
            sightings.insert(place, sighting);
        } else if place == sightings.len() {
            sightings[SIGHTINGS_MAX - 1] = sighting;
        }
        drop(sightings);
        self.news.notify_one();
    }

    /// Everything up to this tree is proved to be its prefix.
    pub fn settle(&self, sighting: Sighting) {
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        let place = sightings.partition_point(|known| known.head.size <= sighting.head.size);
        sightings.splice(..place, [sighting]);
    }

    /// Everything that a history must agree with.
    pub fn all(&self) -> Vec<Sighting> {
        self.sightings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a recovery must check against the records that it finds.
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

    /// Proves from the tiles in the store that the newest tree begins with all the others, and
    /// returns it. [`RecoverError::Forked`] is certain; any other error says nothing.
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
