//! Peers: the other writers of the same log, as one of them sees them.
//!
//! Any number of writers can run against one store. One leads; the others forward to it what they
//! have verified, and take over when it is gone. Nothing here is needed for safety: what a peer
//! says about an entry is believed only with a checkpoint signed by the log's own key and a proof
//! (I4), and the commit records alone decide who leads (I7).

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::{Hash, LeafIndex, TreeSize};

use crate::acknowledged::SubmitError;
use crate::record::Epoch;

/// Most entries that are forwarded in one call.
pub const FORWARD_ENTRIES_MAX: usize = 4096;
/// Most bytes of entries that are forwarded in one call.
pub const FORWARD_BYTES_MAX: usize = 4 << 20;

/// Reaches other writers of the same log.
///
/// # Contract
/// - A call takes a bounded time when the peer is unreachable: [`status`](Peers::status) about a
///   second, [`forward`](Peers::forward) as long as a busy log may take to publish.
/// - An error says nothing about what became of the entries. Forwarding them again is safe.
/// - What is returned was said by a peer that knows the secret of this log's writers, in answer to
///   this very call, and is otherwise unproved.
#[async_trait]
pub trait Peers: Send + Sync + 'static {
    /// Asks for the status of the writer at `address`, which is believed to lead in `term`. The
    /// answer names its term; the caller compares.
    async fn status(&self, address: &str, term: Epoch) -> Result<PeerStatus, PeerError>;

    /// Forwards verified entries and waits until each is answered. There are as many answers as
    /// entries, in the same order. At most [`FORWARD_ENTRIES_MAX`] and [`FORWARD_BYTES_MAX`] are
    /// allowed. Nothing is accepted in any other term than `term`.
    async fn forward(
        &self,
        address: &str,
        term: Epoch,
        entries: &[Bytes],
    ) -> Result<Vec<PeerAnswer>, PeerError>;
}

/// What a writer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It commits and publishes.
    Leading,
    /// It forwards its submissions to the leader.
    Following,
    /// It determines the state of the log, to lead or to follow.
    Recovering,
    /// It answers what waits and then ends; another writer should lead.
    Leaving,
    /// The log has ended: it can be read, and nobody leads.
    Frozen,
}

impl Role {
    /// Its name in one word, as shown to people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Leading => "leading",
            Self::Following => "following",
            Self::Recovering => "recovering",
            Self::Leaving => "leaving",
            Self::Frozen => "frozen",
        }
    }
}

/// Reaches nobody, for a process that shares the store with the writers without being one.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

#[async_trait]
impl Peers for Nobody {
    async fn status(&self, address: &str, _: Epoch) -> Result<PeerStatus, PeerError> {
        Err(PeerError::NotLeading { address: address.to_owned() })
    }

    async fn forward(
        &self,
        address: &str,
        _: Epoch,
        _: &[Bytes],
    ) -> Result<Vec<PeerAnswer>, PeerError> {
        Err(PeerError::NotLeading { address: address.to_owned() })
    }
}

/// What a writer tells its peers about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// What it is doing.
    pub role: Role,
    /// The newest term that it knows.
    pub epoch: Epoch,
    /// The address of the writer that leads in that term, as in its records; may be empty.
    pub leader: String,
    /// The size of the newest published tree that it knows.
    pub published: TreeSize,
    /// The published checkpoint that it knows, signed by the log.
    pub checkpoint: Bytes,
}

/// What a leader says about one entry.
#[derive(Clone, Debug)]
pub enum PeerAnswer {
    /// It is in a published tree.
    Included(PeerIncluded),
    /// It was not accepted.
    Refused(SubmitError),
}

/// A leaf, with its index and proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIncluded {
    /// Its index.
    pub index: LeafIndex,
    /// Whether the log held it before.
    pub duplicate: bool,
    /// A signed checkpoint of a tree that contains it.
    pub checkpoint: Bytes,
    /// Its inclusion proof in that tree.
    pub proof: Vec<Hash>,
}

/// A call to a peer failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// It cannot be reached, or did not answer in time.
    #[error("no answer from the writer at {address}")]
    Unreachable {
        /// Its address.
        address: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It does not lead.
    #[error("the writer at {address} does not lead")]
    NotLeading {
        /// Its address.
        address: String,
    },
    /// It leads in another term than the one asked for.
    #[error("the writer at {address} leads in term {}, and was asked in term {}", .is.0, .asked.0)]
    OtherTerm {
        /// Its address.
        address: String,
        /// The term of the question.
        asked: Epoch,
        /// The term that it knows.
        is: Epoch,
    },
    /// Its answer makes no sense, or it does not know the secret.
    #[error("the writer at {address} gave an invalid answer: {reason}")]
    Improper {
        /// Its address.
        address: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// Why a writer accepts nothing from its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It does not lead, so it should not get any entries.
    #[error("this writer does not lead")]
    NotLeading,
    /// It leads in another term than the one asked for.
    #[error("this writer leads in another term")]
    OtherTerm,
}
