//! The index of a log: its newest revision, verified.
//!
//! Invariants: an [`Index`] was signed by whoever is trusted with it, as the newest leaf of the
//! lookup log; it is of the log asked, at a tree that the log has signed or that one it has signed may begin with.

use tiles_spec::lookup::{LatestFile, Manifest, RevisionError};
use tiles_spec::{LeafIndex, ProofError, TreeHead, TreeSize, leaf_hash, verify_inclusion};

use crate::client::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// What answers for a tree of the log.
#[derive(Clone, Debug)]
pub struct Index {
    manifest: Manifest,
    revision: LeafIndex,
    lookup: OpenedCheckpoint,
    log: OpenedCheckpoint,
}

/// Why `lookup/latest` is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexRefusal {
    /// Malformed.
    #[error(transparent)]
    Malformed(#[from] RevisionError),
    /// Nobody who is trusted with the index has signed it.
    #[error("the checkpoint of the index is refused")]
    Checkpoint(#[source] CheckpointRefusal),
    /// What was signed is not this revision.
    #[error("revision {revision} is not in the signed tree of revisions")]
    NotSigned {
        /// The revision.
        revision: LeafIndex,
        /// Why not.
        #[source]
        source: ProofError,
    },
    /// A revision that is not the newest of those that were signed.
    #[error("revision {revision} is shown as the newest of {revisions}")]
    NotNewest {
        /// The revision.
        revision: LeafIndex,
        /// How many there are.
        revisions: TreeSize,
    },
    /// An index of another log.
    #[error("it is an index of the log {found:?}, not of {expected:?}")]
    OtherLog {
        /// The log asked.
        expected: String,
        /// Its log.
        found: String,
    },
    /// The log has not signed the tree that is indexed.
    #[error("the checkpoint of the tree that is indexed is refused")]
    LogCheckpoint(#[source] CheckpointRefusal),
    /// The log has signed another tree than the one that is indexed.
    #[error(
        "it is an index of the tree of {} with root {}, and comes with the log's checkpoint of \
         {} with root {}", indexed.size, indexed.root, signed.size, signed.root
    )]
    OtherTree {
        /// What is indexed.
        indexed: TreeHead,
        /// What the log has signed.
        signed: TreeHead,
    },
}

impl Index {
    /// Verifies `lookup/latest` for the log that has signed `newest`.
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
        let log = trust.open(&revision.checkpoint).map_err(IndexRefusal::LogCheckpoint)?;
        for found in [manifest.origin.as_str(), log.log().origin()] {
            if found != origin {
                let (expected, found) = (origin.to_owned(), found.to_owned());
                return Err(IndexRefusal::OtherLog { expected, found });
            }
        }
        let (indexed, signed) = (manifest.head, log.head());
        // While an index catches up with its log, the tree that the log has signed is larger. That it begins
        // with the one that is indexed is proved by its tiles.
        if signed.size < indexed.size || (signed.size == indexed.size && signed != indexed) {
            return Err(IndexRefusal::OtherTree { indexed, signed });
        }
        Ok(Self { manifest, revision: proof.index, lookup, log })
    }

    /// The tree that is indexed.
    pub const fn head(&self) -> TreeHead {
        self.manifest.head
    }

    /// The runs and their roots.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which revision of the index this is, counted from 0.
    pub const fn revision(&self) -> LeafIndex {
        self.revision
    }

    /// The checkpoint that vouches for the index: that of the lookup log.
    pub const fn lookup(&self) -> &OpenedCheckpoint {
        &self.lookup
    }

    /// The log's checkpoint of the tree that is indexed.
    pub const fn log(&self) -> &OpenedCheckpoint {
        &self.log
    }
}
