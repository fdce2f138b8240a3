//! Good proposals, cut short and with bits flipped: in their JSON, and in what is base64 in it.
//! Each is judged, and none causes a panic.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{NOW, data, json, judge, kinds, read};

/// About how often each text is broken.
const TIMES: usize = 30;

/// The proposals that are accepted.
fn good(home: &Path) -> impl Iterator<Item = Vec<u8>> {
    let Value::Object(cases) = json(&home.join("expected.json")) else { panic!("cases") };
    let good = cases.into_iter().filter(|(_, it)| it["status"] == 201);
    good.map(|(case, _)| read(&home.join(format!("{case}.proposal.json"))))
}

/// Some prefixes, and copies with one bit flipped.
fn broken(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let step = (bytes.len() / TIMES).max(1);
    (0..bytes.len()).step_by(step).flat_map(move |at| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        [bytes[..at].to_vec(), flipped]
    })
}

#[test]
fn broken_json_causes_no_panic() {
    let Some(data) = data() else { return };
    for kind in kinds() {
        for proposal in good(&data.join(kind)) {
            for broken in broken(&proposal) {
                drop(judge(&broken, NOW));
            }
        }
    }
}

#[test]
fn broken_contents_cause_no_panic() {
    let Some(data) = data() else { return };
    let mut count = 0;
    for kind in kinds() {
        for proposal in good(&data.join(kind)) {
            // Some have bytes after the object.
            let mut values = serde_json::Deserializer::from_slice(&proposal).into_iter();
            let proposal: Value = values.next().expect("an object").expect("JSON");
            let mut paths = Vec::new();
            collect(&proposal["spec"], "/spec", &mut paths);
            for (path, content) in paths {
                for broken in broken(&content) {
                    let mut changed = proposal.clone();
                    let place = changed.pointer_mut(&path).expect("it is there");
                    *place = STANDARD.encode(broken).into();
                    drop(judge(changed.to_string().as_bytes(), NOW));
                    count += 1;
                }
            }
        }
    }
    assert!(count > 1000, "only {count}");
}

/// The contents of all texts that are base64, each with its path.
fn collect(value: &Value, path: &str, found: &mut Vec<(String, Vec<u8>)>) {
    match value {
        Value::String(text) => {
            found.extend(STANDARD.decode(text).ok().map(|content| (path.to_owned(), content)));
        }
        Value::Array(list) => {
            for (number, element) in list.iter().enumerate() {
                collect(element, &format!("{path}/{number}"), found);
            }
        }
        Value::Object(object) => {
            for (name, member) in object {
                collect(member, &format!("{path}/{name}"), found);
            }
        }
        _ => {}
    }
}
