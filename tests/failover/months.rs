//! What a log in a bucket takes in a month, printed: three writers, idle and under steady load, and
//! the requests that their store counted, scaled up.
//!
//! It takes minutes, so it runs only on request:
//! `cargo test --workspace --test failover -- --ignored --nocapture a_month`.
//! With `FASTI_PROGRAMS=target/release` the programs are those of a release build.

use std::process::Command;
use std::time::Duration;

use crate::bucket::Bucket;
use crate::figures::{bench, move_away};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::Scene;

/// Seconds of an average month.
const MONTH: f64 = 2_629_800.0;

/// After so long, a head has been kept, and what is not needed any more is removed.
const SETTLED: Duration = Duration::from_secs(100);

/// Entries per second, and for how long.
const RATES: [(u32, u32); 3] = [(0, 300), (10, 120), (1_000, 60)];

#[test]
#[ignore = "prints figures, for minutes"]
fn a_month() {
    for (rate, seconds) in RATES {
        let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
        let mut fleet = Fleet::of(&scene, &bucket, &[]);
        move_away(&bucket);
        // The first head, the first revision of the index, and what the log does once it is quiet.
        load(&fleet, 10, 20);
        fleet.wait(SETTLED);
        let kept_before = kept(&bucket);
        bucket.server.tally().reset();
        if rate == 0 {
            fleet.wait(Duration::from_secs(seconds.into()));
        } else {
            load(&fleet, rate, seconds);
        }
        let counts = bucket.server.tally().reset();
        println!("== {rate} entries/s for {seconds} s, scaled to a month");
        let scale = MONTH / f64::from(seconds);
        for (operation, count) in counts {
            let [requests, received, sent] = [count.requests, count.received, count.sent]
                .map(|n| f64::from(u32::try_from(n).expect("a short run")) * scale);
            println!("{operation:?}: {requests:.0} requests, {received:.0} B in, {sent:.0} B out");
        }
        // Of few entries most are in objects that are not full.
        if rate >= 1_000 {
            fleet.wait(SETTLED);
            let more = kept(&bucket).checked_sub(kept_before).expect("a larger log takes more");
            println!("kept: {} bytes per entry", more / u64::from(rate * seconds));
        }
    }
}

/// Submits hashedrekords to all writers.
fn load(fleet: &Fleet<'_>, rate: u32, seconds: u32) {
    let mut command = Command::new(bench());
    command.args(["load", "--kind", "hashedrekord", "--connections", "300", "--warmup", "0s"]);
    command.args(["--rate", &rate.to_string(), "--duration", &format!("{seconds}s")]);
    for n in 0..WRITERS {
        command.args(["--log", &format!("http://{}", fleet.address(n))]);
    }
    let ended = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
}

fn kept(bucket: &Bucket) -> u64 {
    bucket.server.objects().all().values().map(|object| object.bytes.len() as u64).sum()
}
