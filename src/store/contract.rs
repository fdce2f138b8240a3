//! The contract of [`Store`](super::Store), [`CommitLog`](super::CommitLog) and
//! [`Housekeeping`] as a test suite.
//!
//! Every implementation runs the same checks: call [`check`] with an empty store. It panics with
//! the clause that was broken, as test code does. A store without housekeeping is exempt from the
//! checks of removals.

use bytes::Bytes;
use futures::future::join_all;
use tiles_spec::TreeSize;

use super::{
    Attempt, Created, Housekeeping, NewObject, ObjectPath, RecordNumber, Replaced, StoreError,
    Stores,
};

/// Runs every check on an empty store.
///
/// # Panics
/// Panics if the store breaks its contract.
pub async fn check(stores: &Stores) {
    objects_are_absent_then_whole(stores).await;
    one_creator_wins(stores).await;
    replacement_is_conditional(stores).await;
    immutable_objects_never_change(stores).await;
    bytes_come_back_as_they_were(stores).await;
    parts_are_exact(stores).await;
    records_are_created_once(stores).await;
    if let Some(housekeeping) = &stores.housekeeping {
        listings_are_ordered_and_bounded(stores, &**housekeeping).await;
        removal_is_final_and_notes_are_overwritten(stores, &**housekeeping).await;
        the_newest_record_is_found_past_gaps_and_wrong_hints(stores, &**housekeeping).await;
    }
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).expect("a valid path")
}

async fn objects_are_absent_then_whole(stores: &Stores) {
    let objects = &stores.objects;
    assert!(objects.get(&path("a")).await.expect("answers").is_none(), "absent is None");
    assert!(objects.get(&path("a/b/c")).await.expect("answers").is_none(), "absent is None");
    for (name, size) in [
        ("a", 0),
        ("b/c", 1),
        ("b/d/e", 300_000),
        // Some stores pack this one.
        ("tile/entries/x123/456.p/9", 3000),
        ("lookup/tile/entries/000.p/1", 300),
        ("lookup/run/0/256/0", 300_000),
    ] {
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
    objects.create(&path("other"), "other".into()).await.expect("creates");
    let of_another = objects.get(&path("other")).await.expect("answers").expect("is there").version;
    let missing = objects.replace(&name, "x".into(), &of_another).await.expect("answers");
    assert_eq!(missing, Replaced::Conflict, "nothing to replace");
    objects.create(&name, "0".into()).await.expect("creates");
    let first = objects.get(&name).await.expect("answers").expect("is there").version;
    let Replaced::Now(second) = objects.replace(&name, "1".into(), &first).await.expect("answers")
    else {
        panic!("a replacement at the current version succeeds");
    };
    let stale = objects.replace(&name, "2".into(), &first).await.expect("answers");
    assert_eq!(stale, Replaced::Conflict, "a stale version is refused");
    let there = objects.get(&name).await.expect("answers").expect("is there");
    assert_eq!(there.bytes, "1", "what a stale version did not replace stays");
    assert_eq!(there.version, second, "a version reads as it was told");
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

async fn bytes_come_back_as_they_were(stores: &Stores) {
    let objects = &stores.objects;
    let every_byte: Vec<u8> = (0..=255).cycle().take(65_537).collect();
    // Long, and without a pattern that would compress well.
    let large: Vec<u8> = (0..6_000_000u32).map(|n| n.wrapping_mul(n).to_le_bytes()[1]).collect();
    let gzip_like = [b"\x1f\x8b\x08\x00".as_slice(), &every_byte[..100]].concat();
    let batch: Vec<NewObject> = [
        ("tile/0/x009/000", every_byte[..8192].to_vec()),
        ("tile/entries/x009/000.p/1", every_byte.clone()),
        ("tile/entries/x009/000.p/2", gzip_like.clone()),
        ("tile/entries/x009/000", large),
    ]
    .into_iter()
    .map(|(name, bytes)| NewObject { path: path(name), bytes: bytes.into() })
    .collect();
    objects.put_immutable(&batch, Attempt::First).await.expect("writes");
    objects.put_immutable(&batch, Attempt::Again).await.expect("finds the same bytes");
    objects.put_immutable(&[], Attempt::First).await.expect("nothing to write");
    for object in &batch {
        let read = objects.get(&object.path).await.expect("answers").expect("is there");
        assert!(read.bytes == object.bytes, "{} reads as it was written", object.path);
    }
    for (name, bytes) in [("binary", every_byte), ("gzip-like", gzip_like)] {
        objects.create(&path(name), bytes.clone().into()).await.expect("creates");
        let read = objects.get(&path(name)).await.expect("answers").expect("is there");
        assert!(read.bytes == bytes, "{name} reads as it was written");
    }
}

/// Runs after [`bytes_come_back_as_they_were`], whose objects it reads in parts.
async fn parts_are_exact(stores: &Stores) {
    let objects = &stores.objects;
    for name in ["tile/entries/x009/000", "tile/0/x009/000", "binary", "b/c"] {
        let whole = objects.get(&path(name)).await.expect("answers").expect("is there").bytes;
        let length = whole.len() as u64;
        assert_eq!(objects.length(&path(name)).await.expect("answers"), Some(length), "{name}");
        for (start, end) in [
            (0, length),
            (0, 1),
            (length - 1, length),
            (length / 3, length / 2 + 1),
            (length / 2, length / 2),
            (length + 7, length),
        ] {
            let part = objects.get_range(&path(name), start..end).await.expect("answers");
            let place = |at: u64| usize::try_from(at).expect("small");
            let expected = if start < end { &whole[place(start)..place(end)] } else { &[] };
            assert!(part.expect("is there") == expected, "bytes {start} to {end} of {name}");
        }
        for (start, end) in [
            (0, length + 1),
            (length, length + 1),
            (length + 1, length + 2),
            (0, u64::MAX),
            (u64::MAX - 1, u64::MAX),
        ] {
            let refused = objects.get_range(&path(name), start..end).await;
            let refused = refused.expect_err("it ends before");
            assert!(matches!(refused, StoreError::Corrupt { .. }), "{name}: {refused:?}");
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }
    for name in ["nothing", "a/under", "tile/entries/x009/001"] {
        for range in [0..10, 5..5] {
            let part = objects.get_range(&path(name), range).await.expect("answers");
            assert!(part.is_none(), "no part of what is absent");
        }
        assert_eq!(objects.length(&path(name)).await.expect("answers"), None, "nor a length");
    }
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

async fn listings_are_ordered_and_bounded(stores: &Stores, housekeeping: &dyn Housekeeping) {
    let names = ["list/a", "list/a.p/1", "list/a/1", "list/b", "list/b/2", "list0", "lis/t"];
    for name in names {
        stores.objects.create(&path(name), "x".into()).await.expect("creates");
    }
    let list = async |prefix: &str, after: Option<&str>, max| {
        let after = after.map(path);
        let listed = housekeeping.list(prefix, after.as_ref(), max).await.expect("lists");
        listed.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let all = ["list/a", "list/a.p/1", "list/a/1", "list/b", "list/b/2"];
    assert_eq!(list("list/", None, 100).await, all, "in ascending order");
    assert_eq!(list("list/", None, 2).await, all[..2], "no more than asked for");
    assert_eq!(list("list/", None, 0).await, [""; 0], "none if none are asked for");
    assert_eq!(list("list/", Some("list/a.p/1"), 2).await, all[2..4], "only those behind");
    assert_eq!(list("list/", Some("list/b/2"), 9).await, [""; 0], "nothing behind the last");
    assert_eq!(list("list/a", None, 9).await, all[..3], "a prefix may end within a name");
    assert_eq!(list("list/b/", None, 9).await, all[4..], "a prefix may end with a slash");
    assert_eq!(list("nothing/", None, 9).await, [""; 0], "nothing there");
    let first = housekeeping.list("", None, 1).await.expect("lists");
    assert_eq!(first.len(), 1, "everything begins with nothing");
}

async fn removal_is_final_and_notes_are_overwritten(
    stores: &Stores,
    housekeeping: &dyn Housekeeping,
) {
    housekeeping.remove(&[]).await.expect("nothing to remove");
    let gone = ["list/a", "list/b/2", "list/never"].map(path);
    for _ in 0..2 {
        housekeeping.remove(&gone).await.expect("removes what is there");
        for name in &gone {
            let read = stores.objects.get(name).await.expect("answers");
            assert!(read.is_none(), "what was removed is absent");
        }
    }
    let left = stores.objects.get(&path("list/a/1")).await.expect("answers");
    assert!(left.is_some(), "nothing else is removed");
    let again = stores.objects.create(&gone[0], "new".into()).await.expect("creates");
    assert_eq!(again, Created::Now, "a name is free once its object was removed");
    for note in ["1", "22", ""] {
        housekeeping.note(&path("note"), note.into()).await.expect("notes");
        let read = stores.objects.get(&path("note")).await.expect("answers").expect("is there");
        assert_eq!(read.bytes, note, "the last note is kept");
    }
}

/// Runs after [`records_are_created_once`], which leaves 20 records.
async fn the_newest_record_is_found_past_gaps_and_wrong_hints(
    stores: &Stores,
    housekeeping: &dyn Housekeeping,
) {
    let number = |n| RecordNumber::new(n).expect("not zero");
    let newest = async || stores.commits.newest().await.expect("answers").map(RecordNumber::get);
    let hint = async |hint: &'static str| {
        housekeeping.note(&ObjectPath::trimmed(), hint.into()).await.expect("notes");
    };
    stores.commits.create(number(1_000), "far".into()).await.expect("creates");
    assert_eq!(newest().await, Some(1_000), "the highest, whatever is missing below");
    let removed = [1_000, 3, 4, 19].map(|n| ObjectPath::commit_record(number(n)));
    housekeeping.remove(&removed).await.expect("removes");
    assert_eq!(newest().await, Some(20), "a removed record is not the newest");
    assert_eq!(stores.commits.read(number(19)).await.expect("answers"), None, "is absent");
    for note in ["18", "20", "21", "0", "18446744073709551615", "18446744073709551616", "?", ""] {
        hint(note).await;
        assert_eq!(newest().await, Some(20), "with the hint {note:?}");
    }
    let listed = housekeeping.list("_writer/commit/", None, 100).await.expect("lists");
    let numbers: Vec<u64> =
        listed.iter().filter_map(ObjectPath::record_number).map(RecordNumber::get).collect();
    let mut there = Vec::new();
    for n in 1..=20 {
        let record = stores.commits.read(number(n)).await.expect("answers");
        there.extend(record.map(|_| n));
    }
    assert_eq!(numbers, there, "the records that are there are listed under their paths");
    assert!(!there.contains(&4) && there.ends_with(&[18, 20]), "none but the removed are gone");
}
