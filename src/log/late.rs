//! Late cosignatures: what witnesses sign of a checkpoint after it was published.
//!
//! They are joined to the published checkpoint while that is the newest: the same text, all lines
//! that are there, and theirs. Nobody waits for that. It is done while the publisher has nothing to
//! do, and what is not done when the next checkpoint is to be cosigned is given up.
//!
//! Invariants: a join never changes the tree that is published, nor removes a line (I2). It is one
//! replacement of the known version; if another writer was faster, or nobody knows what became of
//! it, it is not repeated. There is at most one each [`JOINS_APART`].

use std::future::pending;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fasti_grow::forward_only::Replacement;
use fasti_grow::{CosignError, LateLines};
use fasti_seams::clock::Clock;
use fasti_store::{Replaced, Version};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt as _};
use tiles_spec::NoteSignature;

/// Least time between two joins. Everything that comes meanwhile is joined at once.
const JOINS_APART: Duration = Duration::from_secs(1);

/// The late cosignatures of the newest checkpoint.
pub(super) struct Late {
    /// That checkpoint, as the log has signed it.
    checkpoint: Bytes,
    coming: LateLines,
    /// What has come and is not joined yet.
    come: Vec<NoteSignature>,
    /// The checkpoint with them, on its way.
    joining: Option<(Bytes, Replacement)>,
    last_join: Option<Instant>,
    /// The next join is not due before.
    not_before: Option<Instant>,
}

impl Default for Late {
    fn default() -> Self {
        Self {
            checkpoint: Bytes::new(),
            coming: stream::empty().boxed(),
            come: Vec::new(),
            joining: None,
            last_join: None,
            not_before: None,
        }
    }
}

impl Late {
    /// Waits for nobody any more.
    pub fn give_up(&mut self) {
        *self = Self { last_join: self.last_join, ..Self::default() };
    }

    /// A checkpoint is being published, and these lines of it are late.
    pub fn begin(&mut self, checkpoint: Bytes, coming: LateLines) {
        (self.checkpoint, self.coming) = (checkpoint, coming);
    }

    /// The checkpoint that the lines are of, as the log has signed it.
    pub const fn checkpoint(&self) -> &Bytes {
        &self.checkpoint
    }

    /// It was published just now; the store allows another write after `pace`.
    pub fn is_published(&mut self, now: Instant, pace: Duration) {
        let last = self.last_join.map(|last| last + JOINS_APART);
        self.not_before = last.max(Some(now + pace));
    }

    /// Waits until something has come, and a join is due. Never returns if nothing comes.
    pub async fn gather(&mut self, clock: &dyn Clock) -> Result<Vec<NoteSignature>, CosignError> {
        loop {
            if self.come.is_empty() {
                match self.coming.next().await {
                    Some(lines) => self.come.extend(lines?),
                    None => return pending().await,
                }
                continue;
            }
            let due = self.not_before.unwrap_or_else(|| clock.now());
            let left = due.saturating_duration_since(clock.now());
            if left.is_zero() {
                return Ok(std::mem::take(&mut self.come));
            }
            match select(self.coming.next(), clock.sleep(left)).await {
                Either::Left((Some(lines), _)) => self.come.extend(lines?),
                Either::Left((None, left)) => left.await,
                Either::Right(_) => {}
            }
        }
    }

    /// The checkpoint with these lines is on its way.
    pub fn join(&mut self, checkpoint: Bytes, replacement: Replacement, now: Instant) {
        self.joining = Some((checkpoint, replacement));
        self.last_join = Some(now);
        self.not_before = Some(now + JOINS_APART);
    }

    /// Waits for the join that is under way, if any. Returns the version and the contents that are
    /// published now, if that is certain. Can be dropped and called again.
    pub async fn joined(&mut self) -> Option<(Version, Bytes)> {
        let (_, replacement) = self.joining.as_mut()?;
        let replaced = replacement.await;
        let (checkpoint, _) = self.joining.take()?;
        match replaced {
            Ok(Replaced::Now(version)) => Some((version, checkpoint)),
            Ok(Replaced::Conflict) | Err(_) => {
                self.give_up();
                None
            }
        }
    }
}
