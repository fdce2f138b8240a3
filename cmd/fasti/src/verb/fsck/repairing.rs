//! `fasti fsck --repair`: shows what it would write, asks, and writes it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use fasti::audit::fsck::Report;
use fasti::client::fetch::{Fetch, Location};
use fasti::client::trust::{OpenedCheckpoint, Trust};
use fasti::repair::{Left, Mirror, Place, Plan, RepairContext, Step};
use fasti::store::{BucketStore, StoreLocation};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::counted::counted;
use crate::format::Format;
use crate::globals::Globals;
use crate::terminal;

#[derive(Args)]
pub struct RepairFlags {
    /// Write damaged and missing objects again that follow from what is left: tiles from entries
    ///
    /// Shows first what it will do, and asks. The log must be in a directory or a bucket.
    #[arg(long)]
    repair: bool,
    /// A copy of the log, from which to take entries that hash to what the signed root demands
    #[arg(long, value_name = "URL|DIR", requires = "repair")]
    from: Option<Location>,
    /// Repair without asking
    #[arg(long, requires = "repair")]
    yes: bool,
}

/// A repair that can begin as soon as the log was checked.
pub struct Repair {
    place: Place,
    from: Option<Mirror>,
    yes: bool,
}

/// What was done.
pub struct Repaired {
    steps: Vec<Step>,
    left: Vec<Left>,
    outcome: Outcome,
}

/// Whether anything was done.
enum Outcome {
    /// There was nothing to do.
    Nothing,
    /// The user did not agree.
    Declined,
    /// Nobody was asked.
    Unasked,
    /// So many objects were written.
    Done(u64),
}

impl RepairFlags {
    /// Finds out whether the log can be written to, before hours of work.
    pub fn prepare(&self, globals: &Globals, runtime: &Runtime) -> anyhow::Result<Option<Repair>> {
        if !self.repair {
            return Ok(None);
        }
        let place = match globals.location()? {
            Location::Store(StoreLocation::Directory(path)) => Place::Directory(path.clone()),
            Location::Store(StoreLocation::Bucket(bucket)) => {
                let options = globals.bucket_options()?;
                let opened = runtime.block_on(BucketStore::open(bucket.clone(), &options))?;
                let store = Arc::new(opened);
                Place::Store { objects: store.clone(), housekeeping: store }
            }
            other => bail!(
                "{other} can only be read: to repair the log, give the bucket or directory that \
                 holds it with --log"
            ),
        };
        let from = self.from.as_ref().map(|from| {
            let fetch = globals.open(from).context("cannot open the copy of --from")?;
            anyhow::Ok(Mirror { place: from.to_string(), fetch })
        });
        Ok(Some(Repair { place, from: from.transpose()?, yes: self.yes }))
    }
}

impl Repair {
    /// Repairs what a check has found, if the user agrees.
    pub fn run(
        &self,
        runtime: &Runtime,
        log: &Arc<dyn Fetch>,
        trust: &Trust,
        checkpoint: &OpenedCheckpoint,
        report: &Report,
        format: Format,
    ) -> anyhow::Result<Repaired> {
        let context = RepairContext {
            log: log.clone(),
            from: self.from.clone(),
            trust: trust.clone(),
            checkpoint: checkpoint.clone(),
        };
        let mut plan = runtime.block_on(Plan::make(context, &report.problems));
        let outcome = if plan.steps.is_empty() {
            Outcome::Nothing
        } else {
            match agreed(&plan, self.yes, format)? {
                Some(true) => {
                    let written = runtime.block_on(plan.carry_out(&self.place));
                    Outcome::Done(written.context("the log is repaired only in part")?)
                }
                Some(false) => Outcome::Declined,
                None => Outcome::Unasked,
            }
        };
        let Plan { steps, left, .. } = plan;
        Ok(Repaired { steps, left, outcome })
    }
}

/// Whether the user agrees to a plan; `None` if nobody can be asked.
fn agreed(plan: &Plan, yes: bool, format: Format) -> anyhow::Result<Option<bool>> {
    if yes {
        return Ok(Some(true));
    }
    if format == Format::Json || !terminal::can_ask() {
        return Ok(None);
    }
    let lines: Vec<_> = plan.steps.iter().map(will).chain(plan.left.iter().map(stays)).collect();
    terminal::print(&lines).context("cannot write to standard output")?;
    let objects = counted(plan.steps.len() as u64, "object", "objects");
    terminal::ask(&format!("write {objects} again?")).context("cannot ask").map(Some)
}

fn will(Step { path, reason, .. }: &Step) -> String {
    format!("To repair: {path}: {reason}")
}

fn stays(Left { path, reason }: &Left) -> String {
    format!("Left as it is: {path}: {reason}")
}

impl Repaired {
    /// What was done in several rounds.
    pub fn after(before: Option<Self>, round: Self) -> Self {
        let Some(mut all) = before else { return round };
        let (Outcome::Done(done), Outcome::Done(more)) = (&mut all.outcome, &round.outcome) else {
            // What was done before stays done.
            let unwritten = round.steps.into_iter().map(|Step { path, reason, .. }| Left {
                path,
                reason: format!("it can be repaired: {reason}"),
            });
            all.left = round.left.into_iter().chain(unwritten).collect();
            return all;
        };
        *done += more;
        all.steps.extend(round.steps);
        all.left = round.left;
        all
    }

    /// The same, without what the last check finds nothing wrong with.
    #[must_use]
    pub fn settled_by(mut self, last: &Report) -> Self {
        self.left = Left::still_wrong(self.left, last);
        self
    }

    /// Whether everything was written that was planned, by somebody.
    pub fn is_done(&self) -> bool {
        matches!(self.outcome, Outcome::Done(_))
    }

    /// Whether anything was written.
    pub fn has_written(&self) -> bool {
        matches!(self.outcome, Outcome::Done(written) if written > 0)
    }

    /// What was done, for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = match self.outcome {
            Outcome::Done(_) => {
                let steps = self.steps.iter();
                steps.map(|step| format!("Repaired: {}: {}", step.path, step.reason)).collect()
            }
            _ => self.steps.iter().map(will).collect(),
        };
        lines.extend(self.left.iter().map(stays));
        lines.push(match self.outcome {
            Outcome::Nothing if self.left.is_empty() => "Nothing has to be repaired".to_owned(),
            Outcome::Nothing => "Nothing can be repaired".to_owned(),
            Outcome::Declined => "Nothing was written".to_owned(),
            Outcome::Unasked => "Nothing was written: repair with --yes".to_owned(),
            Outcome::Done(written) => {
                let objects = counted(written, "object was", "objects were");
                format!("{objects} written; the check above was made after that")
            }
        });
        lines
    }

    /// What was done, for programs.
    pub fn json(&self) -> Value {
        let (outcome, written) = match self.outcome {
            Outcome::Nothing => ("nothing", 0),
            Outcome::Declined => ("declined", 0),
            Outcome::Unasked => ("unasked", 0),
            Outcome::Done(written) => ("done", written),
        };
        json!({ "outcome": outcome, "written": written, "steps": self.steps, "left": self.left })
    }
}
