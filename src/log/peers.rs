//! Peers: the other writers of the same log, as one of them sees them.
//!
//! Any number of writers may run against one store. One leads; the others hand it what they have
//! verified, and take over when it is gone. Nothing here is needed for safety: whatever a peer says
//! of an entry is believed only with a checkpoint of the log's own key and a proof (I4), and who
//! leads is decided by the commit records alone (I7).

use async_trait::async_trait;
use bytes::Bytes;
use tiles_spec::{Hash, LeafIndex, TreeSize};

use super::SubmitError;
use super::record::Epoch;

/// Most entries that are handed over in one call.
pub const FORWARD_ENTRIES_MAX: usize = 4096;
/// Most bytes of entries that are handed over in one call.
pub const FORWARD_BYTES_MAX: usize = 4 << 20;

/// Reaches other writers of the same log.
///
/// # Contract
/// - A call takes a bounded time when the peer is out of reach: [`status`](Peers::status) a second
///   or so, [`forward`](Peers::forward) as long as a busy log may take to publish.
/// - An error says nothing about what has become of the entries. Handing them over again is safe.
/// - What is returned was said by someone who knows the secret of this log's writers, in answer to
///   this very call, and is otherwise unproved.
#[async_trait]
pub trait Peers: Send + Sync + 'static {
    /// How the writer at `address` stands, which is taken to lead in `term`. It says in which term
    /// it is; whoever asks compares.
    async fn status(&self, address: &str, term: Epoch) -> Result<Standing, PeerError>;

    /// Hands over verified entries and waits until each is answered. There are as many answers as
    /// entries, in their order. At most [`FORWARD_ENTRIES_MAX`] and [`FORWARD_BYTES_MAX`]. Nothing
    /// is taken in another term than `term`.
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
    /// It hands its submissions to the one that leads.
    Following,
    /// It finds out how the log stands, to lead or to follow.
    Recovering,
    /// It answers what waits and then ends; someone else should lead.
    Leaving,
    /// The log has ended: it is read, and nobody leads.
    Frozen,
}

impl Role {
    /// Its name in one word, as it is told to people and programs.
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

/// Reaches nobody, for somebody who shares the store with writers without being one.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

#[async_trait]
impl Peers for Nobody {
    async fn status(&self, address: &str, _: Epoch) -> Result<Standing, PeerError> {
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

/// How a writer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is doing.
    pub role: Role,
    /// The newest term it knows of.
    pub epoch: Epoch,
    /// The address of the writer that leads in that term, as its records have it; may be empty.
    pub leader: String,
    /// The size of the newest published tree it knows of.
    pub published: TreeSize,
    /// The published checkpoint it knows of, signed by the log.
    pub checkpoint: Bytes,
}

/// What a leader says of one entry.
#[derive(Clone, Debug)]
pub enum PeerAnswer {
    /// It is in a published tree.
    Included(PeerIncluded),
    /// It was not taken.
    Refused(SubmitError),
}

/// A leaf, where it is and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIncluded {
    /// Where.
    pub index: LeafIndex,
    /// The log held it before.
    pub duplicate: bool,
    /// A signed checkpoint of a tree that contains it.
    pub checkpoint: Bytes,
    /// Its inclusion proof in that tree.
    pub proof: Vec<Hash>,
}

/// A peer did not do as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// It cannot be reached, or did not answer in time.
    #[error("no answer from the writer at {address}")]
    Unreachable {
        /// Where.
        address: String,
        /// What happened instead.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It does not lead.
    #[error("the writer at {address} does not lead")]
    NotLeading {
        /// Where.
        address: String,
    },
    /// It leads in another term than the one it was asked in.
    #[error("the writer at {address} leads in term {}, and was asked in term {}", .is.0, .asked.0)]
    OtherTerm {
        /// Where.
        address: String,
        /// The term of the question.
        asked: Epoch,
        /// The term that it knows of.
        is: Epoch,
    },
    /// It said something that makes no sense, or does not know the secret.
    #[error("the writer at {address} gave no proper answer: {reason}")]
    Improper {
        /// Where.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a writer takes nothing from its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It does not lead, so that nobody should hand it anything.
    #[error("this writer does not lead")]
    NotLeading,
    /// It leads in another term than it was asked in.
    #[error("this writer leads in another term")]
    OtherTerm,
}
