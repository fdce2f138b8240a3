//! How many requests things cost, as the store counts them: what a bucket's bill is made of.
//!
//! These are promises: a batch costs as many PUTs as it changes objects, and nothing is written
//! while nothing is submitted.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::FileSigner;
use fasti::store::{BucketOptions, BucketStore, KeyPair, Stores};
use fasti_buckets::{Fault, Operation, Rule};
use fasti_kit::http::Connection;

use crate::bucket::{Bucket, STORE};
use crate::fleet::Fleet;
use crate::scene::Scene;
use crate::writer::{ORIGIN, Writer};

/// Record, level 0 tile, entry bundle, its times, checkpoint.
const PUTS: u64 = 5;
/// In steps where tiles of three levels change because the previous one is full.
const PUTS_MAX: u64 = 7;
/// The note that records the progress of cleanup is written about once per this many batches.
const NOTED_EVERY: u64 = 64;

/// The most that a writer's memory may grow over some hundred small batches.
const GROWTH_KIB_MAX: usize = 16 * 1024;

/// So that nothing is re-signed during the test.
const IDLE: [&str; 4] = ["--republish-seconds", "100000", "--drain-seconds", "0"];

#[test]
fn a_small_batch_costs_five_puts() {
    let bucket = Bucket::new();
    let costs = costs_of_batches(&bucket, 0, 380);
    assert!(costs[..255].iter().all(|puts| (PUTS..=PUTS + 1).contains(puts)), "{costs:?}");
    assert!(costs[255] <= PUTS + 2, "the 256th fills tiles: {costs:?}");
    check_sum(&costs[256..]);
}

#[test]
fn a_small_batch_in_a_large_log_costs_five_puts() {
    let bucket = Bucket::new();
    grow(&bucket, 65_500);
    let costs = costs_of_batches(&bucket, 65_500, 100);
    assert_eq!(costs[35], PUTS_MAX, "the 65,536th fills tiles of two levels: {costs:?}");
    check_sum(&costs);
}

/// PUTs for each of `count` entries, submitted one after another.
fn costs_of_batches(bucket: &Bucket, size: u64, count: u64) -> Vec<u64> {
    let mut command = bucket.writer(0);
    command.args(IDLE).args(["--no-lookup", "--no-heads"]);
    let mut writer = Writer::spawn(command);
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    let mut resident = Vec::new();
    let costs = (size..size + count).map(|n| {
        bucket.server.tally().reset();
        let answer = connection.post("/add", format!("entry {n}").as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
        resident.push(writer.resident() / 1024);
        bucket.server.tally().requests(Operation::Put)
    });
    let costs = costs.collect();
    // The next batch reuses what a batch needs.
    let (early, late) = (resident[resident.len() / 4], resident[resident.len() - 1]);
    println!("memory: {early} KiB, then {late} KiB");
    assert!(late < early + GROWTH_KIB_MAX, "memory grows: {resident:?}");
    writer.stop();
    costs
}

/// Five each, except for the notes, which fall into any batch, and where tiles fill up.
fn check_sum(costs: &[u64]) {
    let batches = costs.len() as u64;
    let usual = costs.iter().filter(|puts| **puts == PUTS).count() as u64;
    println!("{usual} of {batches} batches cost {PUTS} PUTs, all {}", costs.iter().sum::<u64>());
    assert!(costs.iter().all(|puts| (PUTS..=PUTS_MAX).contains(puts)), "{costs:?}");
    assert!(batches - usual <= 3 + batches / NOTED_EVERY, "{costs:?}");
}

/// Commit, apply, publish: each waits for the previous step, and for one request to the store.
#[test]
fn an_answer_takes_three_round_trips() {
    const ROUND_TRIP: Duration = Duration::from_millis(100);
    let bucket = Bucket::new();
    let mut writer = Writer::spawn(bucket.writer(0));
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    thread::sleep(Duration::from_millis(500));
    bucket.server.faults().add(Rule::new(Fault::StallBefore(ROUND_TRIP)));
    let times = [0, 1, 2, 3, 4].map(|n| {
        let began = Instant::now();
        let answer = connection.post("/add", format!("entry {n}").as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
        began.elapsed()
    });
    println!("{ROUND_TRIP:?} a request: answered after {times:.0?}");
    let least = times.into_iter().min().expect("some");
    assert!((ROUND_TRIP * 3..ROUND_TRIP * 4).contains(&least), "{times:?}");
}

#[test]
fn an_idle_log_writes_nothing() {
    let (bucket, scene) = (Bucket::new(), Scene::new(Duration::from_secs(20)));
    let flags = [&IDLE[..], &["--lookup-seconds", "1"]].concat();
    let mut fleet = Fleet::of(&scene, &bucket, &flags);
    for n in 0..3 {
        let mut connection = Connection::open(fleet.address(n)).expect("connects");
        assert_eq!(connection.post("/add", b"an entry").expect("an answer").status, 200);
    }
    // Background work is soon done; the index's second revision comes some time after the first.
    fleet.wait(Duration::from_secs(3));
    let tally = bucket.server.tally();
    tally.reset();
    fleet.wait(Duration::from_secs(4));
    let gets = tally.requests(Operation::Get);
    println!("{gets} GETs in 4 seconds");
    // Followers update their deduplication indexes once.
    assert!(gets == tally.total() && gets <= 8, "{:?}", tally.reset());
}

/// A run of one part, the revision, its tile and bundle, and the two files that change.
#[test]
fn a_revision_of_the_index_costs_six_puts() {
    const REVISION: u64 = 6;
    let bucket = Bucket::new();
    let mut command = bucket.writer(0);
    command.args(IDLE).args(["--lookup-seconds", "1"]);
    let mut writer = Writer::spawn(command);
    let mut connection = Connection::open(writer.expect_address()).expect("connects");
    let costs = [0, 1, 2, 3].map(|n| {
        bucket.server.tally().reset();
        let answer = connection.post("/add", format!("entry {n}").as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
        thread::sleep(Duration::from_secs(2));
        bucket.server.tally().requests(Operation::Put)
    });
    println!("a batch and a revision: {costs:?} PUTs");
    // The first batch creates the log.
    assert_eq!(costs[1..], [PUTS + REVISION; 3]);
    writer.stop();
}

#[test]
fn a_start_costs_what_its_probe_costs() {
    let bucket = Bucket::new();
    let tally = bucket.server.tally();
    for start in ["of a new log", "again"] {
        let mut command = bucket.writer(0);
        command.args(IDLE);
        let mut writer = Writer::spawn(command);
        writer.expect_address();
        thread::sleep(Duration::from_millis(500));
        let asked = |operation| tally.requests(operation);
        let (puts, gets) = (asked(Operation::Put), asked(Operation::Get) + asked(Operation::Head));
        let lists = asked(Operation::List);
        println!("a start {start}: {puts} PUTs, {gets} GETs and HEADs, {lists} LISTs");
        // Increments that lose a race are retried.
        assert!((100..=200).contains(&puts) && gets < 200 && lists < 10, "{:?}", tally.reset());
        tally.reset();
        writer.stop();
    }
}

/// Creates a log of `size` entries, in large batches, without a writer process.
fn grow(bucket: &Bucket, size: u64) {
    bucket.runtime.block_on(async {
        let account = bucket.server.options();
        let keys = KeyPair { id: account.access_key.clone(), secret: account.secret_key.clone() };
        let options = BucketOptions {
            endpoint: Some(bucket.server.url()),
            region: Some("nowhere-1".to_owned()),
            keys: Some(keys),
            ..BucketOptions::default()
        };
        let location = STORE.parse().expect("a bucket");
        let store = BucketStore::open(location, &options).await.expect("opens");
        let pool_entries_max = usize::try_from(size).expect("small");
        let origin = ORIGIN.parse().expect("an origin");
        let context = Context {
            config: LogConfig { pool_entries_max, ..LogConfig::default() },
            stores: Stores::shared(Arc::new(store)),
            signer: Arc::new(
                FileSigner::open(&bucket.path("log.key"), origin, None).expect("the key"),
            ),
            memory: None,
            cosigners: None,
            sharing: Sharing::Alone,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            metrics: Arc::new(LogMetrics::default()),
        };
        let opened = Log::open(context, Arc::<MemoryIndex>::default()).await;
        let (log, driver) = opened.expect("a new log");
        let running = tokio::spawn(driver.run());
        let answers = (0..size).map(|n| log.submit(Bytes::from(format!("grown {n}"))));
        let answers = futures::future::try_join_all(answers).await.expect("answers");
        assert_eq!(answers.len() as u64, size);
        log.shut_down();
        running.await.expect("no panic").expect("it shuts down cleanly");
    });
}
