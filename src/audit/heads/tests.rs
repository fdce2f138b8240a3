//! A kept head whose files are as the format says is clean, whichever of the log's keys is trusted;
//! every change to its JSON is found.

use std::fs;

use fasti_client::fetch::DirectoryFetch;
use fasti_kit::fetched::trust;
use fasti_kit::made_log::{MadeLog, ORIGIN, entries};
use serde_json::{Value, json};
use tiles_spec::{CosigningKey, TreeCosigningKey, cosign, cosign_tree};

use super::*;

const KEPT_AT: u64 = 1_790_000_000;

/// A further key of the log.
fn further_key() -> TreeCosigningKey {
    TreeCosigningKey::from_seed(ORIGIN.parse().unwrap(), &[3; 32]).unwrap()
}

/// A log that keeps one head, which a witness has cosigned, and the JSON of that head.
fn log_with_a_head() -> (MadeLog, String) {
    let mut log = MadeLog::of(&entries(5));
    let witness = CosigningKey::from_seed("witness.test".parse().unwrap(), &[4; 32]);
    let signed = String::from_utf8(log.objects["checkpoint"].clone()).unwrap();
    let text = format!("{}\n", signed.split_once("\n\n").unwrap().0);
    let further = cosign_tree(&further_key(), &text, 0).unwrap();
    let seen = cosign(&witness, &text, KEPT_AT - 2).unwrap();
    let note = format!("{signed}{further}{seen}");
    let json = format!(
        r#"{{
  "number": 0,
  "origin": "{ORIGIN}",
  "treeSize": 5,
  "rootHash": "{root}",
  "keptAt": "2026-09-21T14:13:20Z",
  "keptAtSeconds": {KEPT_AT},
  "logKey": "{key}",
  "signatures": [
    {{
      "name": "{ORIGIN}",
      "keyId": "{further}"
    }},
    {{
      "name": "witness.test",
      "keyId": "{witness}",
      "cosignedAtSeconds": {seen}
    }}
  ],
  "note": {quoted}
}}
"#,
        root = text.lines().nth(2).unwrap(),
        key = log.key.verifier_key(),
        further = further.key_id(),
        witness = seen.key_id(),
        seen = KEPT_AT - 2,
        quoted = Value::from(note.as_str()),
    );
    for (path, bytes) in [
        ("checkpoint", note.clone()),
        ("heads/note/000", note),
        ("heads/json/000", json.clone()),
        ("heads/latest", format!("fasti/heads/v1\n0\n5 {KEPT_AT}\n")),
    ] {
        log.objects.insert(path.to_owned(), bytes.into());
    }
    (log, json)
}

async fn problems(directory: &tempfile::TempDir, trust: &Trust) -> Vec<String> {
    let fetch = Arc::new(DirectoryFetch::open(directory.path().to_owned()).unwrap());
    let HeadsReport { kept, problems, .. } = check(fetch, trust).await.unwrap();
    assert_eq!(kept, Some(1));
    problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.problem)).collect()
}

fn written(log: &MadeLog) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    log.write_to(directory.path());
    directory
}

/// Every value with one change at or below it: another value, a member or an element that is
/// removed or added.
fn changed(value: &Value) -> Vec<Value> {
    let mut all = vec![Value::Null];
    match value {
        Value::Object(members) => {
            let mut added = members.clone();
            added.insert("more".to_owned(), json!(1));
            all.push(added.into());
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                all.push(without.into());
                for other in changed(member) {
                    let mut with = members.clone();
                    with.insert(name.clone(), other);
                    all.push(with.into());
                }
            }
        }
        Value::Array(elements) => {
            all.push([&elements[..], &elements[..1]].concat().into());
            for (at, element) in elements.iter().enumerate() {
                let mut without = elements.clone();
                without.remove(at);
                all.push(without.into());
                for other in changed(element) {
                    let mut with = elements.clone();
                    with[at] = other;
                    all.push(with.into());
                }
            }
        }
        Value::String(text) => {
            all.push(format!("{text}x").into());
            all.push(text[1..].into());
        }
        Value::Number(number) => all.push((number.as_u64().unwrap() + 1).into()),
        Value::Bool(_) | Value::Null => {}
    }
    all
}

#[tokio::test]
async fn every_change_to_the_json_of_a_head_is_found() {
    let (log, sound) = log_with_a_head();
    let directory = written(&log);
    assert_eq!(problems(&directory, &trust()).await, Vec::<String>::new());
    let file = directory.path().join("heads/json/000");
    let value: Value = serde_json::from_str(&sound).unwrap();
    let mut damaged: Vec<_> = changed(&value).iter().map(Value::to_string).collect();
    assert!(damaged.len() > 40, "{}", damaged.len());
    // Which of two members counts is up to the reader.
    damaged.push(sound.replacen('{', "{\"treeSize\": 6,", 1));
    for json in damaged {
        fs::write(&file, &json).unwrap();
        let named = problems(&directory, &trust()).await;
        let expected = "heads/json/000: is not what its note and its page say";
        assert_eq!(named, [expected], "{json}");
    }
}

#[tokio::test]
async fn who_trusts_only_a_further_key_of_the_log_finds_nothing_wrong() {
    let (mut log, sound) = log_with_a_head();
    let further = Trust::in_keys([further_key().verifier_key().clone()]);
    assert_eq!(problems(&written(&log), &further).await, Vec::<String>::new());
    // A key that signed nothing is not the log's.
    let key = log.key.verifier_key().to_string();
    for other in [further_key().verifier_key().to_string(), "log.test/one+0+x".to_owned()] {
        let json = sound.replace(&key, &other);
        log.objects.insert("heads/json/000".to_owned(), json.into());
        assert_eq!(problems(&written(&log), &further).await.len(), 1, "{other}");
    }
}
