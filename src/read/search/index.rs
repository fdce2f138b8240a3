//! The index of a log: its newest revision, verified.
//!
//! Invariants: an [`Index`] was signed by a trusted indexer, as the newest leaf of the lookup log.
//! It is an index of this log, at a tree that the log signed, or that a tree signed by the log can
//! extend.

use std::sync::Arc;

use fasti_lookup_spec::{LatestFile, Manifest, RevisionError};
use tiles_spec::{LeafIndex, ProofError, TreeHead, TreeSize, leaf_hash, verify_inclusion};

use crate::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// The index of one tree of the log.
#[derive(Clone, Debug)]
pub struct Index {
    manifest: Arc<Manifest>,
    revision: LeafIndex,
    lookup: OpenedCheckpoint,
    log: OpenedCheckpoint,
}

/// Why `lookup/latest` is not trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexRefusal {
    /// Malformed.
    #[error(transparent)]
    Malformed(#[from] RevisionError),
    /// The index is not signed by a trusted indexer.
    #[error("the checkpoint of the index is refused")]
    Checkpoint(#[source] CheckpointRefusal),
    /// This revision is not in the signed tree.
    #[error("revision {revision} is not in the signed tree of revisions")]
    NotSigned {
        /// The revision.
        revision: LeafIndex,
        /// Why not.
        #[source]
        source: ProofError,
    },
    /// A revision that is not the newest of those signed.
    #[error("revision {revision} is served as the newest of {revisions}")]
    NotNewest {
        /// The revision.
        revision: LeafIndex,
        /// The number of revisions.
        revisions: TreeSize,
    },
    /// An index of another log.
    #[error("it is an index of the log {found:?}, not of {expected:?}")]
    OtherLog {
        /// The log that was searched.
        expected: String,
        /// The log that is indexed.
        found: String,
    },
    /// The log did not sign the indexed tree.
    #[error("the checkpoint of the indexed tree is refused")]
    LogCheckpoint(#[source] CheckpointRefusal),
    /// The log signed another tree than the one that is indexed.
    #[error(
        "it is an index of the tree of {} with root {}, but comes with the log's checkpoint of \
         {} with root {}", indexed.size, indexed.root, signed.size, signed.root
    )]
    OtherTree {
        /// The indexed tree.
        indexed: TreeHead,
        /// The tree that the log signed.
        signed: TreeHead,
    },
}

impl Index {
    /// Verifies `lookup/latest` for the log that signed `newest`.
    pub fn open(
        bytes: &[u8],
        trust: &Trust,
        newest: &OpenedCheckpoint,
    ) -> Result<Self, IndexRefusal> {
        let LatestFile { revision, proof } = LatestFile::parse(bytes)?;
        let origin = newest.log().origin();
        let lookup = trust.in_lookup_of(origin).open(&proof.checkpoint);
        let lookup = lookup.map_err(IndexRefusal::Checkpoint)?;
        let manifest = revision.manifest;
        let leaf = leaf_hash(&manifest.revision_entry());
        verify_inclusion(&leaf, proof.index, &lookup.head(), &proof.hashes)
            .map_err(|source| IndexRefusal::NotSigned { revision: proof.index, source })?;
        let revisions = lookup.head().size;
        if proof.index.tree_size_after() != revisions {
            return Err(IndexRefusal::NotNewest { revision: proof.index, revisions });
        }
        let log =
            trust.open_uncosigned(&revision.checkpoint).map_err(IndexRefusal::LogCheckpoint)?;
        for found in [manifest.origin.as_str(), log.log().origin()] {
            if found != origin {
                let (expected, found) = (origin.to_owned(), found.to_owned());
                return Err(IndexRefusal::OtherLog { expected, found });
            }
        }
        let (indexed, signed) = (manifest.head, log.head());
        // While an index catches up with its log, the tree signed by the log is larger. Its tiles
        // prove that it extends the indexed one.
        if signed.size < indexed.size || (signed.size == indexed.size && signed != indexed) {
            return Err(IndexRefusal::OtherTree { indexed, signed });
        }
        Ok(Self { manifest: manifest.into(), revision: proof.index, lookup, log })
    }

    /// The indexed tree.
    pub fn head(&self) -> TreeHead {
        self.manifest.head
    }

    /// The manifest: the runs and their roots.
    pub const fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// Which revision of the index this is, counted from 0.
    pub const fn revision(&self) -> LeafIndex {
        self.revision
    }

    /// The checkpoint of the lookup log, which vouches for the index.
    pub const fn lookup(&self) -> &OpenedCheckpoint {
        &self.lookup
    }

    /// The log's checkpoint of the indexed tree.
    pub const fn log(&self) -> &OpenedCheckpoint {
        &self.log
    }
}
