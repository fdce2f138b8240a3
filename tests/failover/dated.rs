//! Clients of Rekor v1 may ask any writer: each takes proposals, and all tell the same time for an
//! entry, also once another leads.

use std::thread;
use std::time::Duration;

use fasti_kit::certificates::{P256, Signer};
use fasti_kit::http::{Answer, Connection};
use fasti_kit::proposals::hashedrekord;
use serde_json::Value;
use tiles_spec::VerifierKey;

use crate::bucket::{Bucket, HASTY};
use crate::fleet::{Fleet, WRITERS};
use crate::scene::Scene;

const ENTRIES: &str = "/api/v1/log/entries";
const PROPOSALS: usize = 9;

/// What a log promises of an entry: its ID, its index, its time.
type Promise = (String, u64, u64);

/// Verifies the signed timestamp of the one entry in an answer.
#[track_caller]
fn promised(answer: &Answer, key: &VerifierKey) -> Promise {
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let (id, entry) = answer.as_object().and_then(|of| of.iter().next()).expect("an entry");
    let said = format!(
        r#"{{"body":{},"integratedTime":{},"logID":{},"logIndex":{}}}"#,
        entry["body"], entry["integratedTime"], entry["logID"], entry["logIndex"],
    );
    let signature = entry["verification"]["signedEntryTimestamp"].as_str().expect("a signature");
    assert!(key.verify(&said, &decode(signature)), "{answer}");
    let number = |name: &str| entry[name].as_u64().expect("a number");
    (id.clone(), number("logIndex"), number("integratedTime"))
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// Checks what a writer says about entries that others have promised.
#[track_caller]
fn are_kept(fleet: &Fleet<'_>, n: usize, promises: &[Promise], key: &VerifierKey) {
    let mut connection = Connection::open(fleet.address(n)).expect("it listens");
    for promise in promises {
        let (id, index, _) = promise;
        for target in [format!("{ENTRIES}/{id}"), format!("{ENTRIES}?logIndex={index}")] {
            let answer = connection.get(&target).expect("an answer");
            assert_eq!(answer.status, 200, "writer {n}: {target}");
            assert_eq!(promised(&answer, key), *promise, "writer {n}: {target}");
        }
    }
}

#[test]
fn every_writer_tells_the_same_times() {
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    let mut fleet = Fleet::of(&scene, &bucket, &HASTY);
    fleet.wait(Duration::from_millis(500));
    let leader = fleet.leader().expect("somebody leads");
    let (key, signer) = (bucket.verifier_key(), Signer::generate(P256));
    let proposal = |n: usize| {
        let artifact = format!("artifact {n}");
        hashedrekord(&signer, artifact.as_bytes(), None).to_string().into_bytes()
    };
    let submit = |fleet: &Fleet<'_>, n: usize, proposal: &[u8]| {
        let mut connection = Connection::open(fleet.address(n)).expect("it listens");
        connection.post_json(ENTRIES, proposal).expect("an answer")
    };
    let proposals: Vec<_> = (0..PROPOSALS).map(proposal).collect();
    let mut promises = Vec::new();
    for (n, proposal) in proposals.iter().enumerate() {
        let answer = submit(&fleet, n % WRITERS, proposal);
        assert_eq!(answer.status, 201, "{:?}", String::from_utf8_lossy(&answer.body));
        promises.push(promised(&answer, &key));
        // The clock moves on between entries.
        thread::sleep(Duration::from_millis(250));
    }
    assert!(promises.iter().map(|(_, index, _)| *index).eq(0..PROPOSALS as u64), "{promises:?}");
    assert!(promises.is_sorted_by_key(|(_, _, time)| *time), "{promises:?}");
    assert_ne!(promises[0].2, promises[PROPOSALS - 1].2, "two seconds have passed");
    (0..WRITERS).for_each(|n| are_kept(&fleet, n, &promises, &key));

    fleet.kill(leader);
    fleet.wait(Duration::from_secs(2));
    assert!(fleet.leader().is_some_and(|next| next != leader), "another leads");
    for n in (0..WRITERS).filter(|n| *n != leader) {
        are_kept(&fleet, n, &promises, &key);
        // Nor is an entry taken twice, by whichever writer.
        for (proposal, (id, ..)) in proposals.iter().zip(&promises) {
            let answer = submit(&fleet, n, proposal);
            let said = String::from_utf8(answer.body).expect("text");
            assert_eq!(answer.status, 409, "writer {n}: {said}");
            assert!(said.contains(id), "writer {n}: {said}");
        }
    }
    (0..WRITERS).filter(|n| *n != leader).for_each(|n| fleet.terminate(n));
}
