//! Searches over all shards: newest first, in parts, and what headers say beside them.

use std::thread;
use std::time::{Duration, Instant};

use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use super::super::client::{Client, ENTRIES, SEARCH, is_a_line, refuses};
use super::super::proposals::{hashedrekord, sha256};
use super::scene::{Ended, flags};
use crate::reader::{self, text};
use crate::submitter::{P256, Submitter};
use crate::wire::{get, post};

/// Logs this many signatures over one artifact, by crowds.
fn crowd(writer: &Writer, count: usize) {
    let address = writer.address;
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(move || {
                for _ in 0..count / 10 {
                    let request = Submitter::of(P256).request("the same", None).to_string();
                    let answer = post(address, reader::ENTRIES, request.as_bytes());
                    assert_eq!(answer.status, 201, "{}", answer.text());
                }
            });
        }
    });
}

/// Asks, and returns the shards (by the first digits of the IDs) and the headers.
fn ask(client: &Client, query: &str, question: &Value) -> (Vec<String>, [Option<String>; 3]) {
    let answer = client.post(&format!("{SEARCH}{query}"), question);
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    is_a_line(&answer);
    let ids = answer.json();
    let ids = ids.as_array().expect("an array").iter().map(|id| text(id).to_owned()).collect();
    let field = |name| answer.field(name).map(str::to_owned);
    (ids, ["fasti-log-size", "fasti-complete", "fasti-next"].map(field))
}

fn said(size: u64, complete: &str, next: Option<u64>) -> [Option<String>; 3] {
    let next = next.map(|next| next.to_string());
    [Some(size.to_string()), Some(complete.to_owned()), next]
}

#[test]
fn all_shards_are_searched() {
    let ann = Submitter::stranger();
    let by = |artifact: &str| hashedrekord(&ann, artifact, Some(&ann.certificate("a@b.c")));
    let old = Ended::of(&[], &[by("one"), by("two")], Client::of);
    // This one has an index, which covers it all; the other has none.
    let indexed = Writer::start(&["--lookup-seconds", "1"]);
    let client = Client::of(&indexed);
    let entries = vec![client.submit(&by("one"))];
    let started = Instant::now();
    while get(indexed.address, "/lookup/latest").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "{}", indexed.home.said());
        thread::sleep(Duration::from_millis(50));
    }
    let indexed = Ended::after(indexed, client, entries);
    let names = [old.flag(), indexed.flag()];
    let writer = Writer::start(&flags(&names, &[]));
    let client = Client::of(&writer).from(3);
    let newest = client.submit(&by("one"));

    let ids = [&old.entries[0], &old.entries[1], &indexed.entries[0], &newest];
    let ids = ids.map(|entry| entry.id.clone());
    let one = json!({"hash": sha256("one")});
    for (query, question, expected) in [
        ("", one.clone(), vec![&ids[3], &ids[2], &ids[0]]),
        ("?since=1", one.clone(), vec![&ids[3], &ids[2]]),
        ("?since=3", one.clone(), vec![&ids[3]]),
        ("?since=4", one.clone(), vec![]),
        ("?since=9223372036854775807", one, vec![]),
        ("", json!({"email": "a@b.c"}), vec![&ids[3], &ids[2], &ids[1], &ids[0]]),
        ("?since=0", json!({"subject": "a@b.c"}), vec![&ids[3], &ids[2], &ids[1], &ids[0]]),
        ("", json!({"email": "a@b.c", "hash": sha256("two"), "operator": "and"}), vec![&ids[1]]),
        ("", json!({"hash": sha256("none")}), vec![]),
        ("", json!({}), vec![]),
    ] {
        let (found, headers) = ask(&client, query, &question);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query} {question}");
        assert_eq!(headers, said(4, "true", None), "{query} {question}");
    }
}

/// Of many matches the oldest and the newest are told, wherever they are, and where the others are.
#[test]
fn the_first_and_the_last_of_a_thousand_in_all_shards() {
    let question = json!({"hash": sha256("the same")});
    let ended = |count| {
        let writer = Writer::start(&[]);
        crowd(&writer, count);
        let client = Client::of(&writer);
        Ended::after(writer, client, Vec::new())
    };
    let shards = [ended(600), ended(400)];
    let names = [shards[0].flag(), shards[1].flag()];
    let writer = Writer::start(&flags(&names, &[]));
    let client = Client::of(&writer).from(1000);
    let trees = [&shards[0].client, &shards[1].client, &client].map(Client::tree_digits);
    // How many IDs in a row are of which shard.
    let counted = |ids: &[String]| {
        let mut counts: Vec<(usize, usize)> = Vec::new();
        for id in ids {
            let shard = trees.iter().position(|tree| id.starts_with(tree)).expect("a shard");
            match counts.last_mut() {
                Some((last, count)) if *last == shard => *count += 1,
                _ => counts.push((shard, 1)),
            }
        }
        counts
    };
    let asked = |query: &str| {
        let (ids, headers) = ask(&client, query, &question);
        (counted(&ids), headers)
    };
    assert_eq!(asked(""), (vec![(1, 400), (0, 600)], said(1000, "true", None)));
    assert_eq!(asked("?since=0"), (vec![(1, 400), (0, 600)], said(1000, "true", None)));
    assert_eq!(asked("?since=600"), (vec![(1, 400)], said(1000, "true", None)));
    crowd(&writer, 10);
    let all = said(1010, "true", None);
    assert_eq!(asked(""), (vec![(2, 10), (1, 400), (0, 90 + 500)], said(1010, "false", Some(500))));
    assert_eq!(asked("?since=500"), (vec![(2, 10), (1, 400), (0, 100)], all.clone()));
    // Exactly as many as there is room for; and the next page begins in another shard.
    assert_eq!(asked("?since=0"), (vec![(1, 400), (0, 600)], said(1010, "false", Some(1000))));
    assert_eq!(
        asked("?since=1"),
        (vec![(2, 1), (1, 400), (0, 599)], said(1010, "false", Some(1001)))
    );
    assert_eq!(asked("?since=1001"), (vec![(2, 9)], all.clone()));
    assert_eq!(asked("?since=999"), (vec![(2, 10), (1, 1)], all));
}

/// A shard that is too long to be searched without an index is not left out.
#[test]
fn a_long_shard_without_an_index_is_an_error() {
    let writer = Writer::start(&["--no-lookup", "--accept-opaque"]);
    let address = writer.address;
    thread::scope(|scope| {
        for half in 0..17 {
            scope.spawn(move || {
                for entry in 0..241 {
                    let added = post(address, "/add", format!("{half} {entry}").as_bytes());
                    assert_eq!(added.status, 200);
                }
            });
        }
    });
    let client = Client::of(&writer);
    let old = Ended::after(writer, client, Vec::new());
    let names = [old.flag()];
    let writer = Writer::start(&flags(&names, &[]));
    let client = Client::of(&writer).from(4097);
    let newest = client.submit(&hashedrekord(&Submitter::of(P256), "one", None));
    let words = format!("inactive shard {}: Search Index API not enabled", old.client.tree);
    let question = json!({"hash": sha256("one")});
    refuses(&client.post(SEARCH, &question), SEARCH, (501, 501), &words);
    for unknown in [format!("{}{}", old.client.tree_digits(), "ab".repeat(32)), "ab".repeat(32)] {
        let target = format!("{ENTRIES}/{unknown}");
        refuses(&client.get(&target), &target, (501, 501), &words);
    }
    // What does not need it is answered.
    let (found, headers) = ask(&client, "?since=4097", &question);
    assert_eq!((found, headers), (vec![newest.id.clone()], said(4098, "true", None)));
    assert_eq!(client.read(&format!("{ENTRIES}/{}", &newest.id[16..])), newest);
    let last = client.get(&format!("{ENTRIES}?logIndex=4096"));
    assert_eq!(last.status, 200, "{}", last.text());
}
