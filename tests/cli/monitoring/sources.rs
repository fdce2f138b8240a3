//! Where the logs come from that are watched, and what is demanded of them: policies, trusted roots
//! and signing configs.

use fasti_kit::made_log::MadeLog;
use serde_json::Value;
use tiles_spec::{CosigningKey, cosign};

use super::between::Between;
use super::served::Served;
use super::{alarms, digest, lines, matches, typed};
use crate::world::World;

/// When the witness cosigns.
const TIME: u64 = 1_700_000_000;

#[test]
fn a_tree_that_too_few_witnesses_saw_is_an_alarm_and_is_not_read() {
    let (world, served) = (World::new(), Served::of(MadeLog::of(&typed(0..3))));
    let witness = CosigningKey::from_seed("w.test".parse().expect("a name"), &[1; 32]);
    let vkey = Served::vkey();
    let policy = format!("log {vkey}\nwitness w {}\nquorum w\n", witness.verifier_key());
    world.write("w.policy", policy);
    let wanted = digest(2);
    let run = |state: &str, more: &[&str]| {
        let with = ["monitor", "--once", "--format", "json", "--from", "beginning"];
        let what = ["--state", state, "--digest", &wanted];
        let ended = world.fasti_with(&[], &[&with[..], &what, more].concat());
        (ended.status, lines(&ended))
    };
    let round = || run("watched", &["--policy", "w.policy", &served.url]);
    let cosign = || {
        let mut log = served.log.lock().expect("unpoisoned");
        let note = log.objects.get_mut("checkpoint").expect("a checkpoint");
        let text = String::from_utf8(note.clone()).expect("text");
        let (text, _) = text.split_once("\n\n").expect("a note");
        let line = cosign(&witness, &format!("{text}\n"), TIME).expect("it signs");
        note.extend_from_slice(line.to_string().as_bytes());
    };
    let (status, events) = round();
    assert_eq!((status, alarms(&events), matches(&events)), (1, vec!["policy"], vec![]));
    let reason = events[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("the policy's quorum is not met"), "{reason}");
    cosign();
    let (status, events) = round();
    assert_eq!((status, matches(&events)), (3, vec![2]));
    served.show(MadeLog::of(&typed(0..5)));
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["policy"]));
    assert!(!events.iter().any(|event| event["event"] == "round"), "{events:?}");
    // A log of the file has a policy of its own.
    let table = format!("[[log]]\nlog = {:?}\npolicy = \"w.policy\"\n", served.url);
    world.write("config", &table);
    let (status, events) = run("of-file", &["--config", "config"]);
    assert_eq!((status, alarms(&events)), (1, vec!["policy"]));
    cosign();
    assert_eq!(run("of-file", &["--config", "config"]).0, 3);
    assert_eq!(round().0, 0, "entry 2 was reported");
}

/// The names of the logs that were read to their ends.
fn read(events: &[Value]) -> Vec<&str> {
    let rounds = events.iter().filter(|event| event["event"] == "round");
    let mut names: Vec<_> = rounds.map(|event| event["log"].as_str().expect("a name")).collect();
    names.sort_unstable();
    names
}

/// A log of tiles, which v1's clients know by another key, and one that serves only v1's API.
#[test]
fn the_logs_of_a_trusted_root_are_watched_as_they_can_be_read() {
    let (mut tiled, mut old) = (World::of("localhost", 1), World::of("127.0.0.1", 2));
    let user = World::new();
    let keygen = ["keygen", "--origin", "v1.test", "--algorithm", "ecdsa-p256"];
    user.fasti(&[&keygen[..], &["--out", "v1.pem"]].concat()).good();
    let v1_key = user.path("v1.pem").display().to_string();
    tiled.start(&["--accept-opaque", "--rekor-v1-key", &v1_key]);
    tiled.add(["a".to_owned()]);
    old.start(&["--accept-opaque"]);
    old.add(["b".to_owned(), "c".to_owned()]);
    let between = Between::of(old.url());
    let at = tiled.url().replace("127.0.0.1", "localhost");
    let writer = format!("{at}/");
    let root = ["trusted-root", "--url", &at, "--rekor-v1-key", &writer, "--out", "a.json"];
    let of_tiled = [("FASTI_VKEY", tiled.vkey())];
    user.fasti_with(&of_tiled, &root).good();
    let merge = ["trusted-root", "--url", &between.url, "--merge", "a.json", "--out", "root.json"];
    user.fasti_with(&[("FASTI_VKEY", old.vkey())], &merge).good();
    for (version, url) in [("2", &at), ("1", &between.url), ("1,2", &at)] {
        let out = format!("{version}.json");
        let config = ["signing-config", "--url", url, "--api-version", version, "--out", &out];
        user.fasti_with(&[], &config).good();
    }
    let run = |root: &[&str]| {
        let with = ["monitor", "--once", "--format", "json"];
        let mut command = user.command(&[], &[&with[..], root].concat());
        command.env_remove("FASTI_LOG");
        let ended = crate::world::Ended::of(command);
        (ended.status, lines(&ended), ended.stderr)
    };
    let of_root = ["--trusted-root", "root.json"];
    let (status, events, said) = run(&of_root);
    assert_eq!((status, read(&events).len()), (0, 2), "{events:?} {said}");
    assert!(read(&events)[0].starts_with("127.0.0.1 - "), "{events:?}");
    assert_eq!(read(&events)[1], "localhost");
    for (config, name) in
        [("2.json", "localhost"), ("1.json", "127.0.0.1 - "), ("1,2.json", "localhost")]
    {
        let (status, events, said) = run(&[&of_root[..], &["--signing-config", config]].concat());
        assert_eq!((status, read(&events).len()), (0, 1), "{config}: {events:?} {said}");
        assert!(read(&events)[0].starts_with(name), "{config}: {events:?}");
    }
    // A log of v1 in the root can also be named, and has its keys from there.
    let (status, events, _) = run(&[&of_root[..], &["--rekor-v1", &between.url]].concat());
    assert_eq!((status, read(&events).len()), (0, 1), "{events:?}");
    let (status, _, said) = run(&["--signing-config", "2.json"]);
    assert_eq!(status, 2);
    assert!(said.contains("--signing-config needs a --trusted-root"), "{said}");
    // What answers in neither way is left out, unless it was there before.
    between.turn_to("http://127.0.0.1:1");
    let (status, events, _) = run(&of_root);
    assert_eq!((status, read(&events).len()), (2, 1), "{events:?}");
    let (status, events, said) = run(&[&of_root[..], &["--state", "fresh"]].concat());
    assert_eq!((status, read(&events).len()), (0, 1), "{events:?}");
    assert!(said.contains("serves no checkpoint, so it is left out"), "{said}");
    tiled.stop();
    let (status, events, said) = run(&of_root);
    assert_eq!((status, read(&events).len()), (2, 0), "{events:?} {said}");
}
