//! Freeze request: a busy leader lets a process in that wants to freeze the log.
//!
//! To freeze a log, its next record must be created before the leader creates it, and a busy leader
//! is always faster. So a process that has lost that race leaves a note, `_writer/freezing`. A busy
//! leader looks for it now and then, alongside its work, and pauses for a moment when it finds a
//! new one. The note is a hint: safety does not depend on it, an idle leader does not need it, and
//! each note costs the log one pause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fasti_seams::causes::with_causes;
use fasti_store::ObjectPath;

use crate::context::Context;

/// A busy leader looks this often; a leader that publishes less often than this is not busy.
const LOOK_PACE: Duration = Duration::from_secs(1);
/// How long it commits nothing when asked to give way.
const PAUSE: Duration = Duration::from_secs(3);

/// Asks the leader to give way. Failures are ignored: the race may be won all the same.
pub(super) async fn ask(context: &Context) {
    let Some(housekeeping) = &context.stores.housekeeping else { return };
    let note = hex::encode(context.entropy.nonce()).into();
    if let Err(error) = housekeeping.note(&ObjectPath::freezing(), note).await {
        tracing::warn!(error = with_causes(&error), "cannot ask the leader to give way");
    }
}

/// Removes the note.
pub(super) async fn withdraw(context: &Context) {
    let Some(housekeeping) = &context.stores.housekeeping else { return };
    if let Err(error) = housekeeping.remove(&[ObjectPath::freezing()]).await {
        tracing::warn!(
            error = with_causes(&error),
            "the note _writer/freezing could not be removed"
        );
    }
}

/// What the leader of one term knows about such notes.
#[derive(Debug, Default)]
pub(super) struct FreezeRequests(Mutex<Noticed>);

#[derive(Debug, Default)]
struct Noticed {
    /// The newest publication.
    published: Option<Instant>,
    looked: Option<Instant>,
    /// The first look of a term treats any note as an old one.
    is_later_look: bool,
    /// What the note said.
    note: Option<Bytes>,
    until: Option<Instant>,
}

impl FreezeRequests {
    /// Looks for a note; called after each publication.
    pub async fn look(&self, context: &Context) {
        if context.stores.housekeeping.is_none() || !self.is_due(context.clock.now()) {
            return;
        }
        let Ok(note) = context.stores.objects.get(&ObjectPath::freezing()).await else { return };
        let note = note.map(|object| object.bytes);
        let mut noticed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = note.is_some() && note != noticed.note && noticed.is_later_look;
        (noticed.note, noticed.is_later_look) = (note, true);
        if is_new {
            tracing::info!("another process wants to freeze the log; giving way");
            noticed.until = Some(context.clock.now() + PAUSE);
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let mut noticed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_long = |since: Option<Instant>| since.is_none_or(|then| now - then >= LOOK_PACE);
        let (is_busy, is_due) = (!is_long(noticed.published), is_long(noticed.looked));
        noticed.published = Some(now);
        if is_busy && is_due {
            noticed.looked = Some(now);
        }
        is_busy && is_due
    }

    /// How long to commit nothing.
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        let mut noticed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noticed.until.take().and_then(|until| until.checked_duration_since(now))
    }
}
