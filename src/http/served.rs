//! What a server serves: the log that it writes, or one that others write.

use std::sync::Arc;

use bytes::Bytes;
use fasti_client::trust::Trust;
use fasti_log::Log;
use fasti_seams::clock::Clock;
use fasti_store::Store;
use tiles_spec::{Hash, LeafIndex, TreeHead, VerifierKey};

use super::followed::FollowedLog;
use super::problem::Problem;

/// The log that a server serves.
#[derive(Clone)]
pub enum Served {
    /// One that it writes.
    Written(Log),
    /// One that others write, as its files show it.
    Followed(Arc<FollowedLog>),
}

impl Served {
    /// The log, to be written to. A server that only reads says so.
    pub fn writer(&self) -> Result<&Log, Problem> {
        match self {
            Self::Written(log) => Ok(log),
            Self::Followed(_) => Err(Problem::ReadOnly { allowed: "" }),
        }
    }

    /// The log's files.
    pub fn objects(&self) -> &Arc<dyn Store> {
        match self {
            Self::Written(log) => log.objects(),
            Self::Followed(log) => log.objects(),
        }
    }

    /// Who vouches for them.
    pub fn trust(&self) -> Trust {
        match self {
            Self::Written(log) => Trust::in_keys([log.signer().verifier_key()]),
            Self::Followed(log) => log.trust().clone(),
        }
    }

    /// The first line of the log's checkpoints.
    pub fn origin(&self) -> &str {
        match self {
            Self::Written(log) => log.signer().origin().as_str(),
            Self::Followed(log) => log.key().name().as_str(),
        }
    }

    /// The log's key.
    pub fn verifier_key(&self) -> VerifierKey {
        match self {
            Self::Written(log) => log.signer().verifier_key(),
            Self::Followed(log) => log.key().clone(),
        }
    }

    /// The newest tree, with its checkpoint.
    pub fn published(&self) -> (TreeHead, Bytes) {
        match self {
            Self::Written(log) => {
                let published = log.published();
                (published.head, published.checkpoint.clone())
            }
            Self::Followed(log) => log.published(),
        }
    }

    /// Where leaves are, as far as the server knows it without the index.
    pub async fn find(&self, leaves: &[Hash]) -> Result<Vec<Option<LeafIndex>>, Problem> {
        match self {
            Self::Written(log) => Ok(log.find(leaves.to_vec()).await?),
            Self::Followed(_) => Ok(vec![None; leaves.len()]),
        }
    }

    /// The server's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        match self {
            Self::Written(log) => log.clock(),
            Self::Followed(log) => log.clock(),
        }
    }

    /// Whether all is well.
    pub fn is_ready(&self) -> bool {
        match self {
            Self::Written(log) => log.is_ready(),
            Self::Followed(log) => !log.is_closed() && log.is_fresh().is_ok(),
        }
    }

    /// Whether the server ends.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Written(log) => log.is_closed(),
            Self::Followed(log) => log.is_closed(),
        }
    }

    /// Whether the log has ended.
    pub fn is_frozen(&self) -> bool {
        match self {
            Self::Written(log) => log.is_frozen(),
            Self::Followed(log) => log.is_frozen(),
        }
    }

    /// What to answer with after a problem with the log's files. A server that only reads has them
    /// from others, so it says whether they are out of reach or wrong.
    pub fn blame(&self, problem: Problem) -> Problem {
        let Self::Followed(log) = self else { return problem };
        match problem.is_of_damaged_files() {
            None => problem,
            Some(false) => Problem::OutOfReach(Box::new(problem)),
            Some(true) => {
                log.distrust();
                Problem::Damaged(Box::new(problem))
            }
        }
    }
}
