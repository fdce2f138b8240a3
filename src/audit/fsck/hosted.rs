//! Readings of a tree, hosted by a thread that can block.

use fasti_objects::Published;
use fasti_read::{Fault, Reading};

use super::objects::Objects;
use fasti_client::fetch::FetchError;

/// Why a reading has no outcome.
#[derive(Debug)]
pub(super) enum Unread {
    /// An object is out of reach.
    Fetch(FetchError),
    /// The tree is damaged there.
    Fault(Fault),
}

/// Brings a reading of a log's tree to its outcome.
pub(super) fn host<R: Reading<Fault = Fault>>(
    objects: &Objects,
    reading: Result<R, Fault>,
) -> Result<R::Outcome, Unread> {
    let mut reading = reading.map_err(Unread::Fault)?;
    loop {
        while let Some((id, want)) = reading.request() {
            let Published::Log(path) = want.object else {
                unreachable!("a tree has tiles and bundles only")
            };
            let mut bytes = Vec::new();
            let is_there = objects.read_into(&path, &mut bytes).map_err(Unread::Fetch)?;
            reading.answer(id, is_there.then_some(bytes)).map_err(Unread::Fault)?;
        }
        if let Some(outcome) = reading.outcome() {
            return Ok(outcome);
        }
    }
}
