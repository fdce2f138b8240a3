//! How a check goes on from where an earlier one got.
//!
//! Invariant: nothing is left out on the word of a state alone. The tree that was signed then, and
//! the entries that were checked, are proved to be the beginning of the tree that is signed now.

use fasti_client::fetch::FetchError;
use fasti_client::trust::{OpenedCheckpoint, Trust};
use fasti_read::Tree;
use tiles_spec::{Level, TreeHead, VerifierKey};

use super::hosted::{Unread, host};
use super::objects::Objects;
use super::state::State;
use crate::report::Resumed;

/// Why a check cannot go on from a state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The state is of another log.
    #[error(
        "the state is of the log {} with the key ID {}, and this is {} with the key ID {}: name \
         another file with --state", .state.name(), .state.key_id(), .log.name(), .log.key_id()
    )]
    OtherLog {
        /// The key in the state.
        state: Box<VerifierKey>,
        /// The key of this log.
        log: Box<VerifierKey>,
    },
    /// The log has fewer entries than before.
    #[error(
        "ROLLBACK: the log serves a tree of {} entries, but the state is of a tree of {}: the log \
         was restored from an old copy, or an old checkpoint is served. Both checkpoints are \
         signed; the state is unchanged", .now.size, .before.size
    )]
    Rollback {
        /// The tree in the state.
        before: TreeHead,
        /// The tree that is served.
        now: TreeHead,
    },
    /// The log signed two trees of which neither extends the other.
    #[error(
        "FORK: the log signed a tree of {} entries with root hash {}, which is in the state, and \
         now one of {} entries with root hash {} that does not extend it. Keep both checkpoints \
         and tell others; the state is unchanged", .before.size, .before.root, .now.size, .now.root
    )]
    Fork {
        /// The tree in the state.
        before: TreeHead,
        /// The tree that is served.
        now: TreeHead,
    },
    /// The earlier checks were with other flags.
    #[error(
        "the earlier check {before} {what}, and this one {now}: give the same flags, or --full to \
         check from the beginning"
    )]
    OtherFlags {
        /// What one of them does.
        what: &'static str,
        /// Whether the earlier one did, in words.
        before: &'static str,
        /// Whether this one does, in words.
        now: &'static str,
    },
    /// The state contradicts itself.
    #[error(
        "the state is not of this log's entries, although its checkpoint is this log's: check from \
         the beginning with --full"
    )]
    OtherEntries,
    /// The log cannot be read.
    #[error("cannot prove that what was checked before is the beginning of this tree")]
    Fetch(#[from] FetchError),
}

impl ResumeError {
    /// Whether the log is at fault, rather than the state, the flags or the connection.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Rollback { .. } | Self::Fork { .. } => true,
            Self::Fetch(error) => error.is_damage(),
            _ => false,
        }
    }
}

/// Where a check begins.
pub(super) struct Begun {
    pub(super) state: State,
    pub(super) resumed: Option<Resumed>,
}

/// Where a check of the tree of a new state begins, if an earlier one got as far as `before`.
pub(super) fn begin(
    objects: &Objects,
    trust: &Trust,
    now: &OpenedCheckpoint,
    new: State,
    before: Option<&State>,
) -> Result<Begun, ResumeError> {
    let Some(before) = before else { return Ok(Begun { state: new, resumed: None }) };
    if before.key != new.key {
        let (state, log) = (before.key.clone().into(), new.key.into());
        return Err(ResumeError::OtherLog { state, log });
    }
    for (what, had, has) in [
        ("verify signatures (--verify-signatures)", before.signatures, new.signatures),
        ("look for attestations (--attestations)", before.attestations, new.attestations),
    ] {
        if had != has {
            let (before, now) = if had { ("did", "does not") } else { ("did not", "does") };
            return Err(ResumeError::OtherFlags { what, before, now });
        }
    }
    let opened = trust.open_uncosigned(&before.checkpoint);
    let head = opened.map_err(|_| ResumeError::OtherEntries)?.head();
    if head.size > now.head().size {
        return Err(ResumeError::Rollback { before: head, now: now.head() });
    }
    match is_beginning(objects, head, before, now.head()) {
        Ok(()) => {}
        Err(Unproved::Fetch(error)) => return Err(error.into()),
        Err(Unproved::Not(error)) => return Err(error),
        Err(Unproved::Damaged(words)) => {
            let reason = format!(
                "what an earlier check read cannot be proved to be the beginning of this tree: \
                 {words}"
            );
            let resumed = Resumed { started_over: Some(reason), ..resumed(&new, head) };
            return Ok(Begun { state: new, resumed: Some(resumed) });
        }
    }
    let resumed = Some(resumed(before, head));
    Ok(Begun { state: State { checkpoint: new.checkpoint, ..before.clone() }, resumed })
}

fn resumed(state: &State, head: TreeHead) -> Resumed {
    let bottom = state.places.iter().filter(|place| place.level == Level::ZERO).count() as u64;
    Resumed {
        size: head.size.get(),
        root: head.root.to_string(),
        entries_not_read: state.entries() - bottom * tiles_spec::TILE_WIDTH_MAX as u64,
        times_not_read: state.times.timed,
        places_read_again: state.places.len() as u64,
        started_over: None,
    }
}

/// Why a tree is not known to begin with what was checked.
enum Unproved {
    Fetch(FetchError),
    /// It does not.
    Not(ResumeError),
    /// The tiles that would prove it are damaged.
    Damaged(String),
}

impl From<Unread> for Unproved {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Fetch(error) if error.is_damage() => Self::Damaged(error.to_string()),
            Unread::Fetch(error) => Self::Fetch(error),
            Unread::Fault(fault) => Self::Damaged(fault.to_string()),
        }
    }
}

fn is_beginning(
    objects: &Objects,
    head: TreeHead,
    before: &State,
    now: TreeHead,
) -> Result<(), Unproved> {
    if head.size == now.size {
        let fork = ResumeError::Fork { before: head, now };
        // What was checked of a tree was checked against its root.
        return if head.root == now.root { Ok(()) } else { Err(Unproved::Not(fork)) };
    }
    let checked = before.frontier().filter(|checked| checked.size() <= head.size);
    let checked = checked.ok_or(Unproved::Not(ResumeError::OtherEntries))?;
    let mut tree = host(objects, Tree::open(now))?;
    if host(objects, tree.head_at(head.size))? != head {
        return Err(Unproved::Not(ResumeError::Fork { before: head, now }));
    }
    if host(objects, tree.frontier_at(checked.size()))? != checked {
        return Err(Unproved::Not(ResumeError::OtherEntries));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
