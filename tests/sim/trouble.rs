//! Trouble: what happens to writers from outside, whatever they are doing.

use std::sync::Arc;

use fasti_kit::seeded::Seeded;

use crate::mix::Trouble;
use crate::sim::Sim;

/// Causes trouble until faults end.
pub async fn make(sim: Arc<Sim>) {
    let (every, longest, writers) = (sim.mix.trouble_every, sim.mix.longest, sim.mix.writers);
    loop {
        let wait = sim.draw(|rng| rng.span(every / 20, every));
        sim.sleep_until_quiet(wait).await;
        if sim.is_quiet() || sim.mix.troubles.is_empty() {
            return;
        }
        let (trouble, writer, peer, span) = sim.draw(|rng| {
            let trouble = rng.pick(&sim.mix.troubles);
            (trouble, rng.below(writers), rng.below(writers), rng.span(5, longest))
        });
        match trouble {
            Trouble::CutFromStore => sim.cut(writer, writer, span),
            Trouble::CutFromPeer if peer != writer => {
                sim.cut(writer, peer, span);
                if sim.draw(Seeded::coin) {
                    sim.cut(peer, writer, span);
                }
            }
            Trouble::CutFromPeer => {}
            Trouble::Crash | Trouble::Restart | Trouble::Freeze => {
                let Some(running) = sim.running(writer) else { continue };
                match (trouble, running.log) {
                    (Trouble::Freeze, _) => sim.freeze(writer, &running.gate, span),
                    (Trouble::Restart, Some(log)) => {
                        sim.count("orderly restarts");
                        sim.note(&format!("w{writer} is asked to leave"));
                        log.shut_down();
                    }
                    _ => {
                        sim.note(&format!("w{writer} is killed"));
                        running.gate.kill();
                    }
                }
            }
        }
    }
}
