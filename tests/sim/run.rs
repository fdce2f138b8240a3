//! One run: everything from one seed.
//!
//! Faults continue until the clients are done or time is up. Then they end, requests in flight
//! land, and the log must prove that it is live (L1): submissions are answered, every writer
//! answers new submissions, and all writers shut down cleanly.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use fasti_kit::seeded::Seeded;
use futures::FutureExt;
use futures::future::join_all;
use tokio::task::JoinHandle;

use crate::mix::Mix;
use crate::oracle::Violation;
use crate::sim::{Counts, LANDING, Sim};
use crate::{astray, client, freezing, life, trouble};

/// Once faults have ended and requests in flight have landed, everything is answered within this
/// time.
const ANSWERED_WITHIN: Duration = Duration::from_mins(5);

/// The number of threads for runs, each with its own runtime.
pub const THREADS: usize = 2;

/// The outcome of a run.
pub struct Outcome {
    pub seed: u64,
    pub violation: Option<Violation>,
    pub hash: u64,
    pub lines: u64,
    pub counts: Counts,
    /// The mix, and the last lines of the trace.
    pub story: String,
}

/// Changes the mix of a run towards some circumstances.
pub type Shape = fn(Mix, &mut Seeded) -> Mix;

/// Runs a seed in its own runtime.
pub fn run(seed: u64) -> Outcome {
    run_in(seed, |mix, _| mix)
}

/// Runs a seed with its mix changed.
pub fn run_in(seed: u64, shape: Shape) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let prints = std::env::var_os("FASTI_SIM_TRACE").is_some();
    runtime.block_on(async {
        let sim = Sim::new(seed, prints, shape);
        tokio::select! {
            biased;
            () = sim.violated() => {}
            ended = unfold(&sim) => sim.judge(ended),
        }
        conclude(seed, &sim)
    })
}

/// Starts a part of the run; a panic in it is a violation.
fn start(sim: &Arc<Sim>, part: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let sim = sim.clone();
    tokio::spawn(async move {
        if let Err(panic) = AssertUnwindSafe(part).catch_unwind().await {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            sim.judge(Err(Violation::of("I14", format!("panic: {}", text.unwrap_or_default()))));
        }
    })
}

async fn unfold(sim: &Arc<Sim>) -> Result<(), Violation> {
    let lives: Vec<_> =
        (0..sim.mix.writers).map(|n| start(sim, life::live(sim.clone(), n))).collect();
    start(sim, trouble::make(sim.clone()));
    start(sim, astray::lead(sim.clone()));
    let end = sim.mix.ends.then(|| start(sim, freezing::freeze_at_last(sim.clone())));
    let clients = (0..sim.mix.clients).map(|n| start(sim, client::submit_all(sim.clone(), n)));
    let mut clients = join_all(clients.collect::<Vec<_>>());
    let done = tokio::select! {
        biased;
        _ = &mut clients => true,
        () = sim.enough() => false,
    };
    sim.calm_down();
    tokio::time::sleep(LANDING).await;
    if sim.is_astray() {
        return Ok(());
    }
    if !sim.mix.one_address {
        if let Some(end) = end {
            within("the log is frozen", end).await?.ok();
        }
        if !done {
            within("what was submitted is answered", clients).await?;
        }
        show_life(sim, lives).await?;
        sim.ask_oracle(|oracle, _| oracle.is_finished())?;
    }
    sim.ask_oracle(|oracle, bucket| oracle.concludes(bucket))
}

/// Checks that every writer answers, and then shuts down cleanly.
async fn show_life(sim: &Arc<Sim>, lives: Vec<JoinHandle<()>>) -> Result<(), Violation> {
    let lives_on = |writer: &usize| !life::stays_down(sim, *writer) && !sim.is_on_copy(*writer);
    for writer in (0..sim.mix.writers).filter(lives_on) {
        let new = format!("after all, through w{writer}");
        for entry in [new.clone(), new, "shared 1".to_owned()] {
            let asked = client::submit(sim, 99, entry.into(), Some(writer));
            within(&format!("w{writer} answers"), asked).await?;
        }
    }
    sim.wind_up();
    for (writer, life) in lives.into_iter().enumerate() {
        let leaves = async {
            match sim.running(writer).and_then(|running| running.log) {
                Some(log) => log.shut_down(),
                None => return,
            }
            drop(life.await);
        };
        within(&format!("w{writer} ends"), leaves).await?;
    }
    Ok(())
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T, Violation> {
    let late = |_| Violation::of("L1", format!("not within {ANSWERED_WITHIN:?}: {what}"));
    tokio::time::timeout(ANSWERED_WITHIN, future).await.map_err(late)
}

fn conclude(seed: u64, sim: &Sim) -> Outcome {
    let mut counts = sim.counts();
    for (name, figure) in sim.ask_oracle(|oracle, _| oracle.figures()) {
        counts.insert(name, figure as u64);
    }
    counts.insert("writers", sim.mix.writers as u64);
    counts.insert("runs", 1);
    let trace = sim.trace();
    let story = format!("{:#?}\n{}", sim.mix, trace.tail());
    let violation = sim.violation();
    Outcome { seed, violation, hash: trace.hash(), lines: trace.lines(), counts, story }
}

/// Reads a number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

impl Outcome {
    /// The report for debugging; `command` repeats the run.
    pub fn report(&self, command: &str) -> String {
        let Self { seed, story, counts, hash, lines, .. } = self;
        let violation = self.violation.as_ref().map(ToString::to_string).unwrap_or_default();
        format!(
            "{story}\n{counts:?}\n{lines} lines, {hash:016x}\nseed {seed} breaks {violation}\nagain, \
             with every line:\n  FASTI_SIM_TRACE=1 FASTI_SIM_FIRST={seed} FASTI_SIM_SEEDS=1 {command}\n"
        )
    }
}
