//! Whether a checkpoint satisfies a policy.

use std::fmt;

use thiserror::Error;

use super::rules::{Policy, PolicyWitness};
use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::cosignature::cosignature_time;
use crate::hash::EMPTY_ROOT;
use crate::note::{Note, NoteError, VerifierKey};

/// A witness of the policy that cosigned a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner<'p> {
    /// The witness.
    pub witness: &'p PolicyWitness,
    /// When, by its own clock, in POSIX seconds; 0 if it does not say.
    pub unix_seconds: u64,
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyRefusal {
    /// No log of the policy has this origin.
    #[error("the policy knows no log with the origin {0:?}")]
    UnknownLog(String),
    /// An empty tree with a root hash other than that of no leaves, or a bad signature.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Too few witnesses cosigned.
    #[error("the policy's quorum is not met: {0}")]
    Quorum(TooFew),
}

/// Who cosigned a checkpoint that lacks others' cosignatures: names of witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFew(Vec<String>);

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("no witness of the policy has cosigned the checkpoint"),
            names => write!(f, "only {} cosigned the checkpoint", names.join(", ")),
        }
    }
}

impl Policy {
    /// Verifies that a log of the policy signed the checkpoint, and that enough witnesses cosigned
    /// it. Returns all witnesses that did, in the order of the policy.
    ///
    /// As for any note, lines by unknown keys are ignored, and a bad line of a known key spoils the
    /// whole.
    pub fn verify(&self, signed: &SignedCheckpoint) -> Result<Vec<Cosigner<'_>>, PolicyRefusal> {
        let checkpoint = signed.checkpoint();
        let logs = self.logs.iter().map(|log| &log.key);
        let own: Vec<VerifierKey> =
            logs.filter(|key| key.name().as_str() == checkpoint.origin).cloned().collect();
        if own.is_empty() {
            return Err(PolicyRefusal::UnknownLog(checkpoint.origin.clone()));
        }
        signed.verify(&own).map_err(CheckpointError::from)?;
        if checkpoint.head.size.is_zero() && checkpoint.head.root != EMPTY_ROOT {
            return Err(CheckpointError::EmptyRoot(checkpoint.head.root).into());
        }
        self.cosigners_of(signed.note())
    }

    /// Verifies that enough witnesses cosigned the note. For callers that have verified the log's
    /// own signature.
    pub fn cosigners_of(&self, note: &Note) -> Result<Vec<Cosigner<'_>>, PolicyRefusal> {
        let keys: Vec<VerifierKey> =
            self.witnesses.iter().map(|witness| witness.key.clone()).collect();
        let signers = match note.verify(&keys) {
            Ok(signers) => signers,
            Err(NoteError::NoKnownSignature) => Vec::new(),
            Err(error) => return Err(CheckpointError::from(error).into()),
        };
        let witnesses = self.witnesses.iter().filter(|it| signers.contains(&&it.key));
        let cosigners: Vec<_> = witnesses
            .map(|witness| Cosigner { witness, unix_seconds: newest_time(note, &witness.key) })
            .collect();
        let cosigned = |it: &PolicyWitness| cosigners.iter().any(|one| one.witness == it);
        if self.is_met(cosigned) {
            return Ok(cosigners);
        }
        let name = |it: &Cosigner<'_>| String::from_utf8_lossy(&it.witness.name).into_owned();
        Err(PolicyRefusal::Quorum(TooFew(cosigners.iter().map(name).collect())))
    }
}

/// The newest time in the lines of a key, all of which verified.
fn newest_time(note: &Note, key: &VerifierKey) -> u64 {
    let own = note.signatures().iter().filter(|line| key.made(line));
    own.filter_map(cosignature_time).max().unwrap_or_default()
}
