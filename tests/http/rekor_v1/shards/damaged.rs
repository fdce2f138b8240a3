//! A shard that is damaged or gone: what needs it fails, and says so; the others go on.

use std::fs;
use std::thread;
use std::time::Duration;

use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use super::super::client::{Client, ENTRIES, RETRIEVE, SEARCH, Verified, refuses};
use super::super::proposals::{fresh, sha256};
use super::scene::{Ended, flags};

const BUNDLE: &str = "tile/entries/000.p/2";

struct Scene {
    bad: Ended,
    good: Ended,
    _writer: Writer,
    client: Client,
    newest: Verified,
}

/// Shards of two entries each, of which `damage` does something to the first.
fn scene(damage: impl Fn(&Ended)) -> Scene {
    let ended = || Ended::of(&[], &[fresh(), fresh()], Client::of);
    let (bad, good) = (ended(), ended());
    let names = [bad.flag(), good.flag()];
    let writer = Writer::start(&flags(&names, &[]));
    let client = Client::of(&writer).from(4);
    let newest = client.submit(&fresh());
    damage(&bad);
    Scene { bad, good, _writer: writer, client, newest }
}

impl Scene {
    /// Checks that this is refused for the shard's sake.
    #[track_caller]
    fn fails(&self, target: &str, question: Option<&Value>, words: &str) {
        let answer = match question {
            Some(question) => self.client.post(target, question),
            None => self.client.get(target),
        };
        let named = format!("inactive shard {}: {words}", self.bad.client.tree);
        refuses(&answer, target, (502, 502), &named);
    }

    /// Checks that everything that needs the bad shard fails, and nothing else.
    fn is_bad(&self, words: &str) {
        let bad = &self.bad.entries[0].id;
        let unknown = "ab".repeat(32);
        for target in [
            format!("{ENTRIES}?logIndex=0"),
            format!("{ENTRIES}/{bad}"),
            format!("{ENTRIES}/{}", &bad[16..]),
            // It could be there.
            format!("{ENTRIES}/{unknown}"),
        ] {
            self.fails(&target, None, words);
        }
        for question in [
            json!({"logIndexes": [4, 0]}),
            json!({"entryUUIDs": [bad]}),
            json!({"entryUUIDs": [self.newest.id, unknown]}),
            json!({"entries": [fresh()]}),
        ] {
            self.fails(RETRIEVE, Some(&question), words);
        }
        self.fails(SEARCH, Some(&json!({"hash": sha256("anything")})), words);

        for (place, known) in self.good.entries.iter().enumerate() {
            for target in [
                format!("{ENTRIES}?logIndex={}", 2 + place),
                format!("{ENTRIES}/{}", known.id),
                format!("{ENTRIES}/{}", &known.id[16..]),
            ] {
                let answer = self.client.get(&target);
                assert_eq!(answer.status, 200, "{target}: {}", answer.text());
                assert!(answer.json().get(&known.id).is_some(), "{target}");
            }
        }
        let newest = format!("{ENTRIES}/{}", &self.newest.id[16..]);
        assert_eq!(self.client.read(&newest), self.newest);
        let since = self.client.post(&format!("{SEARCH}?since=2"), &json!({"hash": sha256("x")}));
        assert_eq!(since.status, 200, "{}", since.text());
        assert_eq!(self.client.get("/api/v1/log").status, 200);
        self.client.submit(&fresh());
    }
}

const NOT_SIGNED: &str = "what this server gets to read of the log is not what was signed";

#[test]
fn a_damaged_shard_fails_alone_until_it_is_repaired() {
    let scene = scene(|shard| {
        let path = shard.home.store().join(BUNDLE);
        let mut bytes = fs::read(&path).expect("a bundle");
        fs::copy(&path, path.with_extension("good")).expect("a copy");
        // In the first entry.
        bytes[10] ^= 1;
        fs::write(&path, bytes).expect("it is ours");
    });
    scene.is_bad(NOT_SIGNED);
    let path = scene.bad.home.store().join(BUNDLE);
    fs::rename(path.with_extension("good"), &path).expect("it is ours");
    let repaired = format!("{ENTRIES}?logIndex=0");
    // What was kept of it is not trusted for long.
    until_read(&scene.client, &repaired);
}

/// Waits until this can be read.
fn until_read(client: &Client, target: &str) -> Value {
    for attempt in 0.. {
        let answer = client.get(target);
        if answer.status == 200 {
            return answer.json();
        }
        assert!(attempt < 200, "{}", answer.text());
        thread::sleep(Duration::from_millis(100));
    }
    unreachable!("it waits or fails")
}

#[test]
fn a_shard_that_is_gone_fails_alone() {
    let scene = scene(|shard| {
        fs::remove_dir_all(shard.home.store()).expect("it is ours");
    });
    scene.is_bad(NOT_SIGNED);
}

#[test]
fn a_shard_at_a_url_is_out_of_reach_while_its_server_is() {
    let ended = Ended::of(&[], &[fresh(), fresh()], Client::of);
    let server = ended.home.start(&[]);
    let address = server.address.to_string();
    let name = [format!("http://{address},vkey={}", ended.key)];
    let writer = Writer::start(&flags(&name, &[]));
    let client = Client::of(&writer).from(2);
    server.stop();
    is_out_of_reach(&client, &ended);
    assert_eq!(client.get("/api/v1/log").status, 200, "what was signed of it is known");
    assert_eq!(client.submit(&fresh()).index, 2);
    let _server = ended.home.start(&["--listen", &address]);
    let entry = until_read(&client, &format!("{ENTRIES}?logIndex=0"));
    assert!(entry.get(&ended.entries[0].id).is_some());
}

#[track_caller]
fn is_out_of_reach(client: &Client, shard: &Ended) {
    let words = "the log's files are out of reach at the moment; try again";
    let words = format!("inactive shard {}: {words}", shard.client.tree);
    for target in [
        format!("{ENTRIES}?logIndex=0"),
        format!("{ENTRIES}?logIndex=1"),
        format!("{ENTRIES}/{}", shard.entries[0].id),
        format!("{ENTRIES}/{}", "ab".repeat(32)),
    ] {
        let answer = client.get(&target);
        refuses(&answer, &target, (503, 503), &words);
        assert_eq!(answer.field("retry-after"), Some("1"));
    }
    let search = client.post(SEARCH, &json!({"hash": sha256("anything")}));
    refuses(&search, SEARCH, (503, 503), &words);
}

/// If its size is stated, the indices of later entries are known without it.
#[test]
fn a_shard_of_a_stated_size_need_not_be_in_reach_at_the_start() {
    let ended = Ended::of(&[], &[fresh(), fresh()], Client::of);
    let server = ended.home.start(&[]);
    let address = server.address.to_string();
    server.stop();
    let name = [format!("http://{address},size=2,vkey={}", ended.key)];
    let writer = Writer::start(&flags(&name, &[]));
    assert!(writer.home.said().contains("an inactive shard is out of reach"));
    let client = Client::of(&writer).from(2);
    let newest = client.submit(&fresh());
    assert_eq!(client.read(&format!("{ENTRIES}?logIndex=2")), newest);
    is_out_of_reach(&client, &ended);
    assert_eq!(client.get("/api/v1/log").status, 503);
    let key = format!("/api/v1/log/publicKey?treeID={}", ended.client.tree);
    assert_eq!(client.get(&key).status, 503);

    let _server = ended.home.start(&["--listen", &address]);
    let entry = until_read(&client, &format!("{ENTRIES}?logIndex=0"));
    assert!(entry.get(&ended.entries[0].id).is_some());
    let info = client.get("/api/v1/log").json();
    assert_eq!(info["inactiveShards"][0]["signedTreeHead"], ended.checkpoint.as_str());
    assert_eq!(client.get(&key).status, 200);
}

/// A log that is there later, but is not as it was stated, is not taken for the shard.
#[test]
fn a_shard_that_is_opened_later_is_as_stated() {
    let server = Writer::start(&[]);
    let (address, key) = (server.address.to_string(), server.key.clone());
    Client::of(&server).submit(&fresh());
    let home = server.stop();
    let name = [format!("http://{address},size=2,vkey={key}")];
    let writer = Writer::start(&flags(&name, &[]));
    let client = Client::of(&writer).from(2);
    assert_eq!(client.submit(&fresh()).index, 2);
    let _server = home.start(&["--listen", &address]);
    let target = format!("{ENTRIES}?logIndex=0");
    for attempt in 0.. {
        let answer = client.get(&target);
        if answer.status == 502 {
            refuses(&answer, &target, (502, 502), NOT_SIGNED);
            break;
        }
        assert!(attempt < 200, "{}", answer.text());
        thread::sleep(Duration::from_millis(100));
    }
    assert!(writer.home.said().contains("has 1 entries, and not 2 as stated"));
}
