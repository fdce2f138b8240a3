//! Lost and misleading answers: the store distinguishes what may have happened from what did not.

use std::sync::Arc;

use fasti::store::{
    Attempt, CommitLog, Created, NewObject, RecordNumber, Replaced, Store, StoreError,
};

use super::faulty::{Fault, Faulty};
use super::{bucket_over, path};

fn faulty() -> (Arc<Faulty>, Arc<dyn Store>) {
    let client = Arc::new(Faulty::default());
    (client.clone(), Arc::new(bucket_over(client)))
}

fn is_ambiguous<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Ambiguous { .. }))
}

#[tokio::test]
async fn a_create_is_sent_once_and_believed_as_far_as_its_answer_goes() {
    let (client, store) = faulty();
    client.next(&[Some(Fault::AppliedUnanswered)]);
    assert!(is_ambiguous(&store.create(&path("a"), "1".into()).await), "it may be there");
    assert_eq!(store.create(&path("a"), "1".into()).await.unwrap(), Created::Already);

    client.next(&[Some(Fault::LostUnanswered)]);
    assert!(is_ambiguous(&store.create(&path("b"), "1".into()).await), "it may be there");
    assert!(store.get(&path("b")).await.unwrap().is_none(), "the store retries nothing on its own");
    assert_eq!(store.create(&path("b"), "1".into()).await.unwrap(), Created::Now);

    client.next(&[Some(Fault::SaidToExist)]);
    assert!(is_ambiguous(&store.create(&path("c"), "1".into()).await), "nothing is there");
    assert_eq!(store.create(&path("c"), "1".into()).await.unwrap(), Created::Now);
    client.next(&[Some(Fault::SaidToExist)]);
    assert_eq!(store.create(&path("c"), "1".into()).await.unwrap(), Created::Already);

    for refused in [Fault::Forbidden, Fault::Malformed] {
        client.next(&[Some(refused)]);
        let answer = store.create(&path("d"), "1".into()).await;
        assert!(matches!(answer, Err(StoreError::Io { .. })), "{refused:?} had no effect");
    }
}

#[tokio::test]
async fn so_is_a_commit_record() {
    let client = Arc::new(Faulty::default());
    let commits: Arc<dyn CommitLog> = Arc::new(bucket_over(client.clone()));
    for fault in [Fault::AppliedUnanswered, Fault::LostUnanswered, Fault::SaidToExist] {
        client.next(&[Some(fault)]);
        let number = RecordNumber::new(fault as u64 + 1).unwrap();
        let answer = commits.create(number, "record".into()).await;
        assert!(is_ambiguous(&answer), "{fault:?}");
    }
    assert_eq!(commits.newest().await.unwrap(), RecordNumber::new(1));
}

#[tokio::test]
async fn a_replacement_is_sent_once() {
    let (client, store) = faulty();
    let name = path("checkpoint");
    store.create(&name, "0".into()).await.unwrap();
    let first = store.get(&name).await.unwrap().unwrap().version;
    client.next(&[Some(Fault::AppliedUnanswered)]);
    assert!(is_ambiguous(&store.replace(&name, "1".into(), &first).await));
    let again = store.replace(&name, "1".into(), &first).await.unwrap();
    assert_eq!(again, Replaced::Conflict, "the stored bytes show that it was ours");
    let second = store.get(&name).await.unwrap().unwrap();
    assert_eq!(second.bytes, "1");
    // "Exists" is no valid answer to a replacement.
    client.next(&[Some(Fault::SaidToExist)]);
    assert!(is_ambiguous(&store.replace(&name, "2".into(), &second.version).await));
    client.next(&[Some(Fault::LostUnanswered)]);
    assert!(is_ambiguous(&store.replace(&name, "2".into(), &second.version).await));
    assert_eq!(store.get(&name).await.unwrap().unwrap().bytes, "1");
    client.next(&[Some(Fault::Forbidden)]);
    let refused = store.replace(&name, "2".into(), &second.version).await;
    assert!(matches!(refused, Err(StoreError::Io { .. })));
}

#[tokio::test(start_paused = true)]
async fn immutable_objects_are_written_until_there_is_an_answer() {
    let (client, store) = faulty();
    let new =
        |name: &str, bytes: &'static str| [NewObject { path: path(name), bytes: bytes.into() }];
    for fault in [Fault::AppliedUnanswered, Fault::LostUnanswered, Fault::SaidToExist] {
        client.next(&[Some(fault), Some(fault), None]);
        let tile = new(&format!("tile/{}/000.p/1", fault as u8), "bytes");
        store.put_immutable(&tile, Attempt::First).await.unwrap();
        assert_eq!(store.get(&tile[0].path).await.unwrap().unwrap().bytes, "bytes", "{fault:?}");
    }
    client.next(&[Some(Fault::LostUnanswered); 10]);
    let answer = store.put_immutable(&new("tile/9/000.p/1", "x"), Attempt::First).await;
    assert!(is_ambiguous(&answer), "finally the missing answer is reported");
    client.next(&[Some(Fault::AppliedUnanswered)]);
    let other = store.put_immutable(&new("tile/0/000.p/1", "other"), Attempt::First).await;
    assert!(matches!(other, Err(StoreError::Conflict { .. })), "nothing is overwritten");
    client.next(&[Some(Fault::Forbidden)]);
    let refused = store.put_immutable(&new("tile/9/000.p/1", "x"), Attempt::First).await;
    assert!(matches!(refused, Err(StoreError::Io { .. })), "a refusal is final");
}
