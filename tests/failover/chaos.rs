//! Three writers, killed, stopped and continued, and restarted one by one and all at once, at
//! random, while clients submit to any that answers.
//!
//! `FASTI_FAILOVER_EVENTS` sets the number of events, `FASTI_FAILOVER_SEED` the seed.
//!
//! Afterwards, from the bucket alone: what was acknowledged is at its index, once (I4, I13);
//! everything published, by the writers and in the bucket, is of one history (I1, I2); the
//! published tree in the bucket never shrank, and its tiles were there (I3); `fasti fsck` finds
//! nothing; and what the writers keep for each other was trimmed.

use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::seeded::Seeded;

use crate::bucket::{Bucket, HASTY};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::{Latest, Over, Scene, from_env};

const EVENTS: u64 = 15;
const SEED: u64 = 1;
const OPAQUE_CLIENTS: u64 = 4;
/// How long a client waits before it asks another writer: a stopped writer never answers.
const PATIENCE: Duration = Duration::from_millis(1500);

#[test]
fn nothing_acknowledged_is_lost_and_nothing_forks() {
    let (events, seed) =
        (from_env("FASTI_FAILOVER_EVENTS", EVENTS), from_env("FASTI_FAILOVER_SEED", SEED));
    println!("seed {seed}");
    let (bucket, scene) = (Bucket::new(), Scene::new(PATIENCE));
    let epoch = thread::scope(|threads| {
        // Stops the other threads even if this one panics.
        let over = Over(&scene);
        let mut fleet = Fleet::of(&scene, &bucket, &HASTY);
        let clients: Vec<_> = (0..OPAQUE_CLIENTS)
            .map(|n| (n, &scene))
            .map(|(n, scene)| threads.spawn(move || scene.submit_opaque(n, seed)))
            .collect();
        let others = [
            threads.spawn(|| {
                scene.submit_rekor(seed);
                0
            }),
            threads.spawn(|| ask_writers(&scene, seed)),
            threads.spawn(|| read_bucket(&scene, &bucket)),
        ];
        let began = Instant::now();
        let mut random = Seeded::new(seed);
        for _ in 0..events {
            befall(&mut fleet, &mut random);
            let pause = Duration::from_micros(random.next() % 600_000);
            fleet.wait(pause);
        }
        println!("{events} events in {:.1} s", began.elapsed().as_secs_f64());
        fleet.mend();
        fleet.wait(Duration::from_secs(1));
        drop(over);
        let unanswered: Vec<Vec<u8>> =
            clients.into_iter().flat_map(|c| c.join().expect("no client panics")).collect();
        let [_, asked, read] = others.map(|other| other.join().expect("nobody panics"));
        scene.resubmit(fleet.address(0), &unanswered);
        println!("{} entries resubmitted; {asked} + {read} checkpoints read", unanswered.len());
        let epoch = fleet.standing(0).expect("an answer")["epoch"].as_u64().expect("a number");
        (0..WRITERS).for_each(|n| fleet.terminate(n));
        epoch
    });
    verify(&bucket, &scene, events, epoch);
}

/// Causes one event.
fn befall(fleet: &mut Fleet, random: &mut Seeded) {
    let one = fleet.choose(random);
    let short = Duration::from_micros(random.next() % 400_000);
    match random.below(10) {
        0..=2 => {
            fleet.kill(one);
            fleet.wait(short);
        }
        3..=5 => fleet.stop_for(one, Duration::from_millis(100 + random.next() % 2900)),
        6 => fleet.launch_and_kill(one, short),
        7 => {
            for n in 0..WRITERS {
                fleet.terminate(n);
                fleet.launch(n);
            }
        }
        8 => {
            let other = (one + 1) % WRITERS;
            fleet.kill(other);
            fleet.stop_for(one, short * 3);
            fleet.wait(short);
        }
        _ => {
            (0..WRITERS).for_each(|n| fleet.kill(n));
            fleet.wait(short / 2);
        }
    }
    (0..WRITERS).for_each(|n| fleet.launch(n));
}

/// Polls any writer.
fn ask_writers(scene: &Scene, seed: u64) -> usize {
    let mut random = Seeded::new(seed + 200);
    let mut count = 0;
    while let Some(mut open) = scene.connect(&mut random) {
        if let Ok(answer) = open.get("/checkpoint")
            && answer.status == 200
        {
            scene.show(answer.body);
            count += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
    count
}

/// Polls the bucket, as a CDN would. The published tree never shrinks, and its tiles are there.
fn read_bucket(scene: &Scene, bucket: &Bucket) -> usize {
    let (mut latest, reader) = (Latest::default(), bucket.reader());
    while !scene.is_over() {
        if let Some(checkpoint) = reader.read("checkpoint") {
            let size = latest.see(scene, checkpoint);
            let (tile, width) = (size / 256, size % 256);
            if width > 0 && tile < 1000 {
                for kind in ["0", "entries"] {
                    let full = format!("tile/{kind}/{tile:03}");
                    let partial = format!("{full}.p/{width}");
                    let is_there = reader.read(&partial).or_else(|| reader.read(&full)).is_some();
                    assert!(is_there, "{partial} is shown");
                }
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    latest.reads
}

fn verify(bucket: &Bucket, scene: &Scene, events: u64, epoch: u64) {
    let reader = bucket.reader();
    let verified = scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    bucket.fsck();
    let records = bucket.names("_writer/commit/");
    let partial = bucket.names("tile/").into_iter().filter(|name| name.contains(".p/"));
    let superseded: Vec<String> = partial
        .filter(|name| {
            let (full, _) = name.split_once(".p/").expect("partial");
            bucket.names(full).iter().any(|name| name == full)
        })
        .collect();
    println!(
        "{} acknowledgements, {} entries in the log, {} sizes shown; epoch {epoch}; {} records and \
         {} partial objects left over",
        verified.acknowledgements,
        verified.entries,
        verified.sizes,
        records.len(),
        superseded.len(),
    );
    let least = usize::try_from(events).expect("small");
    assert!(
        verified.acknowledgements > 10 * least && verified.sizes > 3 * least,
        "the writers did some work"
    );
    assert!(epoch > events / 3, "others took over");
    // Epochs keep their first record forever.
    let epochs = usize::try_from(epoch).expect("small");
    assert!(records.len() < epochs + 100, "records are removed: {records:?}");
    assert!(superseded.len() < 4 * epochs, "partial objects are removed: {superseded:?}");
}
