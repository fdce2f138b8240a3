//! Freezing under load: an operator freezes the log at a random moment, crashes while doing so, and
//! retries until it succeeds (I17).

use std::sync::Arc;
use std::time::Duration;

use fasti::log::peers::Nobody;
use fasti::log::{Context, LogConfig, Sharing, freeze};
use fasti::metrics::LogMetrics;
use fasti::store::Stores;

use crate::astray::memory;
use crate::process::{Process, WatchedSigner};
use crate::sim::Sim;
use crate::wire::Wire;

/// Freezes the log at some point, permanently.
pub async fn freeze_at_last(sim: Arc<Sim>) {
    let most = u64::try_from(sim.mix.faulty_for.as_millis()).expect("short");
    let wait = sim.draw(|rng| rng.span(1_000, most.min(300_000)));
    sim.sleep_until_quiet(wait).await;
    loop {
        // It reaches the store as the first writer does: what cuts off one cuts off the other.
        let process = Process::new(&sim, 0);
        let lives = sim.draw(|rng| rng.pick(&[50, 500, 5_000, 600_000]));
        let lives = if sim.is_quiet() { Duration::MAX } else { Duration::from_millis(lives) };
        sim.note("somebody freezes the log");
        let context = context(&process);
        match tokio::time::timeout(lives, process.gate.run(freeze(&context))).await {
            Ok(Some(Ok(frozen))) => {
                sim.note(&format!("the log is frozen at {}", frozen.head().size));
                sim.count("logs frozen");
                return sim.judge(sim.ask_oracle(|oracle, _| oracle.is_frozen(frozen.head())));
            }
            Ok(Some(Err(error))) => sim.note(&format!("it is not frozen: {error}")),
            Ok(None) | Err(_) => sim.count("crashes at freezing the log"),
        }
        let pause = sim.draw(|rng| rng.span(10, 10_000));
        sim.sleep_or_land(pause).await;
    }
}

fn context(process: &Arc<Process>) -> Context {
    Context {
        config: LogConfig::default(),
        stores: Stores::shared(Arc::new(Wire(process.clone()))),
        signer: Arc::new(WatchedSigner::new(process.clone())),
        memory: memory(&process.sim, 0),
        cosigners: None,
        sharing: Sharing::Shared(Arc::new(Nobody)),
        clock: process.clone(),
        entropy: process.clone(),
        metrics: Arc::new(LogMetrics::default()),
    }
}
