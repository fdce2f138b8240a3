//! A log grows, and is shown as it grows. What goes back or forks is not shown.

use std::path::Path;

use fasti_kit::made_log::{self, MadeLog, checkpoint};
use serde_json::json;

use super::server::serve;
use crate::world::World;

/// A directory, and trust in the key of made-up logs.
fn world() -> World {
    let world = World::of(made_log::ORIGIN, 9);
    let made = MadeLog::default().key.verifier_key().to_string();
    assert_eq!(world.vkey(), made, "it is the same key");
    world
}

fn log_of(entries: &[Vec<u8>]) -> MadeLog {
    MadeLog::of(entries)
}

/// Writes the checkpoint last, and as a whole.
fn publish(log: &MadeLog, directory: &Path) {
    let mut rest = log.clone();
    let checkpoint = rest.objects.remove("checkpoint").expect("it is published");
    rest.write_to(directory);
    put(directory, &checkpoint);
}

fn put(directory: &Path, checkpoint: &[u8]) {
    let new = directory.join("checkpoint.new");
    std::fs::write(&new, checkpoint).expect("it can be written");
    std::fs::rename(new, directory.join("checkpoint")).expect("it can be replaced");
}

#[test]
fn what_a_running_writer_adds_is_shown() {
    let mut world = World::with_writer(&["--accept-opaque", "--no-lookup"]);
    world.add(["entry 0".to_owned()]);
    let from_files = serve(&world, "log", &["--refresh-seconds", "1"]);
    let from_writer = serve(&world, world.url(), &["--refresh-seconds", "1"]);
    let chained = serve(&world, &from_files.url, &["--refresh-seconds", "1"]);
    world.add((1..300).map(|n| format!("entry {n}")));
    let newest = world.read("log/checkpoint");
    for server in [&from_files, &from_writer, &chained] {
        server.wait_for("/checkpoint", "growth is shown", |answer| answer.body == newest);
    }
    world.stop();
    world.start(&["--accept-opaque", "--no-lookup"]);
    world.add(["one more".to_owned()]);
    let newest = world.read("log/checkpoint");
    for server in [&from_files, &chained] {
        server.wait_for("/checkpoint", "growth is shown", |answer| answer.body == newest);
        let entry = server.get("/api/v1/log/entries?logIndex=300");
        assert_eq!(entry.status, 200, "{entry:?}");
        assert_eq!(server.get("/readyz").json()["treeSize"], 301);
    }
    // The writer that it was opened at is gone: what was shown stays.
    assert_eq!(from_writer.get("/readyz").json()["treeSize"], 300);
    assert_eq!(from_writer.get("/checkpoint").status, 200);
}

#[test]
fn a_checkpoint_that_goes_back_is_not_shown() {
    let (world, entries) = (world(), made_log::entries(600));
    let directory = world.path("log");
    publish(&log_of(&entries[..300]), &directory);
    let (old, new) = (log_of(&entries[..300]), log_of(&entries));
    let flags = ["--refresh-seconds", "1", "--max-stale-seconds", "2"];
    let server = serve(&world, "log", &flags);
    publish(&new, &directory);
    let newest = &new.objects["checkpoint"];
    server.wait_for("/checkpoint", "growth is shown", |answer| answer.body == *newest);
    put(&directory, &old.objects["checkpoint"]);
    let answer = server.wait_for("/readyz", "a rollback is told", |answer| answer.status == 503);
    let reason = answer.json()["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("ROLLBACK") && reason.contains("one of 600"), "{reason}");
    assert_eq!(server.get("/checkpoint").body, *newest);
    let index = server.get("/api/v1/log/entries?logIndex=599");
    assert_eq!(index.status, 200, "{index:?}");
    assert!(server.process.said().contains("is refused and not shown"));
    put(&directory, newest);
    server.wait_for("/readyz", "it recovers", |answer| answer.status == 200);
    server.process.stop();
}

#[test]
fn a_fork_is_not_shown() {
    let (world, entries) = (world(), made_log::entries(700));
    let directory = world.path("log");
    let shown = log_of(&entries[..300]);
    publish(&shown, &directory);
    let flags = ["--refresh-seconds", "1", "--max-stale-seconds", "2"];
    let server = serve(&world, "log", &flags);
    // The same key signs another tree of the same size, and then a larger one.
    let mut others = entries.clone();
    others[299] = b"another entry".to_vec();
    for fork in [&others[..300], &others[..]] {
        publish(&log_of(fork), &directory);
        let words = format!("and one of {} entries", fork.len());
        let told = |reason: &str| reason.contains("FORK") && reason.contains(&words);
        server.wait_for("/readyz", "a fork is told", |answer| {
            let reason = answer.json()["reason"].as_str().unwrap_or_default().to_owned();
            answer.status == 503 && told(&reason)
        });
        assert_eq!(server.get("/checkpoint").body, shown.objects["checkpoint"]);
        assert_eq!(server.get("/api/v1/log").json()["treeSize"], 300);
    }
    // A checkpoint that nobody has signed, and one of another log.
    let head = made_log::head(&entries);
    let stranger = made_log::signing_key("elsewhere.test");
    for bad in [b"no checkpoint".to_vec(), checkpoint(&stranger, head)] {
        put(&directory, &bad);
        let words = "the checkpoint is refused";
        server.wait_for("/readyz", "it is told", |answer| answer.text().contains(words));
        assert_eq!(server.get("/checkpoint").body, shown.objects["checkpoint"]);
    }
    // The same log again, larger.
    publish(&log_of(&entries), &directory);
    server.wait_for("/readyz", "it recovers", |answer| answer.json()["treeSize"] == 700);
    assert_eq!(server.get("/readyz").json()["status"], json!("ready"));
}

#[test]
fn an_index_that_is_out_of_reach_does_not_stop_the_log() {
    let (world, entries) = (world(), made_log::entries(300));
    let directory = world.path("log");
    publish(&log_of(&entries[..200]), &directory);
    std::fs::create_dir(world.path("index")).expect("a directory");
    let flags = ["--refresh-seconds", "1", "--index", "index"];
    let server = serve(&world, "log", &flags);
    // What should be a file cannot be read.
    std::fs::create_dir_all(world.path("index/lookup/latest")).expect("a directory");
    let newest = log_of(&entries);
    publish(&newest, &directory);
    let checkpoint = &newest.objects["checkpoint"];
    server.wait_for("/checkpoint", "growth is shown", |answer| answer.body == *checkpoint);
    assert!(server.process.said().contains("lookup/latest stays as it was"));
}
