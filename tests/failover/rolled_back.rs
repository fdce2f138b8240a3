//! Buckets that were restored from an older copy, in whole or in part, have lost something, or
//! belong to another log: each start is refused with its reason, and nothing is written (I10). If a
//! bucket is restored while writers run, no writer that has seen more continues (I18).

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fasti::signer::generate_key_file;
use fasti_buckets::Object;
use fasti_kit::http::Connection;

use crate::bucket::{Bucket, HASTY, PREFIX};
use crate::writer::{self, Ended, ORIGIN, Writer};

/// The objects of a bucket.
type Content = BTreeMap<String, Object>;

const OTHER_ORIGIN: &str = "log.test/other";

/// A bucket and an older copy of it: the log at two sizes.
struct Kept {
    bucket: Bucket,
    older: Content,
    newest: Content,
}

impl Kept {
    fn new() -> Self {
        let bucket = Bucket::new();
        add(&bucket, 0..300);
        let older = bucket.server.objects().all();
        add(&bucket, 300..340);
        let newest = bucket.server.objects().all();
        Self { bucket, older, newest }
    }

    /// Puts `content` into the bucket and starts a writer, which must refuse for this reason and
    /// leave everything unchanged.
    fn refused(&self, what: &str, content: &Content, writer: Command, says: &[&str]) {
        let objects = self.bucket.server.objects();
        objects.restore(content.clone());
        let Err(ended) = Writer::spawn(writer).address() else {
            panic!("{what}: the writer starts");
        };
        assert_eq!(ended.status.code(), Some(3), "{what}: {}", ended.stderr);
        let reason = ended.stderr.lines().last().unwrap_or_default();
        println!("{what}: {reason}");
        for words in says {
            assert!(reason.contains(words), "{what}: {words:?} is not in {}", ended.stderr);
        }
        assert!(bytes(&objects.all()) == bytes(content), "{what}: something was written");
    }

    fn writer(&self) -> Command {
        self.bucket.writer(0)
    }
}

/// Starts a writer, adds entries one by one, and stops it.
fn add(bucket: &Bucket, entries: std::ops::Range<usize>) {
    let mut command = bucket.writer(0);
    command.args(["--drain-seconds", "0"]);
    let mut writer = Writer::spawn(command);
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    for n in entries {
        let answer = connection.post("/add", format!("entry {n}").as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
    }
    writer.stop();
}

fn bytes(content: &Content) -> BTreeMap<&str, Bytes> {
    content.iter().map(|(key, object)| (key.as_str(), object.bytes.clone())).collect()
}

/// `newest`, except that objects with this prefix are as in `older`.
fn mixed(newest: &Content, older: &Content, below: &str) -> Content {
    let below = format!("{PREFIX}{below}");
    let mut mixed = newest.clone();
    mixed.retain(|key, _| !key.starts_with(&below));
    let old = older.iter().filter(|(key, _)| key.starts_with(&below));
    mixed.extend(old.map(|(key, object)| (key.clone(), object.clone())));
    mixed
}

#[test]
fn a_bucket_that_is_not_as_it_was_left_is_refused() {
    let kept = Kept::new();
    let (older, newest, nothing) = (&kept.older, &kept.newest, &Content::new());
    let advice = "Restore the newest copy";
    for (what, content, says) in [
        (
            "an older copy of all",
            older.clone(),
            &["rolled back", "memory of what was signed", "size 340", "end at size 300", advice][..],
        ),
        (
            "older records",
            mixed(newest, older, "_writer/commit/"),
            &["rolled back", "the published checkpoint", "size 340", "end at size 300", advice],
        ),
        (
            "an older checkpoint",
            mixed(newest, older, "checkpoint"),
            &["commit record", "is missing", "the published size 300", "restore it"],
        ),
        (
            "an older right edge",
            mixed(newest, older, "tile/0/"),
            &["tile/0/001.p/84 is missing", "restore it from a mirror or a backup"],
        ),
        (
            "an older last bundle",
            mixed(newest, older, "tile/entries/"),
            &["tile/entries/001.p/84 is missing", "restore it from a mirror or a backup"],
        ),
        (
            "no checkpoint",
            mixed(newest, nothing, "checkpoint"),
            &["commit records up to size 340", "no checkpoint", "any reader or mirror has"],
        ),
        (
            "no records",
            mixed(newest, nothing, "_writer/commit/"),
            &["published at size 340", "(_writer/commit) are missing", "restore them"],
        ),
    ] {
        kept.refused(what, &content, kept.writer(), says);
    }
    // Unchanged, it is accepted by writers with memory and by those without.
    kept.bucket.server.objects().restore(newest.clone());
    for n in [0, 1] {
        let mut writer = Writer::spawn(kept.bucket.writer(n));
        writer.expect_address();
        writer.kill();
    }
}

#[test]
fn an_older_copy_is_refused_by_a_new_machine_that_is_told_the_size() {
    let kept = Kept::new();
    let mut writer = kept.bucket.writer(1);
    writer.args(["--restored-at", "340"]);
    let says = ["rolled back", "--restored-at", "size 340", "end at size 300"];
    kept.refused("an older copy of all", &kept.older, writer, &says);
}

#[test]
fn a_checkpoint_that_the_records_lead_on_from_is_brought_forward() {
    let kept = Kept::new();
    let objects = kept.bucket.server.objects();
    add(&kept.bucket, 340..343);
    let newest = objects.get("one/checkpoint").expect("it is there");
    objects.put("one/checkpoint", kept.newest["one/checkpoint"].bytes.clone());
    add(&kept.bucket, 0..1);
    let shown = objects.get("one/checkpoint").expect("it is there");
    assert_eq!(shown.bytes, newest.bytes);
    kept.bucket.fsck();
}

#[test]
fn another_log_is_refused() {
    let kept = Kept::new();
    let key = kept.bucket.path("log1.key");
    generate_key_file(&key, &ORIGIN.parse().expect("an origin")).expect("a new key");
    let says = ["is not signed by this key", "use the key that the log was created with"];
    kept.refused("another key", &kept.newest, kept.bucket.writer(1), &says);

    let key = kept.bucket.path("log2.key");
    generate_key_file(&key, &OTHER_ORIGIN.parse().expect("an origin")).expect("a new key");
    let mut writer = writer::command(OTHER_ORIGIN, "127.0.0.1:0");
    kept.bucket.tell(&mut writer, &kept.bucket.server.url(), 2);
    let says = [ORIGIN, OTHER_ORIGIN, "check --store and --origin"];
    kept.refused("another origin", &kept.newest, writer, &says);
}

/// A writer that takes over soon.
fn hasty(bucket: &Bucket, n: usize) -> Writer {
    let mut command = bucket.writer(n);
    command.args(HASTY);
    Writer::spawn(command)
}

/// Waits for a writer to end by itself, and returns the reason.
fn reason(mut writer: Writer) -> String {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(Ended { status, stderr }) = writer.ended() {
            assert!([Some(1), Some(3)].contains(&status.code()), "{status}: {stderr}");
            return stderr.lines().last().unwrap_or_default().to_owned();
        }
        assert!(Instant::now() < until, "the writer continues");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a writer knows this tree.
fn knows(address: std::net::SocketAddr, size: u64) {
    let until = Instant::now() + Duration::from_secs(30);
    let mut connection = Connection::open(address).expect("connects");
    loop {
        let answer = connection.get("/readyz").expect("an answer");
        let standing: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        if standing["treeSize"] == size {
            return;
        }
        assert!(Instant::now() < until, "{standing}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A follower has verified a tree of 9; the bucket is restored to 4, and the leader is gone.
/// Neither the follower, while running or restarted, nor any writer whose machine remembers
/// continues.
#[test]
fn a_follower_does_not_take_over_a_bucket_that_was_put_back() {
    let bucket = Bucket::new();
    let objects = bucket.server.objects();
    let (mut leader, mut follower) = (hasty(&bucket, 0), None);
    let address = leader.expect_address();
    let mut older = None;
    for n in 0..9 {
        if n == 4 {
            older = Some(objects.all());
            let mut second = hasty(&bucket, 1);
            follower = Some((second.expect_address(), second));
        }
        let mut connection = Connection::open(address).expect("connects");
        let answer = connection.post("/add", format!("entry {n}").as_bytes());
        assert_eq!(answer.expect("an answer").status, 200);
    }
    let (address, follower) = follower.expect("it was started");
    knows(address, 9);
    // A follower stores what it has seen every five seconds.
    thread::sleep(Duration::from_secs(6));
    let older = older.expect("it was kept");
    leader.kill();
    objects.restore(older.clone());
    let said = reason(follower);
    println!("the follower: {said}");
    for words in ["rolled back", "size 9", "end at size 4"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    for n in [0, 1] {
        let said = reason(hasty(&bucket, n));
        println!("writer {n}, restarted: {said}");
        for words in ["rolled back", "memory of what was signed", "size 9", "end at size 4"] {
            assert!(said.contains(words), "{words:?} is not in {said}");
        }
    }
    assert!(bytes(&objects.all()) == bytes(&older), "nothing was written");
}

/// The bucket is restored under a running leader: it acknowledges and publishes nothing more.
#[test]
fn a_leader_does_not_go_on_from_a_bucket_that_was_put_back() {
    let bucket = Bucket::new();
    let objects = bucket.server.objects();
    let mut leader = hasty(&bucket, 0);
    let address = leader.expect_address();
    let mut connection = Connection::open(address).expect("connects");
    let mut older = None;
    for n in 0..9 {
        if n == 4 {
            older = Some(objects.all());
        }
        let answer = connection.post("/add", format!("entry {n}").as_bytes());
        assert_eq!(answer.expect("an answer").status, 200);
    }
    objects.restore(older.expect("it was kept"));
    let shown = objects.get("one/checkpoint").expect("it is there").bytes;
    if let Ok(answer) = connection.post("/add", b"another entry") {
        assert_ne!(answer.status, 200, "it is not acknowledged");
    }
    let said = reason(leader);
    println!("the leader: {said}");
    for words in ["rolled back", "is gone", "Restore the newest copy"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    assert_eq!(objects.get("one/checkpoint").expect("it is there").bytes, shown);
    let said = reason(hasty(&bucket, 0));
    println!("restarted: {said}");
    assert!(said.contains("rolled back") || said.contains("is missing"), "{said}");
}
