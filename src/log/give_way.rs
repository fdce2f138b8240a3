//! Give way: a busy leader lets somebody in who wants to freeze the log.
//!
//! To freeze a log, its next record has to be created before its leader creates it, and a busy leader
//! is always faster. So whoever has lost that race leaves a note, `_writer/freezing`, and a busy
//! leader looks for it now and then, beside its work, and pauses for a moment where it finds a new
//! one. The note is a hint: safety does not know of it, an idle leader needs none, and each costs the
//! log one pause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Context;
use super::roles::chain;
use crate::store::ObjectPath;

/// A busy leader looks so often; one that publishes less often than this is not busy.
const LOOK_PACE: Duration = Duration::from_secs(1);
/// How long it commits nothing when it is asked to.
const PAUSE: Duration = Duration::from_secs(3);

/// Asks the leader to give way. If that fails it fails: the race may be won all the same.
pub(super) async fn ask(context: &Context) {
    let Some(shelf) = &context.stores.shelf else { return };
    let note = hex::encode(context.entropy.nonce()).into();
    if let Err(error) = shelf.note(&ObjectPath::freezing(), note).await {
        tracing::warn!(error = chain(&error), "cannot ask the leader to give way");
    }
}

/// Takes the note away.
pub(super) async fn withdraw(context: &Context) {
    let Some(shelf) = &context.stores.shelf else { return };
    if let Err(error) = shelf.remove(&[ObjectPath::freezing()]).await {
        tracing::warn!(error = chain(&error), "the note _writer/freezing is left behind");
    }
}

/// What the leader of one term knows of such notes.
#[derive(Debug, Default)]
pub(super) struct GiveWay(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The newest publication.
    published: Option<Instant>,
    looked: Option<Instant>,
    /// The first look of a term takes what it finds for an old note.
    is_later_look: bool,
    /// What the note said.
    note: Option<Bytes>,
    until: Option<Instant>,
}

impl GiveWay {
    /// Told after each publication.
    pub async fn look(&self, context: &Context) {
        if context.stores.shelf.is_none() || !self.is_due(context.clock.now()) {
            return;
        }
        let Ok(note) = context.stores.objects.get(&ObjectPath::freezing()).await else { return };
        let note = note.map(|object| object.bytes);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = note.is_some() && note != seen.note && seen.is_later_look;
        (seen.note, seen.is_later_look) = (note, true);
        if is_new {
            tracing::info!("somebody wants to freeze the log; giving way");
            seen.until = Some(context.clock.now() + PAUSE);
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_long = |since: Option<Instant>| since.is_none_or(|then| now - then >= LOOK_PACE);
        let (is_busy, is_due) = (!is_long(seen.published), is_long(seen.looked));
        seen.published = Some(now);
        if is_busy && is_due {
            seen.looked = Some(now);
        }
        is_busy && is_due
    }

    /// How long to commit nothing.
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.until.take().and_then(|until| until.checked_duration_since(now))
    }
}
