//! Figures, printed: how long a takeover takes, and what entries cost at several rates.
//!
//! They take minutes, so they run only on request:
//! `cargo test --workspace --test failover -- --ignored --nocapture --test-threads 1 figures`.
//! With `FASTI_PROGRAMS=target/release` the programs are those of a release build.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use fasti_buckets::{Fault, Operation, Rule};
use fasti_kit::http::Connection;
use fasti_kit::process::{Started, program};
use fasti_kit::seeded::Seeded;

use crate::bucket::Bucket;
use crate::fleet::{Fleet, WRITERS};
use crate::scene::{Scene, from_env};
use crate::writer::Writer;

const KILLS: u64 = 50;
/// Roughly what S3 takes for small objects from a machine in its region.
const PUT_TIME: Duration = Duration::from_millis(40);
const READ_TIME: Duration = Duration::from_millis(20);

#[test]
#[ignore = "prints figures, for minutes"]
fn figures_of_takeovers() {
    for is_far in [false, true] {
        let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
        let mut fleet = Fleet::of(&scene, &bucket, &[]);
        if is_far {
            move_away(&bucket);
        }
        let (mut random, mut all, mut since_noticed) = (Seeded::new(1), Vec::new(), Vec::new());
        for n in 0..from_env("FASTI_FAILOVER_KILLS", KILLS) {
            let (total, noticed) = kill_the_leader(&mut fleet, n);
            all.push(total);
            since_noticed.push(total.saturating_sub(noticed));
            thread::sleep(Duration::from_micros(random.next() % 700_000));
        }
        let store = if is_far { "40 ms a PUT, 20 ms a read" } else { "a store beside" };
        println!("{store}: kill -9 to the first answer of another writer {}", spread(&mut all));
        println!("{store}: from its noticing {}", spread(&mut since_noticed));
    }
}

/// Kills the leader and submits to another writer. Returns how long until that writer answered, and
/// until any writer noticed that the leader is gone.
fn kill_the_leader(fleet: &mut Fleet, n: u64) -> (Duration, Duration) {
    let leader = loop {
        fleet.wait(Duration::from_millis(50));
        let all_know = (0..WRITERS).all(|n| fleet.standing(n).is_some());
        if let Some(leader) = fleet.leader().filter(|_| all_know) {
            break leader;
        }
    };
    let others = [(leader + 1) % WRITERS, (leader + 2) % WRITERS];
    let address = fleet.address(others[0]);
    let began = Instant::now();
    fleet.kill(leader);
    let answered = thread::spawn(move || {
        let mut connection = Connection::open(address).expect("connects");
        let answer = connection.post("/add", format!("kill {n}").as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
        began.elapsed()
    });
    let has_noticed =
        |n: &usize| fleet.standing(*n).is_some_and(|said| said["role"] != "following");
    while !others.iter().any(has_noticed) {
        thread::sleep(Duration::from_millis(1));
    }
    let noticed = began.elapsed();
    let answered = answered.join().expect("it is answered");
    fleet.launch(leader);
    (answered, noticed.min(answered))
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    let (median, worst) = (median.as_millis(), worst.as_millis());
    format!("median {median} ms, worst {worst} ms of {}", times.len())
}

/// From now on the store is as slow as one on another machine.
pub fn move_away(bucket: &Bucket) {
    let slow = |time, operation| Rule::new(Fault::StallBefore(time)).on(operation);
    let faults = bucket.server.faults();
    faults.add(slow(PUT_TIME, Operation::Put));
    for operation in [Operation::Get, Operation::Head, Operation::List, Operation::DeleteMany] {
        faults.add(slow(READ_TIME, operation));
    }
}

#[test]
#[ignore = "prints figures, for minutes"]
fn figures_of_costs() {
    for kind in ["opaque", "hashedrekord"] {
        for (rate, duration) in [("1", "80s"), ("100", "20s"), ("5000", "15s")] {
            let bucket = Bucket::new();
            let mut command = bucket.writer(0);
            command.args(["--metrics-listen", "127.0.0.1:0", "--drain-seconds", "0"]);
            let mut writer = Writer::spawn(command);
            let Started { address, metrics, .. } = writer.expect_started();
            let metrics = metrics.expect("it serves metrics");
            move_away(&bucket);
            let ended = Command::new(bench())
                .args(["load", "--log", &format!("http://{address}"), "--kind", kind])
                .args(["--rate", rate, "--duration", duration, "--warmup", "2s"])
                .args(["--connections", "2000"])
                .args(["--metrics", &format!("http://{metrics}/metrics")])
                .output()
                .expect("it runs");
            let said = String::from_utf8_lossy(&ended.stdout);
            let error = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success(), "{said}{error}");
            println!("== {kind}, {rate}/s\n{said}");
            writer.stop();
        }
    }
}

/// The load generator.
pub fn bench() -> PathBuf {
    let bench = program("fasti-bench");
    assert!(bench.exists(), "build it first: cargo build --workspace --bins");
    bench
}
