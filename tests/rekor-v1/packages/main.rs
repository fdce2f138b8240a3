//! Packages and keys of OpenPGP: what is proposed with them whole, changed and hostile.
//!
//! Rekor's answers to proposals are read from the directory in FASTI_CONFORMANCE_DATA. If that is
//! not set, the tests that need them print that they were skipped.

mod changed;
mod hostile;
mod vectors;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fasti_rekor_v1::{Limits, Proposal, Setting};
use serde_json::Value;

/// What Rekor was asked, and what it answered.
struct Case {
    kind: &'static str,
    name: String,
    proposal: Vec<u8>,
    expected: Value,
    body: Option<Vec<u8>>,
}

/// An accepted entry: its body and its index keys.
type Entry = (Vec<u8>, Vec<String>);

fn judge(proposal: &[u8]) -> Result<Entry, String> {
    let setting = Setting { limits: Limits::default(), now: 1_795_132_800 };
    let proposal = Proposal::parse(proposal).map_err(|error| error.to_string())?;
    let accepted = proposal.accept(&setting).map_err(|error| error.to_string())?;
    Ok((accepted.body().to_vec(), accepted.index_keys().to_vec()))
}

/// All cases with packages or keys of OpenPGP; none if there is no data.
fn cases() -> Vec<Case> {
    let Some(root) = std::env::var_os("FASTI_CONFORMANCE_DATA") else {
        // Not with a macro, because the test harness captures the output of passing tests.
        let notice = b"SKIPPED: FASTI_CONFORMANCE_DATA is not set\n";
        std::io::stderr().write_all(notice).expect("standard error can be written to");
        return Vec::new();
    };
    let root = Path::new(&root).join("v1-kinds");
    let kinds = ["alpine", "helm", "jar", "rekord", "rpm"];
    let cases = kinds.into_iter().flat_map(|kind| of_kind(root.join(kind), kind));
    let cases: Vec<_> =
        cases.filter(|case| case.kind != "rekord" || case.name.contains("pgp")).collect();
    assert!(cases.len() >= 120, "{} cases", cases.len());
    cases
}

fn of_kind(folder: PathBuf, kind: &'static str) -> impl Iterator<Item = Case> {
    let read =
        |path: &Path| std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let expected = read(&folder.join("expected.json"));
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).expect("JSON");
    expected.into_iter().map(move |(name, expected)| {
        let proposal = read(&folder.join(format!("{name}.proposal.json")));
        let body = std::fs::read(folder.join(format!("{name}.body.json"))).ok();
        Case { kind, name, proposal, expected, body }
    })
}
