//! The life of a writer: it is started, stops or is killed, and is started again.

use std::sync::Arc;
use std::time::Duration;

use fasti::causes::with_causes;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::store::{RecordNumber, Stores};

use crate::astray::{can_tell, memory};
use crate::defect::Used;
use crate::oracle::{Verdict, Violation};
use crate::peers::Mail;
use crate::process::{Process, WatchedSigner};
use crate::sim::{Running, Sim};
use crate::wire::Wire;
use crate::witnesses::cosigners;

/// Reports whether the writer stays down at the end; at most one does.
pub fn stays_down(sim: &Sim, writer: usize) -> bool {
    sim.is_quiet() && sim.mix.one_stays_down && writer == 0
}

/// Runs writer number `writer` until the run is over.
pub async fn live(sim: Arc<Sim>, writer: usize) {
    let mut index = Arc::new(MemoryIndex::default());
    let mut older = Vec::new();
    if sim.is_on_copy(writer) {
        sim.copied().await;
        if !sim.is_astray() {
            return;
        }
    }
    while !sim.is_over() && !stays_down(&sim, writer) && can_tell(&sim, writer) {
        let process = Process::new(&sim, writer);
        let gate = process.gate.clone();
        sim.set_running(writer, Some(Running { gate: gate.clone(), log: None }));
        let ended = gate.run(run(process.clone(), index.clone())).await;
        sim.set_running(writer, None);
        sim.note(&format!("w{writer} has ended: {ended:?}"));
        if ended.is_none() {
            sim.count("crashes of a writer");
        } else if let Some(Err(error)) = ended {
            sim.count(refusal(&error));
            sim.judge(recognises_its_own(&process, &error));
            sim.judge(accuses_nobody(&process, &error));
        }
        if sim.is_over() {
            return;
        }
        let span = if sim.is_quiet() { (10, 1_000) } else { (10, 30_000) };
        let span = sim.draw(|rng| rng.span(span.0, span.1));
        sim.sleep_or_land(span).await;
        // The index is on the writer's own disk: it may be current, older, or lost.
        older.push(index.snapshot());
        index = match sim.draw(|rng| rng.below(6)) {
            _ if sim.mix.forgets => Arc::default(),
            0 => Arc::default(),
            1 => {
                let n = sim.draw(|rng| rng.below(older.len()));
                Arc::new(older[n].snapshot())
            }
            _ => index,
        };
    }
}

async fn run(process: Arc<Process>, index: Arc<MemoryIndex>) -> Result<(), String> {
    let (sim, writer) = (process.sim.clone(), process.writer);
    let mix = &sim.mix;
    let store = Arc::new(Used(Wire(process.clone())));
    let millis = Duration::from_millis;
    let context = Context {
        config: LogConfig {
            batch_entries_max: mix.batch_entries,
            pool_entries_max: mix.pool_entries,
            republish_interval: millis(mix.republish),
            answer_time_max: millis(mix.answer_time),
            writer_address: sim.address(writer),
            ping_interval: millis(mix.ping),
            takeover_after: millis(mix.takeover),
            batch_pace: millis(mix.pace),
            ..LogConfig::default()
        },
        stores: if mix.alone { Stores::of(store) } else { Stores::shared(store) },
        signer: Arc::new(WatchedSigner::new(process.clone())),
        memory: memory(&sim, writer),
        cosigners: cosigners(&process),
        sharing: if mix.alone {
            Sharing::Alone
        } else {
            Sharing::Shared(Arc::new(Mail(process.clone())))
        },
        clock: process.clone(),
        entropy: process.clone(),
        metrics: Arc::new(LogMetrics::default()),
    };
    let (log, driver) = Log::open(context, index).await.map_err(|error| with_causes(&error))?;
    sim.note(&format!("w{writer} runs"));
    sim.set_running(writer, Some(Running { gate: process.gate.clone(), log: Some(log) }));
    driver.run().await.map_err(|error| with_causes(&error))
}

/// A writer that stops because another has written its record must not have written that record
/// itself.
fn recognises_its_own(process: &Process, error: &str) -> Verdict {
    let number = error.split_once("commit record ").and_then(|(_, rest)| {
        let number = rest.strip_suffix(" was written by another writer; this one is fenced")?;
        RecordNumber::new(number.parse().ok()?)
    });
    match number {
        // A read with a damaged body can make the record look like another writer's.
        Some(number) if process.is_author(number) && process.sim.mix.rates.damaged == 0 => {
            let text = format!("w{} takes its own record {number} for another's", process.writer);
            Err(Violation::of("I7", text))
        }
        _ => Ok(()),
    }
}

/// A store that was not tampered with, and whose reads are sound and its listings current, must not
/// be accused.
fn accuses_nobody(process: &Process, error: &str) -> Verdict {
    let (sim, rates) = (&process.sim, &process.sim.mix.rates);
    let accusations = ["rolled back", "forked", "missing", "does not", "damaged"];
    let is_excused = sim.is_astray() || rates.damaged > 0 || rates.stale > 0;
    if is_excused || !accusations.iter().any(|words| error.contains(words)) {
        return Ok(());
    }
    Err(Violation::of("I18", format!("w{} accuses an honest store: {error}", process.writer)))
}

/// Classifies the error that a writer stopped with.
fn refusal(error: &str) -> &'static str {
    match () {
        () if error.contains("another writer") || error.contains("fenced") => "ends: fenced",
        () if error.contains("rolled back: the witness") => "ends: stopped by a witness",
        () if error.contains("rolled back") => "ends: rolled back",
        () if error.contains("forked") => "ends: forked",
        () if error.contains("guard") => "ends: stopped by the guard",
        () if error.contains("503") => "ends: a definite error",
        () if error.contains("timed out") || error.contains("no definite") => "ends: no answer",
        () => "ends: another refusal",
    }
}
