//! A real writer with three real witnesses, and what readers say of its checkpoints.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use fasti_kit::cli::Ended;
use fasti_kit::http::Connection;
use fasti_kit::process::program;
use fasti_kit::writer::{Home as WriterHome, Writer};
use tiles_spec::{Note, VerifierKey};

use crate::home::{Home, Witness};
use crate::slow_way::slow_way;

const FLAGS: [&str; 4] = ["--accept-opaque", "--no-lookup", "--origin", "log.test"];

/// Three witnesses.
struct Three {
    homes: Vec<Home>,
    witnesses: Vec<Option<Witness>>,
}

impl Three {
    fn of(writer: &Writer) -> Self {
        Self::knowing([&[&writer.key]; 3])
    }

    /// Each knows these logs.
    fn knowing(logs: [&[&VerifierKey]; 3]) -> Self {
        let homes: Vec<_> = (1..=3).map(Home::seeded).collect();
        for (home, logs) in homes.iter().zip(logs) {
            home.list(logs);
        }
        let witnesses = homes.iter().map(|home| Some(home.start(&[]))).collect();
        Self { homes, witnesses }
    }

    /// Two of them are enough, each with either of its keys.
    fn policy(&self, log: &str) -> String {
        let address = |witness: &Option<Witness>| witness.as_ref().expect("it runs").address;
        self.policy_at(log, self.witnesses.iter().map(address).collect())
    }

    fn policy_at(&self, log: &str, addresses: Vec<SocketAddr>) -> String {
        let mut text = format!("log {log}\n");
        let mut groups = String::new();
        for (n, (home, address)) in (1..).zip(self.homes.iter().zip(addresses)) {
            for (kind, key) in ["a", "b"].iter().zip(home.keys()) {
                writeln!(text, "witness {kind}{n} {key} http://{address}").expect("to a string");
            }
            writeln!(groups, "group w{n} any a{n} b{n}").expect("to a string");
        }
        format!("{text}{groups}group two 2 w1 w2 w3\nquorum two\n")
    }

    /// How many keys of each have signed the note in this file, if it is there.
    fn signers_of(&self, note: &Path) -> Option<Vec<usize>> {
        let note = Note::parse(&fs::read(note).ok()?).ok()?;
        let count = |home: &Home| note.verify(&home.keys()).map_or(0, |signers| signers.len());
        Some(self.homes.iter().map(count).collect())
    }
}

fn post(writer: &Writer, entry: &str) -> u16 {
    let mut connection = Connection::open(writer.address).expect("it listens");
    connection.post("/add", entry.as_bytes()).expect("an answer").status
}

/// How many keys of each witness have signed the checkpoint.
fn cosigned(writer: &Writer, three: &Three) -> Vec<usize> {
    three.signers_of(&writer.home.store().join("checkpoint")).expect("a checkpoint")
}

/// Two witnesses have signed with both of their keys; a third may have been too late.
fn expect_two(counts: &[usize]) {
    assert!(counts.iter().filter(|count| **count == 2).count() >= 2, "{counts:?}");
}

#[test]
fn checkpoints_are_published_with_a_quorum_and_readers_accept_them() {
    let home = WriterHome::new();
    // The witnesses get to know the log's key, which its first start makes.
    let writer = home.start(&FLAGS);
    let mut three = Three::of(&writer);
    writer.stop();
    let key = home.start(&FLAGS);
    let vkey = key.key.to_string();
    key.stop();
    let policy = home.file("policy", &three.policy(&vkey));
    let flags = [&FLAGS[..], &["--witness-policy", &policy]].concat();
    let writer = home.start(&flags);
    for n in 0..3 {
        assert_eq!(post(&writer, &format!("entry {n}")), 200, "{}", home.said());
    }
    expect_two(&cosigned(&writer, &three));
    read(&writer, &three, &policy, 0);

    // One of three is down.
    let gone = three.witnesses[1].take().expect("it runs");
    gone.process.kill();
    assert_eq!(post(&writer, "entry 3"), 200, "{}", home.said());
    let counts = cosigned(&writer, &three);
    assert_eq!(counts[1], 0);
    expect_two(&counts);
    read(&writer, &three, &policy, 3);
}

#[test]
fn a_witness_that_is_late_is_published_later_and_counted() {
    let home = WriterHome::new();
    let writer = home.start(&FLAGS);
    let mut three = Three::of(&writer);
    let vkey = writer.key.to_string();
    writer.stop();
    let running = three.witnesses.iter().map(|witness| witness.as_ref().expect("it runs").address);
    let mut addresses: Vec<_> = running.collect();
    addresses[2] = slow_way(addresses[2], Duration::from_millis(400));
    let policy = home.file("policy", &three.policy_at(&vkey, addresses));
    let flags = ["--witness-policy", &policy, "--metrics-listen", "127.0.0.1:0"];
    let flags = [&FLAGS[..], &flags].concat();
    let writer = home.start(&flags);
    assert_eq!(post(&writer, "entry 0"), 200, "{}", home.said());
    let began = Instant::now();
    while cosigned(&writer, &three) != [2, 2, 2] {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", home.said());
        std::thread::sleep(Duration::from_millis(20));
    }
    let metrics = writer.metrics.expect("it serves metrics");
    let metrics = Connection::open(metrics).expect("it listens").get("/metrics").expect("metrics");
    let metrics = String::from_utf8(metrics.body).expect("text");
    for line in [
        "fasti_cosigner_size_leaves{witness=\"a3\"} 1",
        "fasti_cosigner_failures_total{witness=\"a1\",kind=\"contradicted\"} 0",
    ] {
        assert!(metrics.lines().any(|there| there == line), "{line}: {metrics}");
    }
    let is_zero = |name: &str| metrics.contains(&format!("\n{name} 0\n"));
    assert!(!is_zero("fasti_cosigner_late_total{witness=\"a3\"}"), "{metrics}");
    assert!(!is_zero("fasti_late_joins_total"), "{metrics}");
    writer.stop();
    // The tree is the same after a restart, so its cosignatures stay.
    three.witnesses[2].take().expect("it runs").process.kill();
    let writer = home.start(&flags);
    assert_eq!(cosigned(&writer, &three), [2, 2, 2]);
    read(&writer, &three, &policy, 0);
}

/// The key of the log of the index, which is the log's own under another name.
fn index_key(writer: &Writer) -> VerifierKey {
    let name = "log.test/lookup".parse().expect("a name");
    VerifierKey::new(name, writer.key.public_key().clone()).expect("a key")
}

#[test]
fn the_log_of_an_index_is_cosigned_if_that_is_asked_for() {
    let flags = ["--accept-opaque", "--lookup-seconds", "1", "--origin", "log.test"];
    let home = WriterHome::new();
    let writer = home.start(&flags);
    let (log, lookup, vkey) = (writer.key.clone(), index_key(&writer), writer.key.to_string());
    writer.stop();
    let three = Three::knowing([&[&log], &[&log, &lookup], &[&log, &lookup]]);
    let policy = home.file("policy", &three.policy(&vkey));
    let writer =
        home.start(&[&flags[..], &["--witness-policy", &policy, "--witness-index"]].concat());
    assert_eq!(post(&writer, "entry 0"), 200, "{}", home.said());
    let began = Instant::now();
    let cosigned = || three.signers_of(&home.store().join("lookup/checkpoint"));
    // What readers ask for first has the same lines a moment later.
    let has_latest = || {
        let text = |path: &str| fs::read_to_string(home.store().join(path)).ok();
        let (latest, checkpoint) = (text("lookup/latest")?, text("lookup/checkpoint")?);
        latest.contains(&checkpoint).then_some(())
    };
    while cosigned() != Some(vec![0, 2, 2]) || has_latest().is_none() {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}: {}", cosigned(), home.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    writer.stop();
}

#[test]
fn the_index_has_the_lines_of_witnesses_that_are_slower_than_the_quorum() {
    let flags = ["--accept-opaque", "--lookup-seconds", "1", "--origin", "log.test"];
    let home = WriterHome::new();
    let writer = home.start(&flags);
    let (log, lookup, vkey) = (writer.key.clone(), index_key(&writer), writer.key.to_string());
    writer.stop();
    let three = Three::knowing([&[&log, &lookup], &[&log, &lookup], &[&log, &lookup]]);
    let running = three.witnesses.iter().map(|witness| witness.as_ref().expect("it runs").address);
    let mut addresses: Vec<_> = running.collect();
    addresses[2] = slow_way(addresses[2], Duration::from_millis(200));
    let policy = home.file("policy", &three.policy_at(&vkey, addresses));
    let writer =
        home.start(&[&flags[..], &["--witness-policy", &policy, "--witness-index"]].concat());
    assert_eq!(post(&writer, "entry 0"), 200, "{}", home.said());
    // Only one revision comes, and nothing is joined to it later.
    let began = Instant::now();
    let cosigned = || three.signers_of(&home.store().join("lookup/checkpoint"));
    while cosigned() != Some(vec![2, 2, 2]) {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}: {}", cosigned(), home.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    writer.stop();
}

/// Readers that trust the policy read and verify the log.
fn read(writer: &Writer, three: &Three, policy: &str, index: usize) {
    let store = writer.home.store().display().to_string();
    let fasti = |arguments: &[&str]| {
        let mut command = Command::new(program("fasti"));
        command.args(arguments).args(["--log", &store, "--policy", policy]);
        Ended::of(command)
    };
    fasti(&["loginfo"]).good();
    let witnesses: Vec<_> = three.witnesses.iter().flatten().collect();
    for witness in witnesses {
        let url = format!("http://{}", witness.address);
        let said = fasti(&["fsck", "--witness", &url]).good();
        assert!(said.contains(&format!("Witness {url}: ")), "{said}");
    }
    fasti(&["prove", "--log-index", &index.to_string()]).good();
}

#[test]
fn a_restored_directory_is_refused_because_the_witnesses_have_seen_more() {
    let home = WriterHome::new();
    let writer = home.start(&FLAGS);
    let vkey = writer.key.to_string();
    let three = Three::of(&writer);
    writer.stop();
    let policy = home.file("policy", &three.policy(&vkey));
    // Nothing else remembers what was signed.
    let flags = [&FLAGS[..], &["--witness-policy", &policy]].concat();
    let writer = home.start(&flags);
    assert_eq!(post(&writer, "entry 0"), 200);
    writer.stop();
    let copy = home.copy();
    let writer = home.start(&flags);
    assert_eq!((post(&writer, "entry 1"), post(&writer, "entry 2")), (200, 200));
    expect_two(&cosigned(&writer, &three));
    writer.stop();
    // The operator vouches for the copy, wrongly.
    remove_memory(&copy.store());
    let restored = [&flags[..], &["--restored-at", "1"]].concat();
    let (code, said) = copy.refusal(&restored);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("rolled back: the witness"), "{said}");
    assert!(
        said.contains("shows the log at size 3, but the commit records end at size 1"),
        "{said}"
    );
    let note = fs::read(copy.store().join("checkpoint")).expect("a checkpoint");
    let text = String::from_utf8(note).expect("text");
    assert_eq!(text.lines().nth(1), Some("1"), "nothing was published: {text}");

    // Whoever asks a witness finds out too.
    let store = copy.store().display().to_string();
    let witness = three.witnesses[0].as_ref().expect("it runs").address;
    let url = format!("http://{witness}");
    let evidence = copy.store().with_extension("evidence").display().to_string();
    let mut command = Command::new(program("fasti"));
    command.args(["fsck", "--log", &store, "--vkey", &vkey, "--witness", &url]);
    let found = Ended::of({
        command.args(["--state-dir", &evidence]);
        command
    });
    found
        .refused("ROLLBACK: the log serves a tree of 1 entries, but the witness cosigned one of 3");
    found.refused("; evidence: ");
}

fn remove_memory(store: &Path) {
    let _ = fs::remove_file(store.join("_writer/log.key.signed"));
}
