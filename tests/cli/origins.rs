//! Names of logs: new ones must be URLs without a scheme, old ones stay as they are.

use std::sync::Arc;

use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::FileSigner;
use fasti::store::{DirectoryOptions, DirectoryStore, Stores};
use tiles_spec::NoteSigningKey;

use crate::world::World;

/// Names that are refused for new logs, with the reason and what to write instead.
const ODD: [(&str, &str, &str); 9] = [
    ("https://log.example.org", "a URL without its scheme", "log.example.org"),
    ("log.example.org/", "does not end in a slash", "log.example.org"),
    ("https://log.example.org/2026/", "without its scheme", "log.example.org/2026"),
    ("me:hunter2@log.example.org", "no user name or password", "log.example.org"),
    ("Log.Example.org", "in lower case", "log.example.org"),
    ("log.example.org:443", "leaves out the port", "log.example.org"),
    ("log.example.org:0443", "without zeros before it", "log.example.org"),
    ("log.example.org?x=1", "no query", "log.example.org"),
    ("log.example.org#x", "no fragment", "log.example.org"),
];

#[test]
fn keys_are_made_for_logs_with_names_that_clients_understand() {
    let world = World::new();
    for (origin, reason, instead) in ODD {
        let ended = world.fasti(&["keygen", "--origin", origin, "--out", "new.key"]);
        ended.broken("--origin is not a valid name for a new log");
        ended.broken(reason);
        ended.broken(&format!("; write {instead}\n"));
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        assert!(!world.path("new.key").exists(), "{origin}");
    }
    for origin in ["a log", "log+1", "", "log.example.org\t"] {
        world.fasti(&["keygen", "--origin", origin, "--out", "new.key"]).broken("without spaces");
        assert!(!world.path("new.key").exists(), "{origin}");
    }
    for (n, (origin, is_host)) in [
        ("log.example.org", true),
        ("localhost", true),
        ("my_log", true),
        ("log.example.org/2026", false),
        ("localhost:3000", false),
        ("[::1]:3000", false),
    ]
    .into_iter()
    .enumerate()
    {
        let ended = world.fasti(&["keygen", "--origin", origin, "--out", &format!("{n}.key")]);
        assert_eq!(ended.stderr.is_empty(), is_host, "{origin}: {}", ended.stderr);
        assert!(is_host || ended.stderr.contains("by its host alone"), "{}", ended.stderr);
        assert!(ended.good().starts_with(&format!("{origin}+")));
    }
}

#[test]
fn a_writer_begins_no_log_with_an_odd_name() {
    for (origin, reason, instead) in ODD {
        let world = World::of(origin, 1);
        for flags in [
            &["--store", "log"][..],
            &["--store", "log", "--key", "log.key"],
            &["--store", "memory:"],
        ] {
            let said = world.start_refused(&[], flags);
            assert!(said.contains("--origin is no name for a new log"), "{said}");
            assert!(said.contains(reason) && said.contains(instead), "{said}");
            assert!(!world.path("log").exists(), "{origin}");
        }
    }
}

/// Starts a log as an earlier release did.
async fn begin(world: &World, key: NoteSigningKey) {
    let store = DirectoryStore::open(&world.path("log"), DirectoryOptions::default());
    let origin = key.verifier_key().name().as_str().parse().expect("an origin");
    let context = Context {
        config: LogConfig::default(),
        stores: Stores::of(Arc::new(store.expect("a store"))),
        signer: Arc::new(FileSigner::new(origin, key)),
        memory: None,
        cosigners: None,
        sharing: Sharing::Alone,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Arc::new(LogMetrics::default()),
    };
    let opened = Log::open(context, Arc::new(MemoryIndex::default())).await;
    let (log, driver) = opened.expect("a new log");
    log.shut_down();
    driver.run().await.expect("it shuts down cleanly");
}

#[test]
fn a_log_that_has_an_odd_name_keeps_it() {
    for origin in ["https://Log.example.org/", "log.example.org:443", "log.example.org/?x"] {
        let mut world = World::of(origin, 1);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let key = NoteSigningKey::from_seed(origin.parse().expect("a key name"), &[1; 32]);
        runtime.block_on(begin(&world, key));
        drop(runtime);
        for round in 0..2 {
            world.start(&["--accept-opaque"]);
            world.add([format!("entry {round}")]);
            world.stop();
        }
        let said = world.fasti(&["loginfo"]).good();
        assert!(said.contains(&format!("Origin:            {origin}\n")), "{said}");
        assert!(said.contains("Active Tree Size:  2"), "{said}");
        // A further key for it can be made, but cannot start a log.
        let further =
            ["keygen", "--origin", origin, "--algorithm", "ml-dsa-44", "--out", "further"];
        let ended = world.fasti(&further);
        assert!(ended.stderr.contains("for an existing log only"), "{}", ended.stderr);
        ended.good();
        world.start(&["--accept-opaque", "--ml-dsa-key", "further"]);
        world.stop();
    }
}
