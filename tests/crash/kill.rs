//! kill -9 in a loop: clients submit continuously, and the writer is killed at random moments,
//! including during start and recovery.
//!
//! `FASTI_CRASH_KILLS` sets the number of kills, `FASTI_CRASH_SEED` the seed.
//!
//! Afterwards everything ever acknowledged is at its index (I4), everything ever published is of
//! one history (I1, I2), and what readers saw never shrank.

use std::path::Path;
use std::thread;
use std::time::Duration;

use fasti_kit::seeded::Seeded;

use crate::scene::{Latest, Over, Scene, from_env};
use crate::writer::{self, verifier_key};

const KILLS: u64 = 55;
const SEED: u64 = 1;
const OPAQUE_CLIENTS: u64 = 3;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_forks() {
    let home = tempfile::tempdir().expect("a directory");
    let store = home.path().join("log");
    let scene = Scene::new(Duration::from_secs(20));
    let (kills, seed) = (from_env("FASTI_CRASH_KILLS", KILLS), from_env("FASTI_CRASH_SEED", SEED));
    println!("seed {seed}");
    thread::scope(|threads| {
        let clients: Vec<_> = (0..OPAQUE_CLIENTS)
            .map(|n| (n, &scene))
            .map(|(n, scene)| threads.spawn(move || scene.submit_opaque(n, seed)))
            .collect();
        let rekor_client = threads.spawn(|| scene.submit_rekor(seed));
        let readers = [
            threads.spawn(|| read_over_http(&scene, seed)),
            threads.spawn(|| read_files(&scene, &store)),
        ];
        // Stops the other threads even if this one panics.
        let over = Over(&scene);
        kill_in_a_loop(&scene, &store, kills, seed);
        let mut last = writer::start(&store, &[]);
        let address = last.expect_address();
        *scene.addresses.write().expect("no panics") = vec![address];
        thread::sleep(Duration::from_secs(1));
        drop(over);
        let unanswered: Vec<Vec<u8>> =
            clients.into_iter().flat_map(|c| c.join().expect("no client panics")).collect();
        scene.resubmit(address, &unanswered);
        rekor_client.join().expect("the rekor client does not panic");
        let checkpoints: usize = readers.map(|r| r.join().expect("no reader panics")).iter().sum();
        let unanswered = unanswered.len();
        println!("{unanswered} entries without an answer, resubmitted; {checkpoints} reads");
        last.stop();
    });
    verify(&scene, &store, kills);
}

fn kill_in_a_loop(scene: &Scene, store: &Path, kills: u64, seed: u64) {
    let mut random = Seeded::new(seed);
    for n in 0..kills {
        let batch_max = if random.coin() { "1" } else { "64" };
        let mut writer = writer::start(store, &["--batch-max-entries", batch_max]);
        // One in four is killed before or while it recovers.
        if random.below(4) == 0 {
            thread::sleep(Duration::from_micros(random.next() % 300_000));
        } else {
            match writer.address() {
                Ok(address) => scene.addresses.write().expect("no panics").push(address),
                Err(ended) => panic!("start {n}, seed {seed}: {}", ended.stderr),
            }
            thread::sleep(Duration::from_micros(random.next() % 400_000));
            scene.addresses.write().expect("no panics").clear();
        }
        writer.kill();
    }
}

/// Polls the running writers.
fn read_over_http(scene: &Scene, seed: u64) -> usize {
    let mut random = Seeded::new(seed + 200);
    let mut latest = Latest::default();
    let mut connection = None;
    while let Some(mut open) = connection.take().or_else(|| scene.connect(&mut random)) {
        if let Ok(answer) = open.get("/checkpoint")
            && answer.status == 200
        {
            latest.see(scene, answer.body);
            connection = (!scene.is_over()).then_some(open);
        }
        thread::sleep(Duration::from_millis(1));
    }
    latest.reads
}

/// Polls the directory, as a file server would, whether or not a writer is running. What a
/// checkpoint implies is there (I3).
fn read_files(scene: &Scene, store: &Path) -> usize {
    let mut latest = Latest::default();
    while !scene.is_over() {
        if let Ok(checkpoint) = std::fs::read(store.join("checkpoint")) {
            let size = latest.see(scene, checkpoint);
            let (tile, width) = (size / 256, size % 256);
            if width > 0 && tile < 1000 {
                for kind in ["0", "entries"] {
                    let full = store.join(format!("tile/{kind}/{tile:03}"));
                    let partial = store.join(format!("tile/{kind}/{tile:03}.p/{width}"));
                    assert!(partial.exists() || full.exists(), "{} is shown", partial.display());
                }
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
    latest.reads
}

fn verify(scene: &Scene, store: &Path, kills: u64) {
    let read = |path: &str| std::fs::read(store.join(path)).ok();
    let verified = scene.verify(&read, &verifier_key(&store.join("_writer/log.key")));
    println!(
        "{kills} kills, {} acknowledgements, {} entries in the log, {} sizes shown",
        verified.acknowledgements, verified.entries, verified.sizes,
    );
    let least = usize::try_from(kills).expect("small");
    assert!(
        verified.acknowledgements > 10 * least && verified.sizes > 3 * least,
        "the writer did some work"
    );
}
