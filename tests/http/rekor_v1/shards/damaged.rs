//! A shard that is damaged or gone: what needs it fails, and says so; the others go on.

use std::fs;

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
    for attempt in 0.. {
        // What was kept of it is not trusted for long.
        if scene.client.get(&repaired).status == 200 {
            break;
        }
        assert!(attempt < 100, "{}", scene.client.get(&repaired).text());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
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
    let first = format!("{ENTRIES}?logIndex=0");
    let answer = client.get(&first);
    let words = "the log's files are out of reach at the moment; try again";
    let words = format!("inactive shard {}: {words}", ended.client.tree);
    refuses(&answer, &first, (503, 503), &words);
    assert_eq!(answer.field("retry-after"), Some("1"));
    assert_eq!(client.submit(&fresh()).index, 2);
    let _server = ended.home.start(&["--listen", &address]);
    assert!(client.get(&first).json().get(&ended.entries[0].id).is_some());
}
