//! An honest store that refuses a conditional write with 409 while another write of the same name
//! is in progress: writers start on it, take over, and answer as on any other store. A store that
//! only ever refuses is named.

use std::thread;
use std::time::Duration;

use fasti_buckets::Conditions;

use crate::bucket::{Bucket, HASTY};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::{Over, Scene};
use crate::writer::{Ended, Writer};

const SEED: u64 = 1;
const CLIENTS: u64 = 4;
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn writers_share_a_store_that_takes_one_write_at_a_time() {
    share(Conditions::OneAtATime);
}

#[test]
fn writers_share_a_store_that_refuses_all_writes_that_meet() {
    share(Conditions::Colliding);
}

/// Three writers under load, whose leader is killed again and again.
fn share(conditions: Conditions) {
    let (bucket, scene) = (Bucket::with_conditions(conditions), Scene::new(PATIENCE));
    let mut fleet = Fleet::of(&scene, &bucket, &HASTY);
    thread::scope(|threads| {
        let over = Over(&scene);
        let scene = &scene;
        let clients: Vec<_> =
            (0..CLIENTS).map(|n| threads.spawn(move || scene.submit_opaque(n, SEED))).collect();
        for _ in 0..3 {
            fleet.wait(Duration::from_secs(1));
            let leader = fleet.leader().unwrap_or_default();
            fleet.kill(leader);
            fleet.wait(Duration::from_secs(1));
            fleet.launch(leader);
        }
        drop(over);
        let unanswered: Vec<Vec<u8>> =
            clients.into_iter().flat_map(|c| c.join().expect("no client panics")).collect();
        scene.resubmit(fleet.address(0), &unanswered);
    });
    (0..WRITERS).for_each(|n| fleet.terminate(n));
    let reader = bucket.reader();
    let verified = scene.verify(&|path| reader.read(path), &bucket.verifier_key());
    println!("{} entries, {} answers", verified.entries, verified.acknowledgements);
    assert!(verified.entries > 20);
    bucket.fsck();
}

#[test]
fn a_store_that_refuses_for_ever_is_named() {
    let bucket = Bucket::with_conditions(Conditions::NeverFree);
    let mut command = bucket.writer(0);
    command.args(HASTY);
    let Err(Ended { status, stderr }) = Writer::spawn(command).address() else {
        panic!("it starts on a store that takes nothing");
    };
    assert_eq!(status.code(), Some(1));
    assert!(
        stderr.contains("another write of") && stderr.contains("nobody else writes there"),
        "{stderr}"
    );
}
