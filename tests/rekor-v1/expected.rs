//! Every case: the verdict, the bytes, the names for the index, and what is kept.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::differences::{self, Difference};
use super::{NOW, data, json, judge, kinds, read, status};

/// A time at which no metadata in the cases had expired.
const EARLIER: u64 = 1_500_000_000;

fn sha256(parts: &[&[u8]]) -> String {
    hex::encode(Sha256::digest(parts.concat()))
}

#[test]
fn every_case_is_judged_as_by_rekor() {
    let Some(data) = data() else { return };
    let (mut faults, mut cases, mut known) = (Vec::new(), 0, 0);
    for kind in kinds() {
        let home = data.join(kind);
        let expected = json(&home.join("expected.json"));
        for (case, expected) in expected.as_object().expect("cases") {
            cases += 1;
            known += usize::from(differences::of(kind, case).is_some());
            if let Err(fault) = compare(&home, kind, case, expected) {
                faults.push(format!("{kind}/{case}: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {cases}:\n{}", faults.len(), faults.join("\n"));
    assert!(cases > 200, "only {cases} cases");
    assert_eq!(known, differences::count(), "a difference names no case");
}

fn compare(home: &Path, kind: &str, case: &str, expected: &Value) -> Result<(), String> {
    let proposal = read(&home.join(format!("{case}.proposal.json")));
    match judge(&proposal, NOW) {
        Ok(accepted) => {
            let is_better = matches!(differences::of(kind, case), Some(Difference::Accepted));
            if is_better && expected["status"] != 201 {
                return Ok(());
            }
            if expected["status"] != 201 {
                return Err(format!("accepted; Rekor: {expected}"));
            }
            agree(home, kind, case, expected, &accepted)
        }
        Err(error) => {
            let message = error.to_string();
            if expected["status"] == 201 {
                return match differences::of(kind, case) {
                    Some(Difference::Refused(ours)) if message == ours => Ok(()),
                    _ => Err(format!("refused: {message}")),
                };
            }
            refusal(kind, case, expected, status(&error), &message)?;
            match expected.get("ifExpiryWereIgnored") {
                Some(earlier) => {
                    let accepted =
                        judge(&proposal, EARLIER).map_err(|e| format!("earlier: {e}"))?;
                    agree(home, kind, case, earlier, &accepted)
                }
                None => Ok(()),
            }
        }
    }
}

/// Whether a refusal is in Rekor's words, or in those that are listed.
fn refusal(
    kind: &str,
    case: &str,
    expected: &Value,
    status: u64,
    message: &str,
) -> Result<(), String> {
    let theirs = expected["message"].as_str().unwrap_or_default();
    // The code that the answer states beside its message.
    let theirs = theirs
        .strip_prefix("[body code ")
        .and_then(|it| it.split_once("] "))
        .map_or(theirs, |(_, message)| message);
    match differences::of(kind, case) {
        Some(Difference::Message(ours)) if message == ours => Ok(()),
        Some(Difference::Message(ours)) => Err(format!("says {message:?}, listed is {ours:?}")),
        _ if message != theirs => Err(format!("says {message:?}, Rekor {theirs:?}")),
        _ if expected["status"] != status => {
            Err(format!("is {status} instead of {}", expected["status"]))
        }
        _ => Ok(()),
    }
}

fn agree(
    home: &Path,
    kind: &str,
    case: &str,
    expected: &Value,
    accepted: &fasti_rekor_v1::Accepted,
) -> Result<(), String> {
    let body = accepted.body();
    let file = expected["body"].as_str().ok_or("no body")?;
    let theirs = read(&home.join(file));
    let difference = differences::of(kind, case);
    if !matches!(difference, Some(Difference::Body)) {
        if body != theirs {
            let [ours, theirs] = [body, &theirs].map(String::from_utf8_lossy);
            return Err(format!("body\n  {ours}\nRekor\n  {theirs}"));
        }
        if expected["uuid"] != sha256(&[&[0], body]) {
            return Err("another UUID".to_owned());
        }
    } else if body == theirs {
        return Err("the body is listed as different".to_owned());
    }
    let mut keys: Vec<_> = expected["indexKeys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| Some(key.as_str()?.to_lowercase()))
        .collect();
    keys.sort();
    keys.dedup();
    let are_other = accepted.index_keys() != keys;
    if are_other != matches!(difference, Some(Difference::Keys)) {
        return Err(format!("keys\n  {:?}\nRekor\n  {keys:?}", accepted.index_keys()));
    }
    // Rekor keeps no payloads of this kind.
    let attestation = accepted.attestation().filter(|_| kind != "dsse");
    let kept = attestation.map(|it| sha256(&[it.bytes()]));
    if kept.as_deref() != expected["attestationSha256"].as_str() {
        return Err(format!("keeps {kept:?}"));
    }
    let key = attestation.map(|it| format!("sha256:{}", it.digest()));
    if key.as_deref() != expected["attestationKey"].as_str() {
        return Err(format!("keeps it as {key:?}"));
    }
    if accepted.kind().name() != kind || accepted.signers().is_empty() {
        return Err("kind or signers".to_owned());
    }
    Ok(())
}
