//! The end-to-end tests of rekor-tiles, applied to this server: fifty clients at a time post more
//! than a tile of entries, every field of every answer, the tiles and bundles afterwards,
//! duplicates, restarts, and the end of the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::{Context, LogConfig, Sharing, freeze};
use fasti::metrics::LogMetrics;
use fasti::signer::{FileSigner, SignedMemory};
use fasti::store::{DirectoryOptions, DirectoryStore, Stores};
use fasti_kit::writer::{Home, Writer};
use serde_json::{Value, json};
use tiles_spec::{EntryBundle, TileWidth};

use crate::reader::{ENTRIES, ORIGIN, Reader, decode, text};
use crate::submitter::{P256, Submitter, base64, good};
use crate::wire::{Answer, get, post, post_json};

/// More than a tile.
const POSTS: u64 = 260;
const AT_ONCE: usize = 50;

/// The request to log artifact number `n`.
fn request(n: u64) -> Value {
    Submitter::of(P256).request(&format!("testartifact{n}"), None)
}

/// Checks everything that a client reads of an answer against the request.
fn check(
    reader: &Reader,
    writer: &Writer,
    answer: &Answer,
    request: &Value,
    sizes: (u64, u64),
) -> u64 {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let entry = answer.json();
    assert_eq!((&entry["integratedTime"], &entry["inclusionPromise"]), (&json!("0"), &Value::Null));
    assert_eq!(entry["logId"]["keyId"], base64(writer.key.log_id()));
    assert_eq!(entry["kindVersion"], json!({"kind": "hashedrekord", "version": "0.0.2"}));
    let (index, leaf) = reader.verify(&entry);
    assert!((sizes.0..sizes.1).contains(&index), "{index} of {sizes:?}");
    let body: Value = serde_json::from_slice(&leaf).expect("JSON");
    assert_eq!((&body["kind"], &body["apiVersion"]), (&json!("hashedrekord"), &json!("0.0.2")));
    let (logged, asked) = (&body["spec"]["hashedRekordV002"], &request["hashedRekordRequestV002"]);
    assert_eq!(logged["signature"], asked["signature"]);
    assert_eq!(logged["data"], json!({"algorithm": "SHA2_256", "digest": asked["digest"]}));
    index
}

#[test]
fn fifty_at_a_time_post_more_than_a_tile() {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    let initial = reader.size();
    let next = AtomicU64::new(1);
    let mut answered: Vec<(u64, Answer)> = thread::scope(|scope| {
        let post_some = || {
            let mut answered = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n > POSTS {
                    return answered;
                }
                let answer = post(writer.address, ENTRIES, request_of(n).as_bytes());
                answered.push((n, answer));
            }
        };
        let clients: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(post_some)).collect();
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
    });
    let last = POSTS + 1;
    answered.push((last, post(writer.address, ENTRIES, request_of(last).as_bytes())));
    let mut indices: Vec<u64> = answered
        .iter()
        .map(|(n, answer)| {
            let sent: Value = serde_json::from_str(&request_of(*n)).expect("JSON");
            check(&reader, &writer, answer, &sent, (initial, initial + last))
        })
        .collect();
    assert_eq!(indices.last(), Some(&(initial + POSTS)), "the last one is the last one");
    indices.sort_unstable();
    assert!(indices.iter().copied().eq(initial..initial + last), "each index once");

    let size = reader.size();
    assert_eq!(size, initial + last);
    let fetch = |path: &str| {
        let answer = get(writer.address, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        // The same at the path where clients of Rekor's servers look first.
        assert_eq!(get(writer.address, &format!("/api/v2{path}")).body, answer.body, "{path}");
        answer.body
    };
    let first_tile = fetch("/tile/0/000");
    assert_eq!(first_tile.len(), 256 * 32, "the first tile is full");
    EntryBundle::decode(fetch("/tile/entries/000"), TileWidth::FULL).expect("so is the bundle");
    let width = size % 256;
    let last_tile = fetch(&format!("/tile/0/001.p/{width}"));
    assert_eq!(last_tile.len() as u64, width * 32);
    assert_ne!(first_tile[..last_tile.len()], last_tile);
    let bundle = fetch(&format!("/tile/entries/001.p/{width}"));
    let sent: Value = serde_json::from_str(&request_of(last)).expect("JSON");
    let digest = text(&sent["hashedRekordRequestV002"]["digest"]);
    assert!(
        String::from_utf8_lossy(&bundle).contains(digest),
        "the last digest is in the last bundle"
    );
    let width = u16::try_from(width).ok().and_then(TileWidth::new).expect("a width");
    let bundle = EntryBundle::decode(bundle, width).expect("a bundle");
    let slot = tiles_spec::LeafIndex::new(256).expect("an index").slot();
    let entry: Value = serde_json::from_slice(bundle.entry(slot).expect("an entry")).expect("JSON");
    assert_eq!((&entry["kind"], &entry["apiVersion"]), (&json!("hashedrekord"), &json!("0.0.2")));
    assert!(entry["spec"]["hashedRekordV002"].is_object());
    fetch("/checkpoint");
}

/// Signatures are random, so a request that is sent twice must be kept.
fn request_of(n: u64) -> String {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    static MADE: Mutex<BTreeMap<u64, String>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().expect("no panic");
    made.entry(n).or_insert_with(|| request(n).to_string()).clone()
}

#[test]
fn a_duplicate_is_known_at_once_and_after_a_restart() {
    const FLAGS: [&str; 2] = ["--duplicates", "reject"];
    let mut writer = Writer::start(&FLAGS);
    let request = good();
    assert_eq!(post(writer.address, ENTRIES, request.as_bytes()).status, 201);
    for _ in 0..2 {
        for _ in 0..2 {
            let again = post(writer.address, ENTRIES, request.as_bytes());
            let words = "an equivalent entry already exists in the transparency log with index 0";
            again.refuses("again", 409, words);
            assert_eq!(again.field("x-log-index"), Some("0"));
        }
        writer = writer.stop().start(&FLAGS);
    }
    let writer = writer.stop().start(&[]);
    let again = post(writer.address, ENTRIES, request.as_bytes());
    assert_eq!((again.status, again.field("x-log-index")), (201, Some("0")));
    assert_eq!(
        Reader::of(&writer).verify(&again.json()).1,
        decode(&again.json()["canonicalizedBody"])
    );
}

/// Ends the log in this store, as `fasti freeze` does.
pub fn end(home: &Home) {
    let key = home.store().join("_writer/log.key");
    let store = DirectoryStore::open(&home.store(), DirectoryOptions::default()).expect("opens");
    let origin = ORIGIN.parse().expect("an origin");
    let context = Context {
        config: LogConfig::default(),
        stores: Stores::of(Arc::new(store)),
        signer: Arc::new(FileSigner::open(&key, origin, None).expect("the key")),
        memory: Some(SignedMemory::beside(&key)),
        cosigners: None,
        sharing: Sharing::Alone,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Arc::new(LogMetrics::default()),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(freeze(&context)).expect("is frozen");
}

#[test]
fn a_frozen_log_answers_405_in_the_words_that_clients_know() {
    let flags = ["--accept-opaque", "--metrics-listen", "127.0.0.1:0"];
    let writer = Writer::start(&flags);
    let request = good();
    let before = post(writer.address, ENTRIES, request.as_bytes()).json();
    let checkpoint = get(writer.address, "/checkpoint").body;
    let home = writer.stop();
    end(&home);
    let writer = home.start(&flags);
    let v1 = "/api/v1/log/entries";
    for (path, body) in [
        (ENTRIES, good()),
        (ENTRIES, request),
        ("/add", "opaque".to_owned()),
        (v1, "{}".to_owned()),
    ] {
        let answer = post_json(writer.address, path, body.as_bytes());
        assert_eq!(answer.status, 405, "{path}");
        let words = "This log has been frozen, please switch to the latest log.\n";
        assert_eq!(answer.text(), words, "{path}");
        assert_eq!(answer.field("content-type"), Some("text/plain; charset=utf-8"), "{path}");
        assert_eq!(answer.field("allow"), Some(""), "{path}: no method is allowed");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(get(writer.address, "/checkpoint").body, checkpoint, "no line more, no line less");
    assert_eq!(checkpoint.split(|b| *b == b'\n').position(<[u8]>::is_empty), Some(3));
    let reader = Reader::of(&writer);
    reader.holds(0, &reader.verify(&before).1);
    let ready = get(writer.address, "/readyz");
    assert_eq!(ready.status, 200, "it can still be read");
    assert_eq!(
        (&ready.json()["status"], &ready.json()["role"]),
        (&json!("frozen"), &json!("frozen"))
    );
    assert_eq!(get(writer.address, "/healthz").status, 200);
    assert!(get(writer.address, "/").text().contains("This log is frozen"));
    let described = get(writer.address, "/log.json").json();
    let root = base64(reader.head().root.as_bytes());
    assert_eq!(described["frozen"], json!({"treeSize": 1, "rootHash": root}));
    let metrics = get(writer.metrics.expect("metrics"), "/metrics");
    assert!(metrics.text().contains("\nfasti_frozen 1\n"), "{}", metrics.text());
    assert!(metrics.text().contains("\nfasti_leading 0\n"));
    writer.stop();
}
