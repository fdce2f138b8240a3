//! The contract of [`Store`](super::Store) and [`CommitLog`](super::CommitLog) as a test suite.
//!
//! Every implementation runs the same checks: call [`check`] with an empty store. It panics with
//! the clause that was broken, as test code does.

use bytes::Bytes;
use futures::future::join_all;
use tiles_spec::TreeSize;

use super::{
    Attempt, Created, NewObject, ObjectPath, RecordNumber, Replaced, StoreError, Stores, Version,
};

/// Runs every check on an empty store.
///
/// # Panics
/// When the store breaks its contract.
pub async fn check(stores: &Stores) {
    objects_are_absent_then_whole(stores).await;
    one_creator_wins(stores).await;
    replacement_is_conditional(stores).await;
    immutable_objects_never_change(stores).await;
    records_are_created_once(stores).await;
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).expect("a valid path")
}

async fn objects_are_absent_then_whole(stores: &Stores) {
    let objects = &stores.objects;
    assert!(objects.get(&path("a")).await.expect("answers").is_none(), "absent is None");
    assert!(objects.get(&path("a/b/c")).await.expect("answers").is_none(), "absent is None");
    for (name, size) in [("a", 0), ("b/c", 1), ("b/d/e", 300_000)] {
        let bytes = Bytes::from(vec![7; size]);
        let created = objects.create(&path(name), bytes.clone()).await.expect("creates");
        assert_eq!(created, Created::Now);
        let read = objects.get(&path(name)).await.expect("answers").expect("is there");
        assert_eq!(read.bytes, bytes, "reads back what was written");
    }
    let below_a_file = objects.get(&path("a/under")).await.expect("answers");
    assert!(below_a_file.is_none(), "a name below an object is absent");
}

async fn one_creator_wins(stores: &Stores) {
    let name = path("race/create");
    let creators = (0u8..16).map(|n| stores.objects.create(&name, Bytes::from(vec![n; 64])));
    let answers: Vec<Created> =
        join_all(creators).await.into_iter().map(|a| a.expect("answers")).collect();
    let winners: Vec<usize> = (0..answers.len()).filter(|&n| answers[n] == Created::Now).collect();
    assert_eq!(winners.len(), 1, "one of 16 concurrent creates wins");
    let read = stores.objects.get(&name).await.expect("answers").expect("is there");
    let winner = u8::try_from(winners[0]).expect("below 16");
    assert_eq!(read.bytes, vec![winner; 64], "the winner's bytes are kept");
}

async fn replacement_is_conditional(stores: &Stores) {
    let (objects, name) = (&stores.objects, path("replaced"));
    let unknown = Version("no such version".to_owned());
    let missing = objects.replace(&name, "x".into(), &unknown).await.expect("answers");
    assert_eq!(missing, Replaced::Conflict, "nothing to replace");
    objects.create(&name, "0".into()).await.expect("creates");
    let first = objects.get(&name).await.expect("answers").expect("is there").version;
    let Replaced::Now(second) = objects.replace(&name, "1".into(), &first).await.expect("answers")
    else {
        panic!("a replacement at the current version succeeds");
    };
    let stale = objects.replace(&name, "2".into(), &first).await.expect("answers");
    assert_eq!(stale, Replaced::Conflict, "a stale version is refused");
    let racers = (0u8..16).map(|n| objects.replace(&name, Bytes::from(vec![n; 9]), &second));
    let answers = join_all(racers).await;
    let won = answers.iter().filter(|a| matches!(a, Ok(Replaced::Now(_)))).count();
    assert_eq!(won, 1, "one of 16 concurrent replacements wins");
}

async fn immutable_objects_never_change(stores: &Stores) {
    let objects = &stores.objects;
    let new = |name: &str, bytes: &'static [u8]| NewObject {
        path: path(name),
        bytes: Bytes::from_static(bytes),
    };
    let batch = [new("tile/0/000.p/1", b"one"), new("tile/entries/x001/000", b"two")];
    objects.put_immutable(&batch, Attempt::First).await.expect("writes");
    objects.put_immutable(&batch, Attempt::First).await.expect("the same bytes again are fine");
    objects.put_immutable(&batch, Attempt::Again).await.expect("and so when written anew");
    for attempt in [Attempt::First, Attempt::Again] {
        let other = [new("tile/0/000.p/1", b"else")];
        let refused = objects.put_immutable(&other, attempt).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "other bytes are refused");
    }
    let read = objects.get(&path("tile/0/000.p/1")).await.expect("answers").expect("is there");
    assert_eq!(read.bytes, "one", "what was there stays");
}

async fn records_are_created_once(stores: &Stores) {
    let commits = &stores.commits;
    assert_eq!(commits.newest().await.expect("answers"), None, "no records at first");
    let mut number = RecordNumber::FIRST;
    for n in 0u8..20 {
        let bytes = Bytes::from(vec![n; 10 + usize::from(n)]);
        let created = commits.create(number, bytes.clone()).await.expect("creates");
        assert_eq!(created, Created::Now);
        let again = commits.create(number, "else".into()).await.expect("answers");
        assert_eq!(again, Created::Already, "a number is taken once");
        assert_eq!(commits.read(number).await.expect("answers"), Some(bytes));
        assert_eq!(commits.newest().await.expect("answers"), Some(number));
        assert_eq!(commits.read(number.next()).await.expect("answers"), None);
        commits.settle(number, TreeSize::ZERO).await.expect("settles");
        assert!(commits.read(number).await.expect("answers").is_some(), "the newest is kept");
        number = number.next();
    }
}
