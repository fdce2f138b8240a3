//! Clients: they submit new and known entries until each is answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti::log::{Acknowledged, SubmitError};

use crate::sim::{Running, Sim};
use crate::witnesses;

/// The number of entries that all clients share.
const SHARED_ENTRIES: usize = 12;

/// Submits what the mix says, and then retries everything still unanswered.
pub async fn submit_all(sim: Arc<Sim>, client: usize) {
    let mut known = Vec::new();
    for step in 0..sim.mix.steps {
        let think = sim.draw(|rng| rng.span(1, sim.mix.think));
        sim.sleep_until_quiet(think).await;
        if sim.is_quiet() && step > 0 {
            return;
        }
        let entries = choose(&sim, client, &mut known);
        let answers = entries.into_iter().map(|entry| submit(&sim, client, entry, None));
        futures::future::join_all(answers).await;
    }
}

/// Chooses new entries, entries that this client submitted before, and shared entries.
fn choose(sim: &Sim, client: usize, known: &mut Vec<Bytes>) -> Vec<Bytes> {
    let most = sim.mix.burst;
    let count =
        sim.draw(|rng| if rng.coin() { rng.between(1, most) } else { rng.pick(&[1, most]) });
    let entry = |_| {
        let (kind, n, padding) = sim.draw(|rng| (rng.below(10), rng.next(), rng.below(40)));
        let past = usize::try_from(n % known.len().max(1) as u64).expect("small");
        match kind {
            0 if !known.is_empty() => known[past].clone(),
            1 => Bytes::from(format!("shared {}", n % SHARED_ENTRIES as u64)),
            _ => {
                let new = format!("client {client} entry {} {}", known.len(), "x".repeat(padding));
                known.push(new.into());
                known[known.len() - 1].clone()
            }
        }
    };
    (0..count).map(entry).collect()
}

/// Submits one entry until it is answered: through writer `only`, or through any that is running.
pub async fn submit(sim: &Arc<Sim>, client: usize, entry: Bytes, only: Option<usize>) {
    for attempt in 0.. {
        let writer = only.unwrap_or_else(|| sim.draw(|rng| rng.below(sim.mix.writers)));
        if let Some(running) = sim.running(writer)
            && ask(sim, client, &running, writer, &entry).await
        {
            return;
        }
        // Back off like a good client: during long outages it asks rarely.
        let most = 500 << attempt.min(9);
        let pause = sim.draw(|rng| rng.span(20, most));
        sim.sleep_until_quiet(pause).await;
        if sim.is_quiet() {
            let pause = sim.draw(|rng| rng.span(20, 2_000));
            tokio::time::sleep(pause).await;
        }
    }
}

/// Asks one writer. Returns true if it answered and the answer arrived.
async fn ask(
    sim: &Arc<Sim>,
    client: usize,
    running: &Running,
    writer: usize,
    entry: &Bytes,
) -> bool {
    let Some(log) = running.log.clone() else { return false };
    let patience = sim.draw(|rng| Duration::from_millis(rng.pick(&[3_000, 20_000, 600_000])));
    let asked = running.gate.run(async {
        let answer = log.submit(entry.clone()).await?;
        arrives(sim, client, writer, entry, &answer);
        // The writer answers with a proof, as over HTTP.
        answer.proof().map(drop).map_err(|error| SubmitError::Dedup(error.to_string()))
    });
    let Ok(Some(answer)) = tokio::time::timeout(patience, asked).await else {
        sim.count("submissions without an answer");
        return false;
    };
    match answer {
        Ok(()) => {
            let lost = !sim.is_quiet() && sim.draw(|rng| rng.chance(200));
            if lost {
                sim.count("acknowledgements lost");
            }
            !lost
        }
        Err(SubmitError::Frozen) => {
            sim.count("submissions to a frozen log");
            sim.note(&format!("c{client} is told by w{writer} that the log is frozen"));
            sim.judge(sim.ask_oracle(|oracle, _| oracle.has_ended()));
            true
        }
        Err(error) => {
            sim.count(match error {
                SubmitError::Pushback => "pushbacks",
                SubmitError::ShuttingDown => "submissions to a writer that leaves",
                _ => "submissions refused",
            });
            sim.note(&format!("c{client} is refused by w{writer}: {error}"));
            false
        }
    }
}

fn arrives(sim: &Sim, client: usize, writer: usize, entry: &Bytes, answer: &Acknowledged) {
    let Acknowledged { index, duplicate, publication, .. } = answer;
    sim.count("acknowledgements");
    if *duplicate {
        sim.count("acknowledgements of known entries");
    }
    sim.note(&format!(
        "c{client} is told by w{writer}: leaf {index} of {}, known {duplicate}",
        publication.head.size
    ));
    sim.ask_releases(|releases| releases.acknowledges(entry, index.get()));
    // What peers and reads have damaged can lack some lines.
    if sim.mix.rates.lie == 0 && sim.mix.rates.damaged == 0 {
        sim.judge(witnesses::allow(sim, &publication.checkpoint, "acknowledged"));
    }
    if !sim.is_astray() {
        sim.judge(
            sim.ask_oracle(|oracle, _| oracle.acknowledges(entry, index.get(), publication.head)),
        );
    }
}
