//! The seeded simulator: several writers, many clients and one faulty store, all from one seed.
//!
//! The real log (pool, commit, recovery, publication, followers, trimming) runs on one thread and
//! in paused time. [`wire`] and [`peers`] delay, lose, duplicate and damage what it sends, and
//! [`witnesses`] what it asks its witnesses, if it has any; [`trouble`] and [`gate`] freeze and
//! kill it; [`oracle`] watches every signature, every write that lands and every acknowledgement. A
//! failing seed prints the command that repeats it.
//!
//! `FASTI_SIM_SEEDS` and `FASTI_SIM_FIRST` select the seeds. To run overnight:
//! `FASTI_SIM_SEEDS=20000 cargo test --test sim every_seed -- --nocapture`.

mod astray;
mod bucket;
mod client;
mod defect;
mod fate;
mod flag;
mod freezing;
mod gate;
mod life;
mod mix;
mod oracle;
mod peers;
mod process;
mod releases;
mod run;
mod seeds;
mod sim;
mod trace;
mod tree;
mod trouble;
mod wire;
mod witnesses;

use run::{run, setting};
use seeds::run_all;

/// What must happen in the test command's seeds: the least number of times in a hundred runs.
const HAPPENED: [(&str, u64); 32] = [
    ("acknowledgements", 10_000),
    ("acknowledgements of known entries", 4_000),
    ("answers lost", 300),
    ("batches forwarded", 2_000),
    ("cosignatures joined", 80),
    ("crashes of a writer", 800),
    ("cuts between writers", 300),
    ("cuts from the store", 200),
    ("damaged bodies", 150),
    ("definite errors", 400),
    ("doubled effects", 150),
    ("ends: stopped by a witness", 10),
    ("freezes", 600),
    ("late effects", 150),
    ("logs frozen", 7),
    ("messages doubled", 150),
    ("messages lost", 400),
    ("orderly restarts", 300),
    ("peers' lies", 30),
    ("pushbacks", 1_000),
    ("requests lost", 400),
    ("slow answers", 300),
    ("stale listings", 300),
    ("stores copied", 5),
    ("stores put back", 3),
    ("submissions to a frozen log", 100),
    ("takeovers", 900),
    ("witnesses: another size", 1_500),
    ("witnesses: answers lost", 150),
    ("witnesses: cosignatures", 6_000),
    ("witnesses: crashes", 60),
    ("witnesses: questions doubled", 100),
];

#[test]
fn every_seed_keeps_every_invariant() {
    let (first, count) = (setting("FASTI_SIM_FIRST", 0), setting("FASTI_SIM_SEEDS", 120));
    let began = std::time::Instant::now();
    let (counts, failures) = run_all(first, count);
    for (name, figure) in &counts {
        println!("{figure:>9} {name}");
    }
    println!("{:>9} seconds", began.elapsed().as_secs());
    if let Some(outcome) = failures.first() {
        let command = "cargo test --test sim every_seed -- --nocapture";
        panic!("\n{}", outcome.report(command));
    }
    for (name, least) in HAPPENED {
        let figure = counts.get(name).copied().unwrap_or_default();
        assert!(count < 100 || figure >= least * count / 100, "only {figure} {name}");
    }
}

#[test]
fn one_seed_gives_one_trace() {
    for seed in 1_000_000..1_000_020 {
        let (first, second) = (run(seed), run(seed));
        assert_eq!((first.hash, first.lines), (second.hash, second.lines), "seed {seed}");
    }
}
