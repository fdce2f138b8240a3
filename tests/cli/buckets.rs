//! Logs in buckets, and the doctor for stores.

use std::fs;
use std::path::Path;

use fasti_buckets::{Conditions, S3Options, S3Server};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::world::{Ended, World};

/// A bucket in this process, and what a command needs to reach it.
struct Bucket {
    server: S3Server,
    _runtime: Runtime,
}

impl Bucket {
    fn new(conditions: Conditions) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let options = S3Options { conditions, ..S3Options::default() };
        let server = runtime.block_on(S3Server::start(options)).expect("it listens");
        Self { server, _runtime: runtime }
    }

    fn fasti(&self, world: &World, arguments: &[&str]) -> Ended {
        let (url, account) = (self.server.url(), self.server.options());
        let variables = [
            ("FASTI_VKEY", world.vkey()),
            ("FASTI_LOG", "s3://log/some/log"),
            ("FASTI_STORE_ENDPOINT", &url),
            ("AWS_ACCESS_KEY_ID", &account.access_key),
            ("AWS_SECRET_ACCESS_KEY", &account.secret_key),
            ("AWS_REGION", "eu-central-1"),
        ];
        world.fasti_with(&variables, arguments)
    }

    /// Uploads the files below `directory` into the bucket.
    fn upload(&self, directory: &Path, prefix: &str) {
        for entry in fs::read_dir(directory).expect("readable") {
            let path = entry.expect("readable").path();
            let key = format!("{prefix}/{}", path.file_name().expect("a name").display());
            if path.is_dir() {
                self.upload(&path, &key);
            } else {
                self.server.objects().put(&key, fs::read(&path).expect("readable"));
            }
        }
    }
}

#[test]
fn a_log_in_a_bucket_is_read_as_any_other() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add((0..300).map(|n| format!("entry {n}")));
    world.stop();
    let bucket = Bucket::new(Conditions::Kept);
    bucket.upload(&world.path("log"), "some/log");

    let head = bucket.fasti(&world, &["loginfo"]).good();
    assert!(head.contains("Active Tree Size:  300"), "{head}");
    let clean = bucket.fasti(&world, &["fsck"]).good();
    assert!(clean.contains("Clean") && clean.contains("300 entries"), "{clean}");
    let entry = bucket.fasti(&world, &["get", "--log-index", "270"]).good();
    assert!(entry.contains("entry 270"), "{entry}");

    assert!(bucket.server.objects().remove("some/log/tile/entries/000"));
    bucket.fasti(&world, &["get", "--log-index", "3"]).refused("tile/entries/000");
    bucket.fasti(&world, &["loginfo", "--log", "s3://log/elsewhere"]).broken("s3://log/elsewhere");
    bucket
        .fasti(&world, &["loginfo", "--log", "s3://"])
        .broken("the name of the bucket is missing");
}

#[test]
fn the_doctor_tells_fit_stores_from_others() {
    let world = World::new();
    let fit = Bucket::new(Conditions::Kept);
    let found = fit.fasti(&world, &["doctor", "--store", "s3://log/new"]).good();
    assert!(found.contains("concurrent creates:       ok\n"), "{found}");
    assert!(found.contains("median"), "{found}");
    assert!(found.ends_with("Fit for any number of writers: s3://log/new\n"), "{found}");
    assert_eq!(fit.server.objects().count(), 0, "nothing is left");
    let json = fit.fasti(&world, &["doctor", "--store", "s3://log", "--format", "json"]).good();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["fit"], &json["shared"]), (&true.into(), &true.into()));
    assert_eq!(json["checks"].as_array().map(Vec::len), Some(4));
    assert!(json["latencies"]["create"]["median_ms"].as_f64().is_some_and(|took| took > 0.0));

    // Also honest: a write is refused while another write of the same name is in progress.
    for conditions in [Conditions::OneAtATime, Conditions::Colliding] {
        let contended = Bucket::new(conditions);
        let found = contended.fasti(&world, &["doctor", "--store", "s3://log"]).good();
        assert!(found.ends_with("Fit for any number of writers: s3://log\n"), "{found}");
    }
    let never_free = Bucket::new(Conditions::NeverFree);
    let found = never_free.fasti(&world, &["doctor", "--store", "s3://log"]);
    assert_eq!(found.status, 1, "{}", found.stdout);
    assert!(found.stdout.contains("no end to other writes"), "{}", found.stdout);

    let broken = Bucket::new(Conditions::Ignored);
    let found = broken.fasti(&world, &["doctor", "--store", "s3://log"]);
    assert_eq!(found.status, 1, "{}", found.stdout);
    assert!(found.stdout.contains("16 of 16 concurrent creates"), "{}", found.stdout);
    assert!(found.stdout.ends_with("Not fit for a log: s3://log\n"), "{}", found.stdout);
}

#[test]
fn the_doctor_looks_at_directories_beside_their_writer() {
    let mut world = World::with_writer(&[]);
    let found = world.fasti(&["doctor", "--store", "log"]).good();
    assert!(found.ends_with("Fit for one writer, like any directory: log\n"), "{found}");
    let left = fs::read_dir(world.path("log")).expect("readable");
    let left = left.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert!(left.into_iter().all(|name| !name.contains("doctor")), "it cleans up");
    world.stop();
}

#[test]
fn the_doctor_finds_nothing_out_without_a_store() {
    let world = World::new();
    world.fasti(&["doctor", "--store", "nowhere"]).broken("cannot create nowhere");
    world.fasti(&["doctor", "--store", "https://log.example"]).broken("give the bucket");
    world.fasti(&["doctor", "--store", "gs://log", "--store-region", "x"]).broken("the region");
    let gone = Bucket::new(Conditions::Kept);
    let stranger = [("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y")];
    let url = gone.server.url();
    let doctor = ["doctor", "--store", "s3://log", "--store-endpoint", &url, "--store-region", "x"];
    world.fasti_with(&stranger, &doctor).broken("nothing was found out");
}
