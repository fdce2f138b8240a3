//! Merges several trusted roots into one, so that entries of all their logs verify.
//!
//! Everything is kept as it was written, including what this program does not read, or cannot use.
//! Duplicates are dropped. Contradictions are refused: one log with two windows, keys or URLs, or
//! one URL with two logs at the same time, unless the root that adds the second names both, as it
//! does if the log has another key for clients of Rekor v1.

use fasti_entry::EntryError;
use fasti_entry::protojson::spells;
use fasti_read::window::Window;
use serde_json::{Map, Value, json};

use super::error::{TrustedRootError, window};
use super::json::{LISTS, LogInstance, MEDIA_TYPE, Root};
use super::names::names;

/// The lists of logs, which have IDs.
const LOG_LISTS: [&str; 2] = ["tlogs", "ctlogs"];

/// Merges `roots` into one trusted root.
pub fn merge(roots: &[Vec<u8>]) -> Result<String, TrustedRootError> {
    let mut merged = Map::new();
    merged.insert("mediaType".to_owned(), json!(MEDIA_TYPE));
    for root in roots {
        if let Some(error) = Root::parse(root)?.into_errors().find(is_twofold) {
            return Err(error.into());
        }
        let root: Map<String, Value> = serde_json::from_slice(root).map_err(EntryError::Json)?;
        for list in LISTS {
            let mut fields = root.iter();
            let Some((_, Value::Array(added))) = fields.find(|(key, _)| spells(key, list)) else {
                continue;
            };
            let there = merged.entry(list).or_insert_with(|| json!([]));
            let Value::Array(there) = there else { continue };
            for item in added {
                if !is_there(list, there, item, added)? {
                    there.push(item.clone());
                }
            }
        }
    }
    Ok(serde_json::to_string_pretty(&merged)?)
}

/// Whether a part cannot be used because a field in it is given twice. Merging would keep one of
/// the two, and so say more than the root does.
fn is_twofold(error: &EntryError) -> bool {
    matches!(error.problem(), EntryError::DuplicateField)
}

/// Whether the list already has this item, which one root names with those of `beside`.
fn is_there(
    list: &str,
    there: &[Value],
    item: &Value,
    beside: &[Value],
) -> Result<bool, TrustedRootError> {
    if there.contains(item) {
        return Ok(true);
    }
    if !LOG_LISTS.contains(&list) {
        return Ok(false);
    }
    // What cannot be used contradicts nothing.
    let log = |item: &Value| {
        let log = LogInstance::parse(item.to_string().as_bytes()).ok();
        log.filter(|log| names(&log.base_url).is_ok())
    };
    let Some(new) = log(item) else { return Ok(false) };
    let beside: Vec<_> = beside.iter().filter_map(log).collect();
    let mut is_there = false;
    for old in there.iter().filter_map(log) {
        if same(&old, &new)? {
            is_there = true;
        } else if !beside.iter().any(|log| log.is_known_as(&old)) {
            expect_other_place(&old, &new)?;
        }
    }
    Ok(is_there)
}

/// Whether both are the same log. It is an error if they are but do not agree.
fn same(old: &LogInstance, new: &LogInstance) -> Result<bool, TrustedRootError> {
    let Some([old_window, new_window]) = windows(old, new) else { return Ok(false) };
    if !old.is_known_as(new) {
        return Ok(false);
    }
    if old.base_url != new.base_url {
        return conflict(format!("one log is at {} and at {}", old.base_url, new.base_url));
    }
    if old.key != new.key || old.key_details != new.key_details {
        return conflict(format!("the log at {} has two keys with the same ID", new.base_url));
    }
    if old_window != new_window {
        return conflict(format!(
            "the key of {} was in use both {old_window} and {new_window}",
            new.base_url
        ));
    }
    Ok(true)
}

/// It is an error if two logs are at one place at the same time.
fn expect_other_place(old: &LogInstance, new: &LogInstance) -> Result<(), TrustedRootError> {
    match windows(old, new) {
        Some([old_window, new_window])
            if old.base_url == new.base_url
                && old.key_details == new.key_details
                && old_window.overlaps(&new_window) =>
        {
            conflict(format!(
                "{} has two keys at the same time, {old_window} and {new_window}",
                new.base_url
            ))
        }
        _ => Ok(()),
    }
}

/// When both were in use, if both can be used.
fn windows(old: &LogInstance, new: &LogInstance) -> Option<[Window; 2]> {
    let in_use = |log: &LogInstance| window(log.valid_for.as_ref(), &log.base_url).ok();
    Some([in_use(old)?, in_use(new)?])
}

fn conflict<T>(what: String) -> Result<T, TrustedRootError> {
    Err(TrustedRootError::Conflict(what))
}

#[cfg(test)]
mod tests {
    use tiles_spec::{NoteSigningKey, VerifierKey};

    use super::super::super::span::Span;
    use super::super::read::read;
    use super::super::write::{LogKey, write};
    use super::*;

    fn key(name: &str, seed: u8) -> VerifierKey {
        NoteSigningKey::from_seed(name.parse().unwrap(), &[seed; 32]).verifier_key().clone()
    }

    fn root(name: &str, seed: u8, start: &str, end: Option<&str>) -> Vec<u8> {
        let span = Span { start: Some(start.to_owned()), end: end.map(str::to_owned) };
        of_keys(&[key(name, seed)], &format!("https://{name}"), &span)
    }

    fn of_keys(keys: &[VerifierKey], url: &str, span: &Span) -> Vec<u8> {
        let keys: Vec<_> = keys.iter().cloned().map(LogKey::Own).collect();
        write(&keys, url, span).unwrap().into_bytes()
    }

    #[test]
    fn logs_that_follow_each_other_are_all_in_it_once() {
        let old = root("2026.log.test", 1, "2026-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z"));
        let new = root("2027.log.test", 2, "2027-01-01T00:00:00Z", None);
        let once = merge(&[old.clone(), new.clone()]).unwrap();
        let other_words = String::from_utf8(old.clone()).unwrap().replace("00Z", "00.000Z");
        let again = merge(&[once.clone().into_bytes(), other_words.into_bytes(), new]).unwrap();
        assert_eq!(once, again);
        let origins: Vec<_> = read(once.as_bytes()).unwrap().trust.logs;
        let origins: Vec<_> = origins.iter().map(|log| log.origin().to_owned()).collect();
        assert_eq!(origins, ["2026.log.test", "2027.log.test"]);
    }

    #[test]
    fn what_is_not_read_here_is_kept() {
        let mut value: Value =
            serde_json::from_slice(&root("log.test", 1, "2026-01-01T00:00:00Z", None)).unwrap();
        value["timestampAuthorities"] = json!([{"uri": "https://tsa.test", "certChain": {}}]);
        value["tlogs"][0]["operator"] = json!("somebody");
        let merged = merge(&[value.to_string().into_bytes()]).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&merged).unwrap(), value);
    }

    #[test]
    fn what_cannot_be_used_is_kept_and_left_out() {
        let good = root("log.test", 1, "2026-01-01T00:00:00Z", None);
        let mut value: Value = serde_json::from_slice(&good).unwrap();
        let mut nowhere = value["tlogs"][0].clone();
        nowhere["baseUrl"] = json!("");
        let odd = json!({"baseUrl": "https://odd.test"});
        value["tlogs"] = json!([nowhere, odd, value["tlogs"][0]]);
        let bytes = value.to_string().into_bytes();
        let merged = merge(&[bytes.clone(), bytes]).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&merged).unwrap(), value);
        let read = read(merged.as_bytes()).unwrap();
        assert_eq!((read.trust.logs.len(), read.left_out.len()), (1, 2), "{:?}", read.left_out);
    }

    #[test]
    fn contradictions_are_refused() {
        let old = root("log.test", 1, "2026-01-01T00:00:00Z", None);
        let ended = root("log.test", 1, "2026-01-01T00:00:00Z", Some("2027-01-01T00:00:00Z"));
        let rekeyed = root("log.test", 2, "2027-06-01T00:00:00Z", None);
        let moved = String::from_utf8(old.clone()).unwrap().replace("https://log", "http://log");
        for (other, words) in [
            (ended.clone(), "in use"),
            (rekeyed.clone(), "two keys at the same time"),
            (moved.into_bytes(), "one log is at"),
            (b"{}".to_vec(), "mediaType"),
        ] {
            let error = merge(&[old.clone(), other]).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        merge(&[ended, rekeyed]).unwrap();
    }
    /// A root names both keys of a log, and so they are in use together.
    #[test]
    fn two_keys_of_one_log_come_together() {
        let (url, span) = ("https://log.test", Span::default());
        let root = |seeds: &[u8]| {
            let keys: Vec<_> = seeds.iter().map(|seed| key("log.test", *seed)).collect();
            of_keys(&keys, url, &span)
        };
        let count = |merged: &str| read(merged.as_bytes()).unwrap().trust.logs.len();
        for roots in [[root(&[1]), root(&[1, 2])], [root(&[1, 2]), root(&[1])]] {
            assert_eq!(count(&merge(&roots).unwrap()), 2);
        }
        assert_eq!(count(&merge(&[root(&[1, 2]), root(&[2])]).unwrap()), 2);
        for other in [root(&[1, 3]), root(&[3])] {
            let error = merge(&[root(&[1, 2]), other]).unwrap_err().to_string();
            assert!(error.contains("two keys at the same time"), "{error}");
        }
    }
}
