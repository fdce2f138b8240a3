//! Astray stores: what operators do to a store while its writers run. It is restored to an older
//! state, or copied, and the copy gets a writer with the same key.
//!
//! From then on the log need not stay live, but it must not fork (I18): no writer that can tell may
//! sign a tree outside the one history. A writer can tell if its process or its machine's memory
//! has verified a tree that the store, as it is now, does not reach, or if it must ask witnesses.
//! No other writer can tell, so the others leave the run, either now or when they lose what they
//! know. Requests on their way to
//! the store are lost with the old store.

use std::sync::Arc;
use std::time::Duration;

use fasti::log::record::Record;
use fasti::signer::SignedMemory;

use crate::bucket::Bucket;
use crate::mix::{Astray, Memory};
use crate::process::{ORIGIN, signing_key};
use crate::sim::Sim;

/// How long the outcome is watched.
const WATCHED: Duration = Duration::from_mins(3);
/// How many times to look for a backup that every writer has seen past.
const TRIES: usize = 20;

/// Leads the store astray, if the mix says so.
pub async fn lead(sim: Arc<Sim>) {
    let Some(astray) = sim.mix.astray else { return };
    let most = u64::try_from(sim.mix.faulty_for.as_millis()).expect("short").min(120_000);
    for _ in 0..TRIES {
        let wait = sim.draw(|rng| rng.span(50, most));
        sim.sleep_until_quiet(wait).await;
        let backup = sim.backup();
        let wait = sim.draw(|rng| rng.span(50, most));
        sim.sleep_until_quiet(wait).await;
        if sim.is_quiet() {
            return;
        }
        let is_done = match astray {
            Astray::PutBack => put_back(&sim, &backup),
            Astray::Copied => copy(&sim, &backup),
        };
        if is_done {
            tokio::time::sleep(WATCHED).await;
            return sim.has_enough();
        }
    }
}

/// Restores the store, if a running writer has seen more than the backup holds.
fn put_back(sim: &Arc<Sim>, backup: &Bucket) -> bool {
    let size = committed(backup);
    let knowing = (0..sim.mix.writers).filter(|writer| knows(sim, *writer) > size).count();
    if knowing == 0 {
        return false;
    }
    sim.count("stores put back");
    sim.note(&format!("the store is put back to {size}"));
    sim.put_back(backup, size);
    for writer in 0..sim.mix.writers {
        let Some(running) = sim.running(writer) else { continue };
        if knows(sim, writer) <= size && !sim.mix.is_guarded() {
            sim.note(&format!("w{writer} cannot tell"));
            running.gate.kill();
        }
    }
    true
}

/// Starts the last writer on a copy.
fn copy(sim: &Arc<Sim>, backup: &Bucket) -> bool {
    sim.count("stores copied");
    sim.note(&format!("the store is copied at {}", committed(backup)));
    sim.copy(backup);
    true
}

/// The size that the newest record of a store leads to.
fn committed(bucket: &Bucket) -> u64 {
    let newest = bucket.newest().and_then(|number| bucket.record(number));
    let record = newest.and_then(|bytes| Record::decode(&bytes).ok());
    record.map_or(0, |(record, _)| record.after.size.get())
}

/// The largest tree that a writer, or its machine, is certain to have verified.
fn knows(sim: &Sim, writer: usize) -> u64 {
    let running = sim.running(writer).and_then(|running| running.log);
    let seen = running.map_or(0, |log| log.published().head.size.get());
    seen.max(remembers(sim, writer))
}

fn remembers(sim: &Sim, writer: usize) -> u64 {
    let Some(memory) = memory(sim, writer) else { return 0 };
    let newest = memory.newest(ORIGIN, signing_key().verifier_key()).expect("it can be read");
    newest.map_or(0, |head| head.size.get())
}

/// Reports whether a restarted writer can tell. It cannot if the store was restored to a larger
/// size than its machine remembers.
pub fn can_tell(sim: &Sim, writer: usize) -> bool {
    sim.mix.is_guarded() || sim.put_back_to().is_none_or(|size| remembers(sim, writer) > size)
}

/// The memory on a writer's machine.
pub fn memory(sim: &Sim, writer: usize) -> Option<SignedMemory> {
    let name = match sim.mix.memory {
        Memory::Lost => return None,
        Memory::Shared => "all".to_owned(),
        Memory::Apart => format!("w{writer}"),
    };
    Some(SignedMemory::at(sim.machines()?.join(name)))
}
