//! Compares a log with what others have of it: mirrors, which have a checkpoint and the tree, and
//! witnesses, which have the checkpoint that they cosigned last (C2SP tlog-witness).
//!
//! What others have is read before the log is checked. So a log that is sound has at least as large
//! a tree, however fast it grows.
//!
//! Invariant: a place is reported to have the same history only if one of the trees is proved to
//! begin with the other, from tiles that hash to the larger root.

use std::sync::Arc;

use fasti_client::fetch::Fetch;
use fasti_client::monitor::Monitor;
use fasti_client::reader::{ReadError, View};
use fasti_client::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};
use fasti_seams::causes::with_causes;
use serde::Serialize;
use tiles_spec::{LeafIndex, ResourcePath, Slot, TreeSize};

use super::problem::{Fault, Kind, Problem};

/// Who has something of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A copy of the log.
    Mirror,
    /// A witness of it.
    Witness,
}

/// What somebody else has of a log, and how that compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// Who.
    pub who: Who,
    /// Where.
    pub place: String,
    /// Leaves in the tree there.
    pub size: Option<u64>,
    /// Its root, hex.
    pub root: Option<String>,
    /// Trusted witnesses that cosigned it.
    pub cosigned_by: Vec<String>,
    /// How it compares with the tree of the log.
    pub history: History,
    /// The file with both signed checkpoints, if they contradict each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// How a tree elsewhere compares with the tree of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// The same tree.
    Same,
    /// The log's tree begins with it.
    Behind,
    /// It is larger, and as far as is known it begins with the log's tree. That is a problem, as
    /// the log served it before.
    Ahead,
    /// Neither begins with the other.
    Fork,
    /// There is no checkpoint of this log.
    None,
    /// It could not be compared.
    Unknown,
}

/// What somebody else has of a log, as it was read.
pub struct Seen {
    who: Who,
    place: String,
    fetch: Arc<dyn Fetch>,
    read: Result<Option<OpenedCheckpoint>, CheckpointRefusal>,
}

impl Seen {
    /// Reads the checkpoint that a mirror or a witness has at a place. Of a witness, `fetch` reads
    /// below its address for this log.
    pub async fn read(
        who: Who,
        place: String,
        fetch: Arc<dyn Fetch>,
        trust: &Trust,
    ) -> Result<Self, ReadError> {
        let bytes = fetch.fetch(&ResourcePath::Checkpoint).await?;
        let read = bytes.map(|bytes| trust.open_uncosigned(&bytes)).transpose();
        Ok(Self { who, place, fetch, read })
    }

    /// Compares it with the log at a checkpoint that was read later. Two checkpoints that
    /// contradict each other are kept in `memory`.
    pub async fn compare(
        &self,
        log: &Arc<dyn Fetch>,
        ours: &OpenedCheckpoint,
        memory: Option<&Monitor>,
    ) -> (Elsewhere, Option<Problem>) {
        let mut found = Elsewhere {
            who: self.who,
            place: self.place.clone(),
            size: None,
            root: None,
            cosigned_by: Vec::new(),
            history: History::None,
            evidence: None,
        };
        let theirs = match &self.read {
            Ok(Some(theirs)) if theirs.log().origin() == ours.log().origin() => theirs,
            Ok(Some(theirs)) => {
                let fault = format!("is of another log, {}", theirs.log().origin());
                return (found, Some(self.problem(Fault::new(Kind::History, fault))));
            }
            Ok(None) if self.who == Who::Witness => return (found, None),
            Ok(None) => return (found, Some(self.problem(Fault::missing()))),
            Err(refusal) => return (found, Some(self.problem(refusal.to_string().into()))),
        };
        found.size = Some(theirs.head().size.get());
        found.root = Some(theirs.head().root.to_string());
        let cosigned = theirs.cosigned().iter();
        found.cosigned_by = cosigned.map(|cosigned| cosigned.witness.to_string()).collect();
        let compared = self.history(log, ours, theirs).await;
        found.history = compared.as_ref().map_or(History::Unknown, |history| *history);
        let fault = match compared {
            Ok(History::Ahead) => Fault::new(Kind::History, self.ahead(ours, theirs)),
            Ok(History::Fork) => Fault::new(Kind::History, self.fork(log, ours, theirs).await),
            Ok(_) => return (found, None),
            Err(error) => {
                let words = format!("cannot be compared with the log: {}", with_causes(&error));
                Fault::new(Kind::Unvouched, words)
            }
        };
        if matches!(found.history, History::Ahead | History::Fork)
            && let Some(memory) = memory
        {
            let larger = if theirs.head().size > ours.head().size { &self.fetch } else { log };
            let kept = memory.contradiction(larger, theirs, ours).await.kept;
            found.evidence = Some(kept.to_string());
        }
        (found, Some(self.problem(fault)))
    }

    fn problem(&self, Fault { kind, words }: Fault) -> Problem {
        let path = self.fetch.place(&ResourcePath::Checkpoint);
        Problem { path, problem: words, kind }
    }

    /// How two trees compare. A witness has no tiles.
    async fn history(
        &self,
        log: &Arc<dyn Fetch>,
        ours: &OpenedCheckpoint,
        theirs: &OpenedCheckpoint,
    ) -> Result<History, ReadError> {
        let (our_head, their_head) = (ours.head(), theirs.head());
        if our_head.size == their_head.size {
            let is_same = our_head.root == their_head.root;
            return Ok(if is_same { History::Same } else { History::Fork });
        }
        if their_head.size > our_head.size {
            if self.who == Who::Witness {
                return Ok(History::Ahead);
            }
            let mut view = View::at(self.fetch.clone(), theirs.clone()).await?;
            let begins = view.head_at(our_head.size).await? == our_head;
            return Ok(if begins { History::Ahead } else { History::Fork });
        }
        let mut view = View::at(log.clone(), ours.clone()).await?;
        if view.head_at(their_head.size).await? != their_head {
            return Ok(History::Fork);
        }
        view.consistency(their_head.size, our_head.size).await?;
        if self.who == Who::Mirror {
            // The mirror's own tiles have its root.
            View::at(self.fetch.clone(), theirs.clone()).await?;
        }
        Ok(History::Behind)
    }

    fn ahead(&self, ours: &OpenedCheckpoint, theirs: &OpenedCheckpoint) -> String {
        let (has, proved) = match self.who {
            Who::Mirror => ("has", " that begins with it"),
            Who::Witness => ("cosigned", ""),
        };
        format!(
            "ROLLBACK: the log serves a tree of {} entries, but the {} {has} one of {}{proved}, \
             signed by the log: the log was restored from an old copy, or an old checkpoint is \
             served",
            ours.head().size,
            self.in_words(),
            theirs.head().size,
        )
    }

    async fn fork(
        &self,
        log: &Arc<dyn Fetch>,
        ours: &OpenedCheckpoint,
        theirs: &OpenedCheckpoint,
    ) -> String {
        let first = match self.who {
            Who::Mirror => self.first_difference(log, ours, theirs).await.ok().flatten(),
            Who::Witness => None,
        };
        let first = first.map_or_else(String::new, |index| {
            let tile = Slot::of_leaf(index).tile(ours.head().size);
            let tile = tile.map_or_else(String::new, |tile| format!(", in {tile}"));
            format!("; the first entry that differs is {index}{tile}")
        });
        format!(
            "FORK: the log signed a tree of {} entries with root hash {}, and the {} has one of {} \
             with root hash {}, and neither begins with the other{first}",
            ours.head().size,
            ours.head().root,
            self.in_words(),
            theirs.head().size,
            theirs.head().root,
        )
    }

    /// The first leaf in which two trees differ: trees that begin alike have the same heads up to
    /// there.
    async fn first_difference(
        &self,
        log: &Arc<dyn Fetch>,
        ours: &OpenedCheckpoint,
        theirs: &OpenedCheckpoint,
    ) -> Result<Option<LeafIndex>, ReadError> {
        let mut our_view = View::at(log.clone(), ours.clone()).await?;
        let mut their_view = View::at(self.fetch.clone(), theirs.clone()).await?;
        let (mut same, mut other) = (0, ours.head().size.min(theirs.head().size).get());
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            let Some(size) = TreeSize::new(middle) else { break };
            if our_view.head_at(size).await? == their_view.head_at(size).await? {
                same = middle;
            } else {
                other = middle;
            }
        }
        Ok(LeafIndex::new(same))
    }

    fn in_words(&self) -> &'static str {
        match self.who {
            Who::Mirror => "mirror",
            Who::Witness => "witness",
        }
    }
}
