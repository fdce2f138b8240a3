//! The current state of a log and its index, before anything is searched.
//!
//! Invariant: the two do not contradict each other. The log's newest tree was proved to extend the
//! indexed tree.

use std::collections::BTreeMap;

use fasti_lookup_spec::LookupPath;
use fasti_objects::Published;
use tiles_spec::{ProofPlan, TreeSize, plan_root};

use super::fault::{Conflict, SearchFault};
use super::index::Index;
use crate::reading::{Reading, RequestId, Want};
use crate::tree::{Loading, Opening, Tree};
use crate::trust::{OpenedCheckpoint, Trust};

/// The requests for the two files that everything else follows from.
const FILES: [(RequestId, Published); 2] =
    [(0, Published::Lookup(LookupPath::Latest)), (1, Published::CHECKPOINT)];

/// A log with its index.
#[derive(Debug)]
pub struct Opened {
    /// The newest checkpoint of the log.
    pub checkpoint: OpenedCheckpoint,
    /// `None` if there is no `lookup/latest`.
    pub index: Option<Index>,
    /// The log's tree, if it was needed so far.
    pub tree: Option<Tree>,
}

/// A log and its index on their way.
#[derive(Debug)]
pub struct OpeningIndexed<'a> {
    trust: &'a Trust,
    step: Step,
    outcome: Option<Opened>,
}

#[derive(Debug)]
enum Step {
    /// The number of files requested, and those that came.
    Files(usize, BTreeMap<RequestId, Option<Vec<u8>>>),
    /// The right edge of the log's tree.
    Edge(Opened, Box<Opening>),
    /// The tiles that tell what the indexed tree was.
    Earlier(Opened, Box<(Tree, Loading, ProofPlan)>),
    Done,
}

impl Opened {
    /// Reads and verifies the newest checkpoint of the log and the newest revision of its index.
    pub fn read(trust: &Trust) -> OpeningIndexed<'_> {
        OpeningIndexed { trust, step: Step::Files(0, BTreeMap::new()), outcome: None }
    }

    /// The number of leaves that the index covers.
    pub fn indexed(&self) -> TreeSize {
        self.index.as_ref().map_or(TreeSize::ZERO, |index| index.head().size)
    }
}

impl OpeningIndexed<'_> {
    /// Verifies both files. What comes next is whatever proves that they agree.
    fn verify(
        &self,
        latest: Option<Vec<u8>>,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<Opened, SearchFault> {
        let checkpoint = self.trust.open(&checkpoint.ok_or(SearchFault::NoLog)?)?;
        let index = latest.map(|bytes| Index::open(&bytes, self.trust, &checkpoint)).transpose();
        let index = index.map_err(|refusal| SearchFault::Index(refusal.into()))?;
        Ok(Opened { checkpoint, index, tree: None })
    }

    /// Takes the next step if this one is complete.
    fn go_on(&mut self) -> Result<(), SearchFault> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Files(_, mut files) if files.len() == FILES.len() => {
                let [latest, checkpoint] = FILES.map(|(id, _)| files.remove(&id).flatten());
                let opened = self.verify(latest, checkpoint)?;
                self.compare(opened)
            }
            Step::Edge(opened, mut opening) => {
                if let Some(tree) = opening.outcome() {
                    return self.look_back(opened, tree);
                }
                self.step = Step::Edge(opened, opening);
                Ok(())
            }
            Step::Earlier(opened, reading) if reading.1.is_done() => {
                let (tree, _, plan) = *reading;
                let indexed = opened.index.as_ref().map(Index::head);
                if Some(tree.head_from(&plan, opened.indexed())?) != indexed {
                    return Err(SearchFault::Fork(conflict(&opened)));
                }
                self.outcome = Some(Opened { tree: Some(tree), ..opened });
                Ok(())
            }
            step => {
                self.step = step;
                Ok(())
            }
        }
    }

    /// Compares the two heads, as far as that is possible without tiles.
    fn compare(&mut self, opened: Opened) -> Result<(), SearchFault> {
        let newest = opened.checkpoint.head();
        let Some(indexed) = opened.index.as_ref().map(Index::head).filter(|head| *head != newest)
        else {
            self.outcome = Some(opened);
            return Ok(());
        };
        if newest.size < indexed.size {
            return Err(SearchFault::Shrunk(conflict(&opened)));
        }
        if newest.size == indexed.size {
            return Err(SearchFault::Fork(conflict(&opened)));
        }
        self.step = Step::Edge(opened, Tree::open(newest)?.into());
        self.go_on()
    }

    /// Reads what the indexed tree was.
    fn look_back(&mut self, opened: Opened, mut tree: Tree) -> Result<(), SearchFault> {
        let plan = plan_root(opened.indexed());
        let loading = tree.loading(plan.tiles().iter().copied())?;
        self.step = Step::Earlier(opened, Box::new((tree, loading, plan)));
        self.go_on()
    }
}

/// What contradicts each other.
fn conflict(opened: &Opened) -> Box<Conflict> {
    let index = opened.index.as_ref().expect("without an index there is nothing to contradict");
    Box::new(Conflict { indexed: index.log().clone(), shown: opened.checkpoint.clone() })
}

impl Reading for OpeningIndexed<'_> {
    type Outcome = Opened;
    type Fault = SearchFault;

    fn request(&mut self) -> Option<(RequestId, Want)> {
        match &mut self.step {
            Step::Files(asked, _) => {
                let (id, object) = *FILES.get(*asked)?;
                *asked += 1;
                Some((id, Want { object, bytes: None }))
            }
            Step::Edge(_, opening) => opening.request(),
            Step::Earlier(_, reading) => reading.1.request(),
            Step::Done => None,
        }
    }

    fn answer(&mut self, id: RequestId, found: Option<Vec<u8>>) -> Result<(), SearchFault> {
        match &mut self.step {
            Step::Files(_, files) => _ = files.insert(id, found),
            Step::Edge(_, opening) => opening.answer(id, found)?,
            Step::Earlier(_, reading) => {
                let (tree, loading, _) = &mut **reading;
                loading.answer(id, found, tree)?;
            }
            Step::Done => {}
        }
        self.go_on()
    }

    fn outcome(&mut self) -> Option<Opened> {
        self.outcome.take()
    }
}
