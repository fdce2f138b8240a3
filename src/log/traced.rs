//! The traces of the requests whose entries are in a batch: what is done for the batch is done for
//! each of them.

use std::time::Instant;

use fasti_seams::trace::{Stage, Traces};

use crate::pool::PooledEntry;

/// How many requests of one batch are traced to the end. The others' traces say that they waited
/// for the batch, and when they were answered.
const TRACES_MAX: usize = 256;

/// The traced requests of a batch, which waited in the pool until now. Entries that a peer has
/// forwarded together are of one request.
pub fn traced(batch: &[PooledEntry], now: Instant) -> Option<Traces> {
    let mut traces = Vec::new();
    for PooledEntry { since, trace, .. } in batch {
        let Some(trace) = trace.as_ref().filter(|trace| !traces.contains(*trace)) else { continue };
        let (name, ended, entries) = ("pool", Some(now), Some(batch.len()));
        trace.add(Stage { name, began: *since, ended, entries });
        if traces.len() < TRACES_MAX {
            traces.push(trace.clone());
        }
    }
    Traces::of(traces)
}
