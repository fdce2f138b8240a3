//! Logs of Rekor v1, followed through their API: a real writer's, and what an evil server makes of
//! it.

use fasti_kit::certificates::{P256, Signer};
use fasti_kit::http::Connection;
use fasti_kit::proposals::hashedrekord;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::between::{Between, Given};
use super::{alarms, digest, lines, matches, typed};
use crate::world::World;

const ENTRIES: &str = "/api/v1/log/entries";
const RETRIEVE: &str = "/api/v1/log/entries/retrieve";

fn texts(numbers: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    typed(numbers).into_iter().map(|entry| String::from_utf8(entry).expect("text"))
}

/// One round of the log at this URL, with reports as JSON; the log's key is the world's.
fn once(world: &World, url: &str, what: &[&str]) -> (i32, Vec<Value>) {
    let with = ["monitor", "--once", "--state", "watched", "--format", "json", "--rekor-v1", url];
    let ended = world.fasti(&[&with[..], what].concat());
    (ended.status, lines(&ended))
}

fn round_of<'a>(events: &'a [Value], log: &str) -> &'a Value {
    let is_its = |event: &&Value| {
        event["event"] == "round" && event["log"].as_str().is_some_and(|it| it.starts_with(log))
    };
    events.iter().find(is_its).unwrap_or_else(|| panic!("no round of {log}: {events:?}"))
}

/// Proposes a signature over an artifact.
fn propose(world: &World, artifact: &str) {
    let address = world.url().trim_start_matches("http://").parse().expect("an address");
    let mut connection = Connection::open(address).expect("it listens");
    let proposal = hashedrekord(Signer::of(P256), artifact.as_bytes(), None).to_string();
    let answer = connection.post_json(ENTRIES, proposal.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// The key by which v1's clients know the log, in a file.
fn save_key(world: &World, name: &str) {
    let address = world.url().trim_start_matches("http://").parse().expect("an address");
    let mut connection = Connection::open(address).expect("it listens");
    world.write(name, connection.get("/api/v1/log/publicKey").expect("an answer").body);
}

#[test]
fn a_writer_is_followed_through_the_api() {
    let world = World::with_writer(&["--accept-opaque"]);
    let signed = hex::encode(Sha256::digest("signed"));
    let (seven, late) = (digest(7), digest(24));
    let what = ["--from", "beginning", "--digest", &seven, "--digest", &signed, "--digest", &late];
    let round = || once(&world, world.url(), &what);
    let (status, events) = round();
    assert_eq!((status, &round_of(&events, "localhost - ")["size"]), (0, &json!(0)));
    world.add(texts(0..22));
    propose(&world, "signed");
    let (status, events) = round();
    assert_eq!((status, matches(&events)), (3, vec![7, 22]));
    let all = round_of(&events, "localhost - ");
    assert_eq!((&all["entries"], &all["from"]), (&json!(23), &json!(0)));
    assert_eq!((&all["signatures"], &all["timed"]), (&json!(1), &json!(23)));
    let (status, events) = round();
    assert_eq!((status, matches(&events)), (0, vec![]));
    world.add(texts(23..26));
    let (status, events) = round();
    assert_eq!((status, matches(&events)), (3, vec![24]));
    assert_eq!(round_of(&events, "localhost - ")["from"], 23);

    // From an index in the middle of a page, from the end, and with a key in a file.
    save_key(&world, "v1.pub");
    let with_key = |state: &str, more: &[&str]| {
        let with = ["monitor", "--once", "--state", state, "--format", "json", "--digest", &late];
        let at = ["--rekor-v1", world.url(), "--rekor-v1-key", "v1.pub"];
        world.fasti_with(&[], &[&with[..], &at, more].concat())
    };
    let ended = with_key("other", &["--from", "23"]);
    assert_eq!((ended.status, matches(&lines(&ended))), (3, vec![24]));
    let ended = with_key("another", &[]);
    assert_eq!((ended.status, matches(&lines(&ended))), (0, vec![]));
    let tree = all["log"].as_str().expect("an origin")["localhost - ".len()..].to_owned();
    assert_eq!(with_key("other", &["--tree-id", &tree]).status, 0);
    let ended = with_key("other", &["--tree-id", "7"]);
    assert_eq!((ended.status, alarms(&lines(&ended))), (1, vec!["missing"]));
    // Nobody else can sign for the log.
    let stranger = World::of("localhost", 9);
    let variables = [("FASTI_VKEY", stranger.vkey())];
    let with = ["monitor", "--once", "--format", "json", "--rekor-v1", world.url()];
    let ended = world.fasti_with(&variables, &with);
    assert_eq!((ended.status, alarms(&lines(&ended))), (1, vec!["checkpoint"]));
    world.fasti_with(&[], &with).broken("no key of the log");

    let config = format!(
        "state = \"of-file\"\nonce = true\n[[rekor-v1]]\nurl = {:?}\nkey = [\"v1.pub\"]\n\
         from = \"beginning\"\ntree-id = [{tree:?}]\n[[match]]\ndigest = [{late:?}]\n",
        world.url()
    );
    world.write("config", config);
    let ended = world.fasti_with(&[], &["monitor", "--config", "config"]);
    assert_eq!((ended.status, ended.stdout.matches("MATCH").count()), (3, 1), "{ended:?}");
    assert!(ended.stdout.contains(&format!("MATCH localhost - {tree} entry 24: ")), "{ended:?}");
}

/// A shard that follows one that was watched is read from its beginning.
#[test]
fn a_new_shard_is_read_from_its_beginning() {
    let (mut old, mut new) = (World::of("old.test", 2), World::of("localhost", 1));
    let user = World::new();
    old.start(&["--accept-opaque"]);
    old.add(texts(0..3));
    let between = Between::of(old.url());
    let both = format!("{},{}", old.vkey(), new.vkey());
    let round = |more: &[&str]| {
        let with = ["monitor", "--once", "--state", "watched", "--format", "json"];
        let what = ["--rekor-v1", &between.url, "--identity-regex", "none", "--digest"];
        let digest = digest(5);
        let all = [&with[..], &what, &[&digest], more].concat();
        let ended = user.fasti_with(&[("FASTI_VKEY", &both)], &all);
        (ended.status, lines(&ended))
    };
    assert_eq!(round(&[]).0, 0);
    old.add(texts(3..4));
    old.stop();
    old.fasti(&["freeze", "--store", "log", "--key", "log.key"]).good();
    let shard = format!("{},vkey={}", old.path("log").display(), old.vkey());
    new.start(&["--accept-opaque", "--rekor-v1-shard", &shard]);
    new.add(texts(4..7));
    between.turn_to(new.url());
    let (status, events) = round(&[]);
    assert_eq!((status, matches(&events)), (3, vec![5]), "the index over all shards");
    let size_of = |log: &str| round_of(&events, log)["entries"].clone();
    assert_eq!((size_of("old.test"), size_of("localhost - ")), (json!(1), json!(3)));
    // Who does not know the older shard's key is told.
    let with = ["--state", "of-new", "--format", "json", "--rekor-v1", new.url()];
    let ended = new.fasti(&[&["monitor", "--once"], &with[..]].concat());
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.stdout.contains("none of the trusted keys signed the head"), "{ended:?}");
    // A list without it is an alarm while the monitor runs, and its entries are not there.
    between.turn_to(new.url());
    between.alter(|path, mut answer| {
        if path == "/api/v1/log" {
            answer["inactiveShards"] = Value::Null;
        }
        Given::Json(answer)
    });
    new.add(texts(7..8));
    let (status, events) = round(&[]);
    assert_eq!((status, alarms(&events)), (1, vec!["damaged"]), "{events:?}");
    between.pass_on();
    assert_eq!(round(&[]).0, 0);
}

/// Alters a page of entries.
type Alteration = fn(&mut Vec<Value>);

/// Alters the page with the entry 15, and nothing else.
fn page(path: &str, answer: Value, alter: Alteration) -> Given {
    Given::Json(match answer {
        Value::Array(mut page) if path == RETRIEVE => {
            if page.iter().any(|entry| only(entry)["logIndex"] == 15) {
                alter(&mut page);
            }
            page.into()
        }
        answer => answer,
    })
}

/// Whatever a server makes of the answers, nothing is taken for checked that is not in the signed
/// tree, and what it held back is read later.
#[test]
fn an_evil_server_is_an_alarm_and_hides_nothing() {
    let world = World::with_writer(&["--accept-opaque"]);
    world.add(texts(0..23));
    let between = Between::of(world.url());
    let wanted = digest(15);
    let what = ["--from", "beginning", "--digest", &wanted];
    let round = || once(&world, &between.url, &what);
    let alterations: [(&str, &str, Alteration); 6] = [
        ("missing", "lacks the entry with the index 15", |page| {
            page.retain(|entry| only(entry)["logIndex"] != 15);
        }),
        ("damaged", "not the entry that was asked for", |page| {
            let other = page[0].clone();
            *page = vec![other; page.len() + 1];
        }),
        ("damaged", "not the entry that was asked for", |page| {
            only_mut(&mut page[5])["logIndex"] = 16.into();
            only_mut(&mut page[6])["logIndex"] = 15.into();
        }),
        ("damaged", "has the leaf hash", |page| {
            let other = only(&page[4])["body"].clone();
            only_mut(&mut page[5])["body"] = other;
        }),
        ("damaged", "the signed timestamp of entry 15", |page| {
            only_mut(&mut page[5])["integratedTime"] = 1_700_000_000.into();
        }),
        ("damaged", "its inclusion proof is not good", |page| {
            only_mut(&mut page[5])["verification"]["inclusionProof"]["hashes"] = json!([]);
        }),
    ];
    for (kind, words, alter) in alterations {
        between.alter(move |path, answer| page(path, answer, alter));
        let (status, events) = round();
        assert_eq!((status, alarms(&events)), (1, vec![kind]), "{words}: {events:?}");
        assert!(events.iter().any(|it| it.to_string().contains(words)), "{words}: {events:?}");
        assert_eq!(matches(&events), [0; 0], "{words}");
    }
    between.alter(
        |path, answer| {
            if path == RETRIEVE { Given::Endless } else { Given::Json(answer) }
        },
    );
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["damaged"]), "{events:?}");
    assert!(events.iter().any(|it| it.to_string().contains("longer than its limit")));

    // Another order is as good as any.
    between.alter(|path, answer| page(path, answer, |page| page.reverse()));
    let (status, events) = round();
    assert_eq!((status, matches(&events)), (3, vec![15]), "{events:?}");

    // A proof that does not hold is no proof that the log has forked.
    world.add(texts(23..30));
    between.alter(|path, mut answer| {
        if path.starts_with("/api/v1/log/proof") {
            answer["hashes"][0] = json!("ab".repeat(32));
        }
        Given::Json(answer)
    });
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["damaged"]), "{events:?}");
    between.pass_on();
    assert_eq!(round().0, 0);
}

#[test]
fn a_tree_that_shrinks_or_forks_leaves_evidence() {
    let (world, mut other) = (World::with_writer(&["--accept-opaque"]), World::new());
    world.add(texts(0..12));
    save_key(&world, "v1.pub");
    let between = Between::of(world.url());
    let round = || once(&world, &between.url, &["--from", "beginning"]);
    let judge = |events: &[Value]| {
        let alarm = events.iter().find(|event| event["event"] == "alarm").expect("an alarm");
        let file = alarm["evidence"].as_str().unwrap_or_else(|| panic!("evidence: {alarm}"));
        world.fasti_with(&[], &["verify-evidence", file, "--key", "v1.pub"])
    };
    let before = {
        let address = world.url().trim_start_matches("http://").parse().expect("an address");
        let mut connection = Connection::open(address).expect("it listens");
        let answer = connection.get("/api/v1/log").expect("an answer");
        serde_json::from_slice::<Value>(&answer.body).expect("JSON")
    };
    world.add(texts(12..17));
    assert_eq!(round().0, 0);
    between.alter(move |path, answer| {
        Given::Json(if path == "/api/v1/log" { before.clone() } else { answer })
    });
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["rollback"]), "{events:?}");
    judge(&events).refused("does not convict");
    between.pass_on();
    assert_eq!(round().0, 0);

    // The same keys, and another history: larger, and of the same size.
    other.start(&["--accept-opaque"]);
    other.add(texts(100..117));
    between.turn_to(other.url());
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["fork"]), "{events:?}");
    assert!(judge(&events).good().contains("it signed two trees of one size"));
    other.add(texts(117..130));
    let (status, events) = round();
    assert_eq!((status, alarms(&events)), (1, vec!["fork"]), "{events:?}");
    let said = judge(&events).good();
    assert!(said.contains("but the first 17 entries of the larger tree have"), "{said}");
    between.turn_to(world.url());
    assert_eq!(round().0, 0);
}

/// The only member of an answer: an entry by its ID.
fn only(entry: &Value) -> &Value {
    entry.as_object().and_then(|entry| entry.values().next()).expect("an entry")
}

fn only_mut(entry: &mut Value) -> &mut Value {
    entry.as_object_mut().and_then(|entry| entry.values_mut().next()).expect("an entry")
}
