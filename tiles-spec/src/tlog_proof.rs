//! A proof that an entry is in a log, in one file that can be verified offline.
//!
//! C2SP tlog-proof: a header line, opaque extra data if any, the leaf index, the inclusion proof, a
//! blank line, and the signed checkpoint, verbatim. By convention the file name ends in
//! `.tlog-proof`.
//!
//! Invariant: a parsed proof prints as the bytes it was parsed from. The extra data is not signed.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use thiserror::Error;

use crate::checkpoint::{
    CHECKPOINT_BYTES_MAX, Checkpoint, CheckpointError, SignedCheckpoint, open_checkpoint,
};
use crate::hash::{Hash, HashError};
use crate::note::VerifierKey;
use crate::proof::{PROOF_HASHES_MAX, ProofError, verify_inclusion};
use crate::size::{LeafIndex, NumberError};

/// Maximum size of the extra data in bytes.
pub const TLOG_PROOF_EXTRA_MAX: usize = 64 * 1024;

/// Maximum size of a proof file in bytes: extra data in base64, a checkpoint, and enough for the
/// rest.
pub const TLOG_PROOF_BYTES_MAX: usize = 2 * TLOG_PROOF_EXTRA_MAX + CHECKPOINT_BYTES_MAX;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// An inclusion proof with the checkpoint that it leads to. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Application data. Not authenticated.
    pub extra: Option<Vec<u8>>,
    /// The leaf.
    pub index: LeafIndex,
    /// Its inclusion proof, leaf side first.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, byte for byte.
    pub checkpoint: Vec<u8>,
}

/// Why a proof file is malformed or proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TlogProofError {
    /// Larger than the maximum size; holds its size.
    #[error("tlog proof of {0} bytes, more than {TLOG_PROOF_BYTES_MAX}")]
    TooLarge(usize),
    /// The lines above the blank line are not UTF-8, or there is no blank line.
    #[error("tlog proof has no UTF-8 text that ends in a blank line")]
    Text,
    /// The first line is not the header of this format and version.
    #[error("tlog proof does not begin with {HEADER:?}")]
    Header,
    /// The extra data is not canonical base64, or too long.
    #[error("extra data in tlog proof is malformed or too long")]
    Extra,
    /// There is no index line.
    #[error("tlog proof has no index")]
    NoIndex,
    /// The index line is malformed.
    #[error("malformed index in tlog proof")]
    Index(#[source] NumberError),
    /// A hash of the inclusion proof is malformed.
    #[error("malformed hash in tlog proof")]
    Hash(#[source] HashError),
    /// More hashes than any inclusion proof has.
    #[error("tlog proof has more than {PROOF_HASHES_MAX} hashes")]
    TooManyHashes,
    /// The checkpoint is malformed or untrusted.
    #[error("bad checkpoint in tlog proof")]
    Checkpoint(#[from] CheckpointError),
    /// The inclusion proof does not lead to the checkpoint.
    #[error("bad inclusion proof in tlog proof")]
    Proof(#[from] ProofError),
}

impl TlogProof {
    /// Parses a proof file; its checkpoint must be well-formed too.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > TLOG_PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| TlogProofError::Text)?;
        // The first blank line, because a checkpoint has blank lines of its own.
        let (head, checkpoint) = text.split_once("\n\n").ok_or(TlogProofError::Text)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(TlogProofError::Header);
        }
        let extra =
            lines.next_if(|line| line.starts_with("extra ")).map(parse_extra).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.ok_or(TlogProofError::NoIndex)?.parse().map_err(TlogProofError::Index)?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() == PROOF_HASHES_MAX {
                return Err(TlogProofError::TooManyHashes);
            }
            hashes.push(Hash::from_base64(line).map_err(TlogProofError::Hash)?);
        }
        SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.into() })
    }

    /// Verifies that the log with this origin has the leaf at the index, using a checkpoint signed
    /// by one of the log's own keys. Use the note to check whether enough witnesses cosigned it.
    pub fn verify(
        &self,
        leaf: &Hash,
        origin: &str,
        keys: &[VerifierKey],
    ) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = open_checkpoint(&self.checkpoint, origin, keys)?;
        verify_inclusion(leaf, self.index, &checkpoint.head, &self.hashes)?;
        Ok(checkpoint)
    }

    /// Encodes the proof.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = String::new();
        self.write_head(&mut head).expect("a string takes whatever is written");
        [head.as_bytes(), &self.checkpoint].concat()
    }

    /// Writes everything above the checkpoint.
    fn write_head(&self, to: &mut impl fmt::Write) -> fmt::Result {
        writeln!(to, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(to, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(to, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(to, "{}", hash.to_base64())?;
        }
        writeln!(to)
    }
}

/// Like [`TlogProof::to_bytes`], except that a checkpoint that is not UTF-8 loses bytes. No parser
/// here accepts such a checkpoint.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        f.write_str(&String::from_utf8_lossy(&self.checkpoint))
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, TlogProofError> {
    let base64 = line.strip_prefix("extra ").ok_or(TlogProofError::Extra)?;
    let extra = BASE64_STANDARD.decode(base64).map_err(|_| TlogProofError::Extra)?;
    if extra.len() > TLOG_PROOF_EXTRA_MAX { Err(TlogProofError::Extra) } else { Ok(extra) }
}

#[cfg(test)]
mod tests;
