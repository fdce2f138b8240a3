//! A log is frozen while three busy writers run.
//!
//! Each client is told either its entry's index or that the log has ended, and nothing else; and
//! every acknowledged entry is in the last tree.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fasti_buckets::{Fault, Rule};
use fasti_kit::http::Connection;
use serde_json::Value;

use crate::bucket::{Bucket, fasti};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::{Over, Scene, index};

const CLIENTS: usize = 9;
/// The least that a request to the store takes.
const ROUND_TRIP: Duration = Duration::from_millis(20);
const LOG_FROZEN: &str = "This log has been frozen, please switch to the latest log.\n";

#[test]
fn a_log_is_frozen_while_its_writers_are_busy() {
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    bucket.server.faults().add(Rule::new(Fault::StallBefore(ROUND_TRIP)));
    let taken = AtomicUsize::new(0);
    thread::scope(|threads| {
        let over = Over(&scene);
        let mut fleet = Fleet::of(&scene, &bucket, &["--drain-seconds", "0"]);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| (n, fleet.address(n % WRITERS), &scene, &taken))
            .map(|(n, address, scene, taken)| {
                threads.spawn(move || {
                    let mut connection = Connection::open(address).expect("connects");
                    for round in 0.. {
                        let entry = format!("client {n} entry {round}").into_bytes();
                        let answer = connection.post("/add", &entry).expect("an answer");
                        if answer.status == 405 {
                            assert_eq!(answer.body, LOG_FROZEN.as_bytes());
                            return;
                        }
                        assert_eq!(answer.status, 200, "{:?}", String::from_utf8(answer.body));
                        scene.acknowledge(entry, index(&answer.body));
                        taken.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        fleet.wait(Duration::from_secs(4));
        let began = Instant::now();
        let frozen = freeze(&bucket);
        println!("frozen after {:?}: {}", began.elapsed(), frozen["TreeSize"]);
        assert_eq!(frozen["Already"], false);
        for client in clients {
            client.join().expect("is told one of the two");
        }
        fleet.wait(Duration::from_secs(5));
        for n in 0..WRITERS {
            let standing = fleet.standing(n).expect("it runs");
            assert_eq!(
                (&standing["status"], &standing["role"]),
                (&"frozen".into(), &"frozen".into())
            );
            assert_eq!(standing["treeSize"], frozen["TreeSize"]);
        }
        let shown = bucket.reader().read("checkpoint");
        assert_eq!(shown.as_deref(), frozen["Checkpoint"].as_str().map(str::as_bytes));
        fleet.kill(0);
        fleet.launch(0);
        assert_eq!(fleet.standing(0).expect("it runs")["role"], "frozen");
        assert_eq!(freeze(&bucket)["Already"], true);
        assert_eq!(bucket.reader().read("checkpoint"), shown, "it stays as it is");
        assert!(bucket.names("_writer/freezing").is_empty(), "the note was taken away");
        let taken = taken.load(Ordering::SeqCst);
        assert!(taken > 200, "there was load: {taken}");
        assert_eq!(frozen["TreeSize"], taken, "everything in the log was acknowledged");
        drop(over);
        (0..WRITERS).for_each(|n| fleet.terminate(n));
    });
    let reader = bucket.reader();
    scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    bucket.fsck();
}

fn freeze(bucket: &Bucket) -> Value {
    let mut command = Command::new(fasti());
    command.env_clear().args(["freeze", "--format", "json"]);
    bucket.tell_store(&mut command);
    command.arg("--key").arg(bucket.path("log.key"));
    let Output { status, stdout, stderr } = command.output().expect("the command runs");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    serde_json::from_slice(&stdout).expect("JSON")
}
