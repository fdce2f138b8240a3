//! Logs in buckets, and the doctor for stores.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_buckets::{Conditions, S3Options, S3Server};
use fasti_kit::http::Connection;
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

    /// What a program needs to reach it.
    fn variables(&self) -> [(&str, String); 4] {
        let account = self.server.options();
        [
            ("FASTI_STORE_ENDPOINT", self.server.url()),
            ("AWS_ACCESS_KEY_ID", account.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", account.secret_key.clone()),
            ("AWS_REGION", "eu-central-1".to_owned()),
        ]
    }

    fn fasti(&self, world: &World, arguments: &[&str]) -> Ended {
        let variables = self.variables();
        let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
        let log = [("FASTI_VKEY", world.vkey()), ("FASTI_LOG", "s3://log/some/log")];
        world.fasti_with(&log.into_iter().chain(variables).collect::<Vec<_>>(), arguments)
    }

    /// Starts a writer of a world's log at a place in the bucket.
    fn start(&self, world: &mut World, place: &str, flags: &[&str]) {
        let variables = self.variables();
        let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
        let store = ["--store", place, "--key", "log.key", "--accept-opaque"];
        let store = [&store[..], &["--drain-seconds", "0"]].concat();
        world.start_with(&variables.collect::<Vec<_>>(), &[&store[..], flags].concat());
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

/// A log in the bucket after two others there: one was frozen, and of one the size is stated.
#[test]
fn inactive_shards_are_read_from_a_bucket() {
    let bucket = Bucket::new(Conditions::Kept);
    let (mut first, mut second) = (World::of("first.test", 2), World::of("second.test", 3));
    let mut new = World::new();
    let keygen = ["keygen", "--origin", "v1.test", "--algorithm", "ecdsa-p256"];
    let v1_vkey = new.fasti(&[&keygen[..], &["--out", "v1.pem"]].concat()).good();
    new.fasti_with(&[("FASTI_VKEY", v1_vkey.trim())], &["trusted-root", "--out", "v1.json"]).good();
    let v1_key = new.path("v1.pem").display().to_string();
    let signing = ["--rekor-v1-key", v1_key.as_str()];
    bucket.start(&mut first, "s3://log/first", &signing);
    first.add((0..12).map(|n| format!("first {n}")));
    first.stop();
    bucket.fasti(&first, &["freeze", "--store", "s3://log/first", "--key", "log.key"]).good();
    bucket.start(&mut second, "s3://log/second", &signing);
    second.add((0..2).map(|n| format!("second {n}")));
    second.stop();
    let shards = [
        format!("s3://log/first,vkey={},sign", first.vkey()),
        format!("s3://log/second,vkey={},size=2", second.vkey()),
    ];
    let flags = shards.iter().flat_map(|shard| ["--rekor-v1-shard", shard]);
    let flags: Vec<_> = signing.into_iter().chain(flags).collect();
    bucket.start(&mut new, "s3://log/new", &flags);
    new.add((0..3).map(|n| format!("new {n}")));

    let address = new.url().trim_start_matches("http://").parse().expect("an address");
    let mut connection = Connection::open(address).expect("it listens");
    let mut get = |path: &str| {
        let answer = connection.get(path).expect("an answer");
        // What is not there has no body.
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap_or_default())
    };
    let (_, info) = get("/api/v1/log");
    let sizes = [&info["inactiveShards"][0], &info["inactiveShards"][1], &info];
    assert_eq!(sizes.map(|tree| tree["treeSize"].as_u64()), [Some(12), Some(2), Some(3)]);
    for (index, in_shard, body) in
        [(0, 0, "first 0"), (11, 11, "first 11"), (12, 0, "second 0"), (16, 2, "new 2")]
    {
        let (_, found) = get(&format!("/api/v1/log/entries?logIndex={index}"));
        let (_, entry) = found.as_object().and_then(|it| it.iter().next()).expect("an entry");
        let stated = (entry["logIndex"].as_u64(), entry["body"].as_str());
        assert_eq!(stated, (Some(index), Some(&*STANDARD.encode(body))));
        assert_eq!(entry["verification"]["inclusionProof"]["logIndex"], in_shard);
        let is_signed = entry["verification"]["signedEntryTimestamp"].is_string();
        assert_eq!(is_signed, !body.starts_with("second"), "{entry}");
    }
    assert_eq!(get("/api/v1/log/entries?logIndex=17").0, 404);
    // Everything that the API gives is what was signed: every entry, proof and timestamp.
    let keys = format!("{},{}", v1_vkey.trim(), second.vkey());
    let with = ["monitor", "--once", "--from", "beginning", "--state", "watched"];
    let watched = [&with[..], &["--rekor-v1", new.url()]].concat();
    let said = new.fasti_with(&[("FASTI_VKEY", &keys)], &watched).good();
    for count in [12, 2, 3] {
        assert!(said.contains(&format!("; {count} new entries")), "{said}");
    }
    let tree = &info["inactiveShards"][0]["treeID"].as_str().expect("a number").to_owned();
    let proof = format!("/api/v1/log/proof?firstSize=8&lastSize=12&treeID={tree}");
    let (status, proof) = get(&proof);
    assert_eq!((status, &proof["rootHash"]), (200, &info["inactiveShards"][0]["rootHash"]));
    assert!(proof["hashes"].as_array().is_some_and(|hashes| !hashes.is_empty()), "{proof}");
    let get_it = ["get", "--log-index", "11", "--trusted-root", "v1.json"];
    let said = new.fasti_with(&[], &get_it).good();
    assert!(said.contains("first 11"), "{said}");

    // A shard whose files are gone is to blame, and is read again once they are back.
    new.stop();
    let bundle = "second/tile/entries/000.p/2";
    let kept = bucket.server.objects().get(bundle).expect("it is there");
    assert!(bucket.server.objects().remove(bundle));
    bucket.start(&mut new, "s3://log/new", &flags);
    let address = new.url().trim_start_matches("http://").parse().expect("an address");
    let mut connection = Connection::open(address).expect("it listens");
    let mut status = |path: &str| connection.get(path).expect("an answer").status;
    assert_eq!(status("/api/v1/log/entries?logIndex=13"), 502);
    assert_eq!(status("/api/v1/log/entries?logIndex=14"), 200);
    let mut objects = bucket.server.objects().all();
    objects.insert(bundle.to_owned(), kept);
    bucket.server.objects().restore(objects);
    assert_eq!(status("/api/v1/log/entries?logIndex=13"), 200);
    new.stop();
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

#[test]
fn what_a_repair_in_a_bucket_has_mended_is_not_said_to_be_left() {
    let mut world = World::with_writer(&["--accept-opaque"]);
    world.add((0..600).map(|n| format!("entry {n}")));
    world.stop();
    let bucket = Bucket::new(Conditions::Kept);
    bucket.upload(&world.path("log"), "some/log");
    let objects = bucket.server.objects();
    let (above, tile) = ("some/log/tile/1/000.p/2", "some/log/tile/0/000");
    let whole = [above, tile].map(|key| objects.get(key).expect("it is there").bytes);
    let mut flipped = whole[1].to_vec();
    flipped[4000] ^= 1;
    objects.put(tile, flipped);
    assert!(objects.remove(above));
    // Without the tile above, nothing says which of the two is damaged, the tile or its entries.
    bucket.fasti(&world, &["fsck"]).refused("tile/0/000: disagrees with tile/entries/000");
    let planned = bucket.fasti(&world, &["fsck", "--repair"]);
    planned.refused("Left as it is: tile/entries/000: it is as it should be now");
    let said = bucket.fasti(&world, &["fsck", "--repair", "--yes"]).good();
    assert!(said.contains("2 objects were written"), "{said}");
    assert!(!said.contains("Left as it is"), "{said}");
    assert_eq!([above, tile].map(|key| objects.get(key).expect("it was written").bytes), whole);
}
