//! The recorded answers of Rekor 1.6.1, one after the other on one log, against a writer's.
//!
//! `FASTI_CONFORMANCE_DATA` names a directory with `v1-kinds/http/exchanges.jsonl`: requests and
//! Rekor's answers, in order. Before the first, Rekor's active tree is empty, as the writer's is.
//! So leaves, roots and proofs must be the same. What cannot be is brought into one form: the tree
//! ID, indices (before Rekor's active tree there is an inactive one), times, keys, checkpoints and
//! timestamps, which are verified instead. Every other difference is in [`DIFFERENCES`].

mod differences;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fasti_kit::conformance_data;
use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use super::client::{Client, is_a_line};
use crate::reader::text;
use crate::wire::{Answer, exchange};
use differences::{DIFFERENCES, Difference};

/// The active tree of the recording, in both forms.
const ACTIVE: (&str, &str) = ("108e9186e8c5677a", "1193050959916656506");
/// The tree before it, and how many entries it has.
const INACTIVE: (&str, u64) = ("362f8ecba72f4326", 6);

/// The length of an entry ID.
const ID_DIGITS: usize = 80;

#[test]
fn answers_are_those_of_rekor() {
    let directory = conformance_data::directory("v1-kinds/http", "recorded answers of Rekor");
    let Some(directory) = directory else { return };
    let recorded = fs::read_to_string(directory.join("exchanges.jsonl")).expect("the recording");
    let writer = Writer::start(&["--store-attestations"]);
    let client = Client::of(&writer);
    let mut found = BTreeSet::new();
    for line in recorded.lines() {
        let recorded: Value = serde_json::from_str(line).expect("JSON");
        let name = text(&recorded["name"]);
        let (answer, response) = replay(&client, &directory, &recorded);
        let differences = differences(&client, &response, &answer);
        if !differences.is_empty() {
            let differences = differences.join("; ");
            found.insert((name.to_owned(), differences.replace(&client.tree_digits(), ACTIVE.0)));
        }
    }
    assert_eq!(recorded.lines().count(), 122);
    let listed = DIFFERENCES.iter().flat_map(|Difference { reason, answers }| {
        assert!(reason.ends_with('.') && !answers.is_empty(), "{reason}");
        answers.iter().map(|(name, ours)| ((*name).to_owned(), (*ours).to_owned()))
    });
    let listed: BTreeSet<_> = listed.collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(unlisted.is_empty(), "these answers differ from Rekor's: {unlisted:#?}");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "these answers no longer differ from Rekor's: {gone:#?}");
}

/// Sends a recorded request to the writer. Returns its answer, and the recorded one.
fn replay(client: &Client, directory: &Path, recorded: &Value) -> (Answer, Value) {
    let here = |text: &str| {
        let text = text.replace(ACTIVE.0, &client.tree_digits());
        let text = text.replace(&ACTIVE.0.to_uppercase(), &client.tree_digits().to_uppercase());
        text.replace(ACTIVE.1, &client.tree.to_string())
    };
    let request = &recorded["request"];
    let body = match &request["bodyFile"] {
        Value::String(file) => fs::read(directory.join(file)).expect("a body"),
        _ => here(request["body"].as_str().unwrap_or_default()).into_bytes(),
    };
    let target = own_index(here(text(&request["target"])));
    let headers = request["headers"].as_object().expect("headers").iter();
    let headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), text(value))).collect();
    let answer = exchange(client.address, text(&request["method"]), &target, &headers, &body);
    let mut response = recorded["response"].clone();
    response["body"] = here(text(&response["body"])).into();
    for value in response["headers"].as_object_mut().expect("headers").values_mut() {
        *value = here(text(value)).into();
    }
    (answer, response)
}

/// A target that asks for an index in Rekor's active tree, for the same entry here.
fn own_index(target: String) -> String {
    let Some((path, index)) = target.split_once("?logIndex=") else { return target };
    match index.parse::<u64>() {
        Ok(index) if (INACTIVE.1..100).contains(&index) => {
            format!("{path}?logIndex={}", index - INACTIVE.1)
        }
        _ => target,
    }
}

/// What is different in the writer's answer, and how it is there.
fn differences(client: &Client, theirs: &Value, ours: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    compare("status", &theirs["status"], &json!(ours.status), &mut found);
    let named = |name: &str| theirs["headers"].get(name).cloned().unwrap_or_default();
    for name in ["Content-Type", "Etag", "Location", "Allow"] {
        let value = ours.field(name).map_or(Value::Null, |value| json!(value));
        // Go names no type where a client takes none that there is.
        let theirs = if named(name) == "" { json!("application/json") } else { named(name) };
        compare(name, &theirs, &value, &mut found);
    }
    let (expected, body) = (text(&theirs["body"]), ours.text());
    if ours.status < 300 && expected.ends_with("}\n") {
        is_a_line(ours);
    }
    match [expected, body].map(serde_json::from_str::<Value>) {
        [Ok(expected), Ok(answered)] => {
            let (expected, answered) = in_one_form(client, &expected, &answered);
            compare("", &expected, &answered, &mut found);
        }
        _ => compare("body", &json!(keyless(expected)), &json!(keyless(body)), &mut found),
    }
    found
}

/// The differences between two values, by where they are.
fn compare(place: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            // The ID of a request is another each time.
            let is_more = |name: &&String| !theirs.contains_key(*name) && *name != "requestId";
            let more = ours.keys().filter(is_more);
            for name in theirs.keys().chain(more) {
                let [theirs, ours] = [theirs, ours].map(|of| of.get(name).unwrap_or(&Value::Null));
                let name = if name.len() == ID_DIGITS { "ID" } else { name };
                compare(&format!("{place}/{name}"), theirs, ours, found);
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (n, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(&format!("{place}/{n}"), theirs, ours, found);
            }
        }
        _ if theirs == ours => {}
        _ => found.push(format!("{} {ours}", if place.is_empty() { "body" } else { place })),
    }
}

/// Bodies without what cannot be the same. What is in the writer's is verified.
fn in_one_form(client: &Client, theirs: &Value, ours: &Value) -> (Value, Value) {
    let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
    match (&mut theirs, &mut ours) {
        (Value::Array(theirs), Value::Array(ours)) => {
            for (theirs, ours) in theirs.iter_mut().zip(ours) {
                (*theirs, *ours) = in_one_form(client, theirs, ours);
            }
        }
        (Value::String(theirs), Value::String(ours)) => {
            (*theirs, *ours) = (keyless(theirs), keyless(ours));
        }
        (Value::Object(info), Value::Object(own)) if own.contains_key("signedTreeHead") => {
            client.head(&own["signedTreeHead"]);
            for of in [info, own] {
                of.remove("signedTreeHead");
            }
        }
        (Value::Object(entry), Value::Object(own)) => {
            let (Some(id), Some(own_id)) = (entry_id(entry), entry_id(own)) else {
                return (theirs, ours);
            };
            client.verify(&json!({&own_id: own[&own_id]}));
            if id.starts_with(INACTIVE.0) {
                return (json!(entry[&id]["logIndex"]), json!(own[&own_id]["logIndex"]));
            }
            for (of, before) in [(&mut entry[&id], INACTIVE.1), (&mut own[&own_id], 0)] {
                of["logIndex"] = json!(of["logIndex"].as_u64().expect("an index") - before);
                of["integratedTime"].take();
                of["logID"].take();
                of["verification"]["signedEntryTimestamp"].take();
                of["verification"]["inclusionProof"]["checkpoint"].take();
            }
        }
        _ => {}
    }
    (theirs, ours)
}

/// The entry ID of what may be an entry.
fn entry_id(object: &serde_json::Map<String, Value>) -> Option<String> {
    object.keys().next().filter(|name| name.len() == ID_DIGITS).cloned()
}

/// A text that may be a public key.
fn keyless(text: &str) -> String {
    let is_key = text.starts_with("-----BEGIN PUBLIC KEY-----\n") && text.ends_with("-----\n");
    if is_key { "a public key".to_owned() } else { text.to_owned() }
}
