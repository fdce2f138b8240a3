//! Seen: the trees that this process has verified, whatever their source.
//!
//! A store can be rolled back to an older state, and its newest records can then belong to another
//! history than before. A process that has verified a tree signs nothing that does not extend it
//! (I18): [`super::picture`] checks what it finds against what it has seen, and a follower
//! proves, now and then, that each tree begins with the earlier ones.
//!
//! Invariant: every noted tree is either in the list or was proved to be a prefix of a tree in the
//! list. Only when very many trees wait to be proved is the newest of them replaced.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use fasti_seams::planted::{Bug, planted};
use tiles_spec::{Checkpoint, TreeHead, open_checkpoint};
use tokio::sync::Notify;

use crate::context::Context;
use crate::sighting::{SeenBy, Sighting};

/// Most trees that wait to be proved.
const SIGHTINGS_MAX: usize = 256;

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
        seen_by: SeenBy,
    ) -> Option<TreeHead> {
        let signer = &context.signer;
        let opened =
            open_checkpoint(checkpoint, signer.origin().as_str(), &[signer.verifier_key()]);
        let Checkpoint { head, .. } = opened.ok()?;
        self.note(Sighting { head, checkpoint: checkpoint.clone(), seen_by });
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
    pub fn heads(&self) -> Vec<(SeenBy, TreeHead)> {
        if planted(Bug::SeenNotCompared) {
            return Vec::new();
        }
        self.all().into_iter().map(|sighting| (sighting.seen_by, sighting.head)).collect()
    }

    /// Waits until there is something new.
    pub async fn news(&self) {
        self.news.notified().await;
    }
}
