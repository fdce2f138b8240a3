//! `fasti-bench lookup`: small corpora, indexed and asked.

#[allow(dead_code, reason = "shared with the tests of load")]
mod server;

use std::fs;
use std::path::PathBuf;

use fasti_corpus::distribution::Distribution;
use fasti_corpus::entries::Entries;
use fasti_corpus::questions::questions;
use fasti_corpus::tiles::write;
use serde_json::{Value, json};
use server::bench;
use tempfile::TempDir;
use tiles_spec::NoteSigningKey;

const ENTRIES: u64 = 5000;

/// A log in `log/` and its known keys in `known.json`.
struct Corpus(TempDir);

impl Corpus {
    fn new() -> Self {
        let corpus = Self(tempfile::tempdir().unwrap());
        let entries = Entries::new(Distribution {
            seed: 1,
            entries: ENTRIES,
            certificates_per_million: 100_000,
        });
        let key = NoteSigningKey::from_seed("corpus.test".parse().unwrap(), &[7; 32]);
        let written = write(&corpus.path("log"), &entries, &key).unwrap();
        corpus.know(&json!({
            "verifier_key": key.verifier_key().to_string(),
            "questions": questions(&entries, &written.census, 30),
        }));
        corpus
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn know(&self, known: &Value) {
        fs::write(self.path("known.json"), known.to_string()).unwrap();
    }

    fn known(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("known.json")).unwrap()).unwrap()
    }

    fn lookup(&self, verb: &str, more: &[&str]) -> (i32, Value) {
        let log = self.path("log");
        bench(&[&["lookup", verb, "--log", log.to_str().unwrap()], more].concat())
    }

    fn ask(&self, more: &[&str]) -> (i32, Value) {
        let known = self.path("known.json");
        let fixed = ["--known", known.to_str().unwrap(), "--lookups", "40"];
        self.lookup("ask", &[&fixed, more].concat())
    }
}

fn class<'a>(report: &'a Value, name: &str) -> &'a Value {
    let classes = report["classes"].as_array().unwrap();
    classes.iter().find(|class| class["class"] == name).unwrap()
}

#[test]
fn an_index_is_built_at_once_and_asked() {
    let corpus = Corpus::new();
    let (code, built) = corpus.lookup("build", &[]);
    assert_eq!(code, 0, "{built}");
    assert_eq!((&built["entries"], &built["revisions"]), (&ENTRIES.into(), &1.into()));
    let (parts, bytes) = (&built["index"]["parts"], &built["index"]["bytes"]);
    assert_eq!((&built["puts_of_parts"], &built["bytes_of_parts"]), (parts, bytes));
    assert_eq!(built["bytes_written_per_byte"], 1.0);
    assert!(built["peak_rss_kib"].as_u64() > Some(1000));
    let (code, again) = corpus.lookup("build", &[]);
    assert!(code == 2 && again.to_string().contains("has an index already"), "{again}");

    let (code, report) = corpus.ask(&[]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["index"], built["index"]);
    let runs = report["index"]["runs"].as_f64().unwrap();
    for name in ["million", "hundreds", "several", "once", "absent"] {
        let class = class(&report, name);
        assert_eq!(class["lookups"], 40);
        // The newest revision, the checkpoint, a page of each run: few keys are off their home
        // page.
        assert_eq!(class["lookup"]["requests"]["median"], 2.0 + runs, "{class}");
        assert!(class["lookup"]["bytes"]["max"].as_f64() > Some(4096.0 * runs));
        assert_eq!(class["newer"]["requests"]["max"], 0.0);
    }
    assert_eq!(class(&report, "absent")["entries"]["requests"]["max"], 0.0);
    assert_eq!(class(&report, "once")["entries_read"]["max"], 1.0);
    assert_eq!(class(&report, "million")["entries_read"]["median"], 10.0);
}

#[test]
fn an_index_grows_with_its_log_and_newer_leaves_are_searched() {
    let corpus = Corpus::new();
    let (code, built) = corpus.lookup("build", &["--step", "300", "--entries", "4500"]);
    assert_eq!(code, 0, "{built}");
    assert_eq!((&built["entries"], &built["revisions"]), (&4500.into(), &15.into()));
    assert!(built["bytes_written_per_byte"].as_f64() > Some(1.0), "{built}");
    assert!(built["bytes_read"].as_u64() > Some(4096));

    let (code, report) = corpus.ask(&["--limit", "1000"]);
    assert_eq!(code, 0, "{report}");
    let sizes = [&report["log_size"], &report["index"]["leaves"], &report["revision"]];
    assert_eq!(sizes, [&json!(ENTRIES), &json!(4500), &json!(14)]);
    // 4500 to 5000 are in three bundles.
    assert!(class(&report, "absent")["newer"]["requests"]["median"].as_f64() >= Some(3.0));
}

#[test]
fn a_wrong_answer_fails_the_run() {
    let corpus = Corpus::new();
    assert_eq!(corpus.lookup("build", &[]).0, 0);
    let known = corpus.path("known.json");
    let known = ["lookup", "ask", "--known", known.to_str().unwrap()];
    let (code, report) = bench(&[&known[..], &["--log", "/nonexistent"]].concat());
    assert!(code == 2 && report.to_string().contains("/nonexistent"), "{report}");
    for (field, wrong, words) in
        [("entries", json!(7), "where there are 7"), ("index_sum", json!(1), "other entries")]
    {
        let mut known = corpus.known();
        let questions = known["questions"].as_array_mut().unwrap();
        questions.retain(|question| question["class"] == "once");
        for question in questions {
            question[field] = wrong.clone();
        }
        let whole = corpus.known();
        corpus.know(&known);
        let (code, report) = corpus.ask(&[]);
        assert_eq!((code, &report["wrong"]), (1, &40.into()), "{report}");
        assert!(report["first_wrong"].as_str().unwrap().contains(words), "{report}");
        corpus.know(&whole);
    }
}
