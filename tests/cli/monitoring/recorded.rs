//! A log of Rekor itself, as it answered when its answers were recorded: all of its active shard.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use fasti_kit::conformance_data;
use serde_json::{Value, json};

use super::{lines, matches};
use crate::world::World;

const INFO: &str = "/api/v1/log";

/// What Rekor answered, by path; and its entries, by their indices over all shards.
struct Recorded {
    answers: BTreeMap<String, String>,
    entries: BTreeMap<u64, Value>,
}

impl Recorded {
    fn read() -> Option<Self> {
        let data = conformance_data::directory("v1-kinds/http", "a recorded log of Rekor")?;
        let path = data.join("exchanges.jsonl");
        let text = std::fs::read_to_string(path).expect("the recorded answers");
        let (mut answers, mut entries) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            let exchange: Value = serde_json::from_str(line).expect("JSON");
            let (asked, answer) = (&exchange["request"], &exchange["response"]);
            let body = answer["body"].as_str().expect("a body").to_owned();
            let target = asked["target"].as_str().expect("a path").to_owned();
            if ![json!(200), json!(201)].contains(&answer["status"]) {
                continue;
            }
            if target.contains("/entries") {
                let found = serde_json::from_str(&body).unwrap_or_default();
                let found = if let Value::Array(all) = found { all } else { vec![found] };
                entries.extend(found.into_iter().filter_map(|entry| {
                    let (_, only) = entry.as_object()?.iter().next()?;
                    Some((only["logIndex"].as_u64()?, entry))
                }));
            } else if asked["method"] == "GET" {
                answers.entry(target).or_insert(body);
            }
        }
        Some(Self { answers, entries })
    }

    /// Serves it, and returns its URL.
    fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let this = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let this = this.clone();
                thread::spawn(move || drop(this.answer(&stream)));
            }
        });
        url
    }

    fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while reader.read_line(&mut head)? > 2 {}
        let length = head.to_lowercase();
        let length = length.split("content-length: ").nth(1).and_then(|it| it.lines().next());
        let mut body = vec![0; length.and_then(|it| it.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let path = head.split(' ').nth(1).unwrap_or_default();
        let given = if head.starts_with("POST") {
            let asked: Value = serde_json::from_slice(&body).expect("JSON");
            let asked = asked["logIndexes"].as_array().cloned().unwrap_or_default();
            let found = asked.iter().filter_map(|index| self.entries.get(&index.as_u64()?));
            Some(found.cloned().collect::<Value>().to_string())
        } else {
            self.answers.get(path).cloned()
        };
        let status = if given.is_some() { "200 OK" } else { "404 Not Found" };
        let given = given.unwrap_or_default();
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: ");
        stream.write_all(format!("{head}{}\r\n\r\n{given}", given.len()).as_bytes())
    }
}

#[test]
fn entries_of_rekor_itself_are_proved_and_verified() {
    let Some(recorded) = Recorded::read() else { return };
    let world = World::new();
    world.write("rekor.pub", &recorded.answers["/api/v1/log/publicKey"]);
    let info: Value = serde_json::from_str(&recorded.answers[INFO]).expect("JSON");
    let (tree, size) = (info["treeID"].as_str().expect("a number").to_owned(), &info["treeSize"]);
    let url = recorded.serve();
    let run = |state: &str, more: &[&str]| {
        let with = ["monitor", "--once", "--format", "json", "--state", state, "--rekor-v1", &url];
        let key = ["--rekor-v1-key", "rekor.pub", "--tree-id", &tree, "--identity-regex", ".*"];
        let ended = world.fasti_with(&[], &[&with[..], &key, more].concat());
        (ended.status, lines(&ended))
    };
    let (status, events) = run("all", &["--from", "beginning"]);
    let round = events.iter().find(|event| event["event"] == "round").expect("a round");
    assert_eq!([&round["size"], &round["entries"], &round["typed"]], [size; 3], "{events:?}");
    assert!([0, 3].contains(&status) && matches(&events).len() < 4, "{events:?}");
    let (status, events) = run("new", &[]);
    assert_eq!((status, &events[0]["entries"], &events[0]["from"]), (0, &json!(0), size));
}
