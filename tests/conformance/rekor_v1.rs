//! Entries as Rekor 1.6 stored them, of every kind: what Rekor lists each by, it is found by here
//! too.
//!
//! Rekor's keys are texts: a digest with or without its algorithm, the SHA-256 of a key in
//! canonical form, or a name. Here they are terms of their own, so each text is compared as what it
//! stands for in the body. Differences are rules, each with its reason.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::entry::{LookupTerm, attested_keys, expect_few_keys, lookup_keys};
use fasti::rekor_v1::{KINDS, Limits, Proposal, Setting, term_of_key};
use fasti_kit::conformance_data::read;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tiles_spec::{Hash, leaf_hash};

use super::data;

/// Why an entry is not found by one of Rekor's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// A digest in the payload is not hexadecimal, or empty.
    OddDigest,
    /// Rekor hashes a message that it no longer has.
    HashOfNothing,
    /// The hash of a chart is any text, and this one is no digest.
    NoDigest,
    /// Rekor chose another file of several than when it wrote the entry.
    AnotherFile,
    /// Rekor wrote the user IDs in another order than when it wrote the entry.
    AnotherOrder,
}

/// A body, and what Rekor lists it by.
struct Case {
    name: String,
    body: Vec<u8>,
    keys: Vec<String>,
    /// What was signed, if that may be kept.
    attestation: Option<Vec<u8>>,
}

impl Case {
    /// Whether what was signed says this.
    fn is_attested(&self, key: &str) -> bool {
        let (Some(attestation), Some((_, digits))) = (&self.attestation, key.split_once(':'))
        else {
            return false;
        };
        let Ok(digest) = hex::decode(digits) else { return false };
        let term = LookupTerm::Digest(digest);
        let is_attested = term.is_attested(&self.body, attestation);
        let keys = attested_keys(&self.body, attestation);
        assert_eq!(is_attested, keys.contains(&term.key()), "{term}");
        is_attested
    }
}

/// What the log would keep of a proposal, if it is of a kind that has something to keep.
fn attestation(kind: &str, proposal: &Path) -> Option<Vec<u8>> {
    if !["cose", "dsse", "intoto"].contains(&kind) {
        return None;
    }
    let limits = Limits { attestation_bytes_max: 1 << 20, ..Limits::default() };
    let proposal = read(proposal);
    let accepted = Proposal::parse(&proposal).ok()?.accept(&Setting { limits, now: 0 }).ok()?;
    Some(accepted.into_parts().1?.into_bytes())
}

fn cases(home: &Path, kind: &str) -> Vec<Case> {
    let expected: Value = serde_json::from_slice(&read(&home.join("expected.json"))).unwrap();
    let mut cases = Vec::new();
    for (name, case) in expected.as_object().unwrap() {
        // Some would be accepted at an earlier time.
        for case in [case, &case["ifExpiryWereIgnored"]] {
            let Some(file) = case["body"].as_str() else { continue };
            let mut keys = Vec::new();
            for list in ["indexKeys", "indexKeysFromBody"] {
                let list = case[list].as_array().into_iter().flatten();
                keys.extend(list.map(|key| key.as_str().unwrap().to_owned()));
            }
            let attestation = attestation(kind, &home.join(format!("{name}.proposal.json")));
            let name = format!("{kind}/{name}");
            cases.push(Case { name, body: read(&home.join(file)), keys, attestation });
        }
    }
    cases
}

#[test]
fn every_entry_is_found_by_what_rekor_lists_it_by() {
    let Some(data) = data("v1-kinds") else { return };
    let (mut count, mut faults) = (0, Vec::new());
    let mut differences: BTreeMap<Reason, usize> = BTreeMap::new();
    for kind in KINDS.iter().map(|kind| kind.name()) {
        for case in cases(&data.join(kind), kind) {
            count += 1;
            let leaf = leaf_hash(&case.body);
            assert!(!case.keys.is_empty(), "{}", case.name);
            expect_few_keys(&case.body).unwrap();
            for key in &case.keys {
                let term = meaning(&case, key);
                let own = term.matches(&leaf, &case.body);
                assert_eq!(own, lookup_keys(&leaf, &case.body).contains(&term.key()), "{term}");
                let found = own || case.is_attested(key);
                match reason(kind, &case, key) {
                    None if found => {}
                    Some(reason) if !found => *differences.entry(reason).or_default() += 1,
                    None => faults.push(format!("{}: not found by {key} ({term})", case.name)),
                    Some(reason) => faults.push(format!("{}: {key}: {reason:?}?", case.name)),
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
    assert_eq!(count, 192);
    // Each rule is needed.
    assert_eq!(differences.len(), 5, "{differences:?}");
}

/// Whose key is on a curve that is not read here.
const UNREAD: &str = "rekord/pgp-gen-brainpool";

#[test]
fn every_entry_is_found_by_the_key_as_it_was_proposed() {
    let Some(data) = data("v1-kinds") else { return };
    let (mut count, mut faults) = (0, Vec::new());
    for kind in KINDS.iter().map(|kind| kind.name()) {
        for case in cases(&data.join(kind), kind) {
            let proposal = read(&data.join(format!("{}.proposal.json", case.name)));
            // Some have bytes after the object.
            let mut values = serde_json::Deserializer::from_slice(&proposal).into_iter();
            let proposal: Value = values.next().unwrap().unwrap();
            let Some((format, key)) = proposed_key(kind, &proposal) else { continue };
            count += 1;
            let found = term_of_key(&format, &key)
                .is_ok_and(|term| term.matches(&leaf_hash(&case.body), &case.body));
            if found == (case.name == UNREAD) {
                faults.push(case.name);
            }
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
    assert!(count > 100, "only {count}");
}

/// The key in a proposal with its format, if the entry is of one key.
fn proposed_key(kind: &str, proposal: &Value) -> Option<(String, Vec<u8>)> {
    let spec = &proposal["spec"];
    let (format, key) = match kind {
        "rekord" => (spec["signature"]["format"].as_str()?, &spec["signature"]["publicKey"]),
        "hashedrekord" => ("x509", &spec["signature"]["publicKey"]),
        "alpine" => ("x509", &spec["publicKey"]),
        "helm" | "rpm" => ("pgp", &spec["publicKey"]),
        "tuf" => ("tuf", &spec["root"]),
        _ => return None,
    };
    let key = match &key["content"] {
        Value::String(text) => STANDARD.decode(text.replace(['\r', '\n'], "")).ok()?,
        // Its name is in upper case.
        Value::Null => return None,
        json => json.to_string().into_bytes(),
    };
    Some((format.to_owned(), key))
}

/// What a key of Rekor's stands for.
fn meaning(case: &Case, key: &str) -> LookupTerm {
    let bare = key.strip_prefix("sha256:").unwrap_or(key);
    if let Some(text) = key_in(&case.body, bare) {
        // Rekor lists keys of X.509 by their text.
        return LookupTerm::of_pem(&text).unwrap_or_else(|| LookupTerm::of_public_key(&text));
    }
    let digits = key.split_once(':').map_or(key, |(_, digits)| digits);
    match hex::decode(digits) {
        Ok(digest) if digits.len() >= 40 => LookupTerm::Digest(digest),
        _ => LookupTerm::Identity(key.to_owned()),
    }
}

/// The text of the key in a body that has this hash.
fn key_in(body: &[u8], hash: &str) -> Option<Vec<u8>> {
    let body: Value = serde_json::from_slice(body).unwrap();
    let is_it = |text: &Vec<u8>| hex::encode(Sha256::digest(text)) == hash;
    keys(&body["spec"], "").into_iter().find(is_it)
}

/// The texts of keys in a body.
fn keys(value: &Value, name: &str) -> Vec<Vec<u8>> {
    match value {
        Value::String(text) if ["publicKey", "verifier"].contains(&name) => {
            Vec::from_iter(STANDARD.decode(text))
        }
        Value::Array(list) => list.iter().flat_map(|value| keys(value, name)).collect(),
        Value::Object(object) => {
            let named = |member: &str| match member {
                "content" => name.to_owned(),
                other => other.to_owned(),
            };
            object.iter().flat_map(|(member, value)| keys(value, &named(member))).collect()
        }
        _ => Vec::new(),
    }
}

fn reason(kind: &str, case: &Case, key: &str) -> Option<Reason> {
    let hash_of_nothing = format!("sha256:{}", hex::encode(Sha256::digest([])));
    let stands_in_the_body = || {
        let digits = key.split_once(':').map_or(key, |(_, digits)| digits);
        let body = String::from_utf8(case.body.clone()).unwrap().to_lowercase();
        body.contains(&digits.to_lowercase()) || key_in(&case.body, digits).is_some()
    };
    match kind {
        "cose" if key == hash_of_nothing && !stands_in_the_body() => Some(Reason::HashOfNothing),
        "cose" | "dsse" | "intoto" if key.contains(':') && !stands_in_the_body() => {
            let (_, digits) = key.split_once(':')?;
            let is_odd = digits.is_empty() || hex::decode(digits).is_err();
            let is_name = key.starts_with("https:");
            (is_odd && !is_name).then_some(Reason::OddDigest)
        }
        "helm" if key == "sha256:hello" => Some(Reason::NoDigest),
        "helm" if case.name == "helm/gen-two-files" && key.starts_with("sha256:cdcd") => {
            Some(Reason::AnotherFile)
        }
        "rekord" if case.name == "rekord/pgp-gen-three-uids" => {
            let is_key = hex::decode(key).is_ok_and(|key| Hash::try_from(&key[..]).is_ok());
            (is_key && key_in(&case.body, key).is_none()).then_some(Reason::AnotherOrder)
        }
        _ => None,
    }
}
