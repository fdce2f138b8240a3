//! Forwarded: entries that another writer of the log has verified and handed to this one.

use bytes::Bytes;
use fasti_grow::Leaf;
use futures::future::try_join_all;

use crate::acknowledged::SubmitError;
use crate::leader::State;
use crate::log::Log;
use crate::peers::{NotTaken, PeerAnswer, PeerIncluded, Role};
use crate::record::Epoch;

impl Log {
    /// Accepts entries that a peer has verified, and answers once they are published. Fails if this
    /// writer does not lead in `term`, or loses leadership before all are answered.
    pub async fn take_forwarded(
        &self,
        term: Epoch,
        entries: Vec<Bytes>,
    ) -> Result<Vec<PeerAnswer>, NotTaken> {
        let State { role, leader, .. } = self.state.borrow().clone();
        if role != Role::Leading {
            return Err(NotTaken::NotLeading);
        }
        if leader.epoch != term {
            return Err(NotTaken::OtherTerm);
        }
        try_join_all(entries.into_iter().map(|entry| self.take_one(entry))).await
    }

    async fn take_one(&self, entry: Bytes) -> Result<PeerAnswer, NotTaken> {
        let length = entry.len();
        let Some(leaf) = Leaf::new(entry) else {
            return Ok(PeerAnswer::Refused(SubmitError::TooLarge(length)));
        };
        let waiting = match self.pool.submit(leaf, self.clock.now()) {
            Ok(waiting) => waiting,
            Err(SubmitError::ShuttingDown | SubmitError::Halted(_) | SubmitError::Frozen) => {
                return Err(NotTaken::NotLeading);
            }
            Err(reason) => return Ok(PeerAnswer::Refused(reason)),
        };
        let wait = self.clients.wait(self.clock.now());
        let answer = waiting.answer.await.map_err(|_| NotTaken::NotLeading)?;
        wait.end(self.clock.now());
        let answer = match answer {
            Ok(acknowledged) => self.confirm(acknowledged).await,
            refused => refused,
        };
        let acknowledged = match answer {
            Ok(acknowledged) => acknowledged,
            Err(SubmitError::Halted(_) | SubmitError::Frozen) => return Err(NotTaken::NotLeading),
            Err(reason) => return Ok(PeerAnswer::Refused(reason)),
        };
        Ok(match acknowledged.proof() {
            Ok(proof) => PeerAnswer::Included(PeerIncluded {
                index: acknowledged.index,
                duplicate: acknowledged.duplicate,
                checkpoint: acknowledged.publication.checkpoint.clone(),
                proof,
            }),
            Err(error) => PeerAnswer::Refused(SubmitError::Dedup(error.to_string())),
        })
    }
}
