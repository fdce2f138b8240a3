//! The probe: honest stores pass and are left unchanged, others are named.

use std::sync::Arc;

use fasti::store::probe::{Check, ProbeError, examine, probe};
use fasti::store::{DirectoryOptions, DirectoryStore, Housekeeping as _, MemoryStore, Stores};
use futures::StreamExt as _;
use object_store::ObjectStore as _;
use object_store::memory::InMemory;

use super::bucket_over;
use super::faulty::{Conditions, Fault, Faulty};

const NONCE: [u8; 16] = [0xa5; 16];

#[tokio::test]
async fn honest_stores_pass_and_are_left_as_they_were() {
    let client = Arc::new(InMemory::new());
    probe(&Stores::shared(Arc::new(bucket_over(client.clone()))), NONCE).await.unwrap();
    assert_eq!(client.list(None).count().await, 0, "nothing is left");

    let memory = Arc::new(MemoryStore::default());
    let found = examine(&Stores::shared(memory.clone()), NONCE).await;
    let checks: Vec<Check> = found.checks.iter().map(|(check, _)| *check).collect();
    let all = [Check::Creates, Check::Replacements, Check::Increments, Check::Listing];
    assert_eq!(checks, all);
    assert!(found.checks.iter().all(|(_, verdict)| verdict.is_ok()));
    assert_eq!(memory.list("", None, 1).await.unwrap(), []);
    let requests = |what| found.latencies[what].requests;
    assert!(requests("create") >= 4 * 17 && requests("get") > 4 && requests("replace") > 18);

    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(directory.path(), DirectoryOptions::default()).unwrap();
    probe(&Stores::of(Arc::new(store)), NONCE).await.unwrap();
}

async fn verdicts(conditions: Conditions) -> Vec<(Check, ProbeError)> {
    let client = Arc::new(Faulty::with_conditions(conditions));
    let stores = Stores::shared(Arc::new(bucket_over(client)));
    let refused = probe(&stores, NONCE).await.unwrap_err();
    assert!(refused.is_refusal(), "{refused}");
    let found = examine(&stores, NONCE).await;
    found.checks.into_iter().filter_map(|(check, verdict)| Some((check, verdict.err()?))).collect()
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_named() {
    let found = verdicts(Conditions::Ignored).await;
    let [(Check::Creates, creates), (Check::Replacements, replaces), (Check::Increments, lost)] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    let told = creates.to_string();
    assert!(told.starts_with("16 of 16 concurrent creates of one name were all told"), "{told}");
    assert!(told.contains("fork"), "{told}");
    assert!(matches!(replaces, ProbeError::NothingReplaced), "{replaces}");
    assert!(matches!(lost, ProbeError::UpdatesLost { expected: 8, counted } if *counted < 8));
}

#[tokio::test]
async fn a_store_that_checks_without_a_lock_is_named() {
    let found = verdicts(Conditions::CheckedWithoutLock).await;
    let [(Check::Creates, creates), (Check::Replacements, replaces), (Check::Increments, lost)] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    assert!(matches!(creates, ProbeError::ManyCreators { winners } if *winners > 1), "{creates}");
    assert!(matches!(replaces, ProbeError::ManyReplacers { winners } if *winners > 1));
    assert!(matches!(lost, ProbeError::UpdatesLost { .. }), "{lost}");
}

#[tokio::test]
async fn a_store_that_only_pretends_is_named() {
    let found = verdicts(Conditions::Pretended).await;
    assert!(matches!(found[0].1, ProbeError::ManyCreators { winners: 16 }), "{found:?}");
    assert!(found.iter().any(|(check, _)| *check == Check::Replacements), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn lost_answers_are_no_verdict() {
    let client = Arc::new(Faulty::default());
    let stores = Stores::shared(Arc::new(bucket_over(client.clone())));
    let unclear: Vec<_> = [Some(Fault::AppliedUnanswered), None, Some(Fault::SaidToExist), None]
        .into_iter()
        .cycle()
        .take(60)
        .collect();
    client.next(&unclear);
    probe(&stores, NONCE).await.unwrap();

    client.next(&[Some(Fault::LostUnanswered); 1000]);
    let found = examine(&stores, [1; 16]).await;
    assert!(matches!(found.checks[..], [(Check::Creates, Err(ProbeError::Store(_)))]));
    client.next(&[Some(Fault::Forbidden)]);
    let refused = probe(&stores, [2; 16]).await.unwrap_err();
    assert!(!refused.is_refusal(), "{refused}");
}
