//! What mirrors and witnesses have of the log.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use fasti::audit::elsewhere::{Elsewhere, Seen, Who};
use fasti::audit::fsck::Problem;
use fasti::client::fetch::{Fetch, Location};
use fasti::client::monitor::Monitor;
use fasti::client::trust::{OpenedCheckpoint, Trust, TrustedLog};
use tiles_spec::witness::origin_hash;

use crate::globals::Globals;

#[derive(Args)]
pub struct OtherFlags {
    /// Compare with this mirror of the log: one of the trees must be proved to begin with the
    /// other; can be repeated
    #[arg(long = "mirror", value_name = "URL|DIR")]
    mirrors: Vec<Location>,
    /// Compare with the tree that this witness cosigned last, which the log must still have; can be
    /// repeated
    #[arg(long = "witness", value_name = "URL")]
    witnesses: Vec<String>,
}

/// What others have, as it was read before the check.
pub struct Others {
    seen: Vec<Seen>,
    memory: Option<Monitor>,
}

impl OtherFlags {
    /// Reads what they have. `memory` keeps evidence.
    pub async fn read(
        &self,
        globals: &Globals,
        trust: &Trust,
        memory: Option<Monitor>,
    ) -> anyhow::Result<Others> {
        let mut seen = Vec::new();
        for mirror in &self.mirrors {
            let place = mirror.to_string();
            let fetch = globals.open(mirror)?;
            let read = Seen::read(Who::Mirror, place.clone(), fetch, trust).await;
            seen.push(read.with_context(|| format!("cannot read the mirror {place}"))?);
        }
        let mut origins: Vec<_> = trust.logs.iter().map(TrustedLog::origin).collect();
        origins.dedup();
        for witness in &self.witnesses {
            for origin in &origins {
                let below = format!("{}/{}", witness.trim_end_matches('/'), origin_hash(origin));
                let fetch = globals.open(&below.parse()?)?;
                let read = Seen::read(Who::Witness, witness.clone(), fetch, trust).await;
                seen.push(read.with_context(|| format!("cannot read the witness {witness}"))?);
            }
        }
        Ok(Others { seen, memory })
    }
}

impl Others {
    /// Compares what they have with the log.
    pub async fn compare(
        &self,
        log: &Arc<dyn Fetch>,
        ours: &OpenedCheckpoint,
    ) -> (Vec<Elsewhere>, Vec<Problem>) {
        let (mut others, mut problems) = (Vec::new(), Vec::new());
        for seen in &self.seen {
            let (other, problem) = seen.compare(log, ours, self.memory.as_ref()).await;
            others.push(other);
            problems.extend(problem);
        }
        (others, problems)
    }
}
