//! What is to be written for the problems that a check has found, and what is left as it is.
//!
//! Planning writes nothing. What is written is found again when its turn comes, and must then be
//! the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use fasti_audit::problem::{Kind, Problem};
use fasti_audit::report::Report;
use fasti_client::fetch::Fetch;
use fasti_client::trust::{OpenedCheckpoint, Trust};
use fasti_objects::Published;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::content::{Contents, Known, Mirror};
use crate::error::RepairError;
use crate::place::Place;

/// What is repaired, and from what.
pub struct RepairContext {
    /// The log.
    pub log: Arc<dyn Fetch>,
    /// A copy of it, for what cannot be derived. It is not trusted.
    pub from: Option<Mirror>,
    /// Whom the check trusted.
    pub trust: Trust,
    /// The checkpoint that was checked.
    pub checkpoint: OpenedCheckpoint,
}

/// What is to be written.
pub struct Plan {
    /// One for each object to be written.
    pub steps: Vec<Step>,
    /// The objects with problems that are left as they are.
    pub left: Vec<Left>,
    contents: Contents,
}

/// An object that is to be written.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The object.
    pub path: String,
    /// Why what is written is right.
    pub reason: String,
    #[serde(skip)]
    object: Published,
    #[serde(skip)]
    sha256: [u8; 32],
}

/// An object that is left as it is.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    /// The object.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Left {
    /// Those of the objects with which a later check still finds something wrong: some may have
    /// been left only because what they follow from was damaged. If there were too many problems to
    /// name them all, nothing is known to be mended.
    pub fn still_wrong(left: Vec<Self>, later: &Report) -> Vec<Self> {
        if later.problems_omitted > 0 {
            return left;
        }
        let wrong: BTreeSet<_> = later.problems.iter().map(|problem| &problem.path).collect();
        left.into_iter().filter(|left| wrong.contains(&left.path)).collect()
    }
}

impl Plan {
    /// Plans a repair of what a check has found.
    pub async fn make(context: RepairContext, problems: &[Problem]) -> Self {
        let RepairContext { log, from, trust, checkpoint } = context;
        let objects = problems.iter().filter_map(|problem| problem.path.parse().ok());
        let timeless = objects.filter_map(|object| match object {
            Published::Times(bundle) => Some(bundle),
            _ => None,
        });
        let timeless = timeless.collect();
        let contents = Contents::open(log, from, trust, &checkpoint, timeless).await;
        let mut plan = Self { steps: Vec::new(), left: Vec::new(), contents };
        for same in problems.chunk_by(|a, b| a.path == b.path) {
            plan.add(same).await;
        }
        plan
    }

    async fn add(&mut self, problems: &[Problem]) {
        let Some(Problem { path, .. }) = problems.first() else { return };
        let path = path.clone();
        match self.step(&path, problems).await {
            Ok(step) => self.steps.push(step),
            Err(reason) => self.left.push(Left { path, reason }),
        }
    }

    /// What to write for all problems of one object.
    async fn step(&mut self, path: &str, problems: &[Problem]) -> Result<Step, String> {
        let is_only = |kind| problems.iter().all(|problem| problem.kind == kind);
        if is_only(Kind::Stray) {
            return Err(
                "the log has no such object: remove the file if nothing needs it".to_owned()
            );
        }
        if is_only(Kind::Entry) {
            return Err("it is as the log signed it".to_owned());
        }
        if is_only(Kind::History) {
            return Err("it is signed: no repair can change what was signed".to_owned());
        }
        let object: Option<Published> = path.parse().ok();
        if is_only(Kind::Unvouched) && !matches!(object, Some(Published::Log(_))) {
            return Err("it can be judged once what it follows from is repaired".to_owned());
        }
        let object = object.ok_or("it is not an object of this log")?;
        let Known { bytes, reason, is_there } = self.contents.of(object).await?;
        if is_there {
            return Err(reason);
        }
        let sha256 = Sha256::digest(&bytes).into();
        Ok(Step { path: path.to_owned(), reason, object, sha256 })
    }

    /// Writes everything, in order. Returns how many objects were written; the others were there as
    /// they should be.
    pub async fn carry_out(&mut self, place: &Place) -> Result<u64, RepairError> {
        let mut written = 0;
        for step in &self.steps {
            let object = step.object;
            let found = self.contents.of(object).await;
            let Known { bytes, .. } = found.map_err(|_| RepairError::Unplanned { object })?;
            if <[u8; 32]>::from(Sha256::digest(&bytes)) != step.sha256 {
                return Err(RepairError::Unplanned { object });
            }
            written += u64::from(place.put(object, Bytes::from(bytes)).await?);
        }
        Ok(written)
    }
}
