//! What a verifier must refuse: a bundle with one change in its JSON.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use sigstore_types::Bundle;

type Alteration = (&'static str, &'static str, fn(&mut Value));

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

/// The alterations: a name, a pointer into the bundle, and the change made there. The index, size
/// and root that the proof repeats are not among them: this verifier takes them from where they are
/// signed.
const ALTERATIONS: [Alteration; 5] = [
    ("index", "/logIndex", |value| *value = json!("0")),
    ("hash in the proof", "/inclusionProof/hashes/0", alter_text),
    ("root in the checkpoint", "/inclusionProof/checkpoint/envelope", |value| {
        let lines: Vec<_> = value.as_str().unwrap_or_default().splitn(4, '\n').collect();
        let other = if lines[2].starts_with('A') { 'B' } else { 'A' };
        let root = format!("{other}{}", &lines[2][1..]);
        *value = json!(format!("{}\n{}\n{root}\n{}", lines[0], lines[1], lines[3]));
    }),
    ("size in the checkpoint", "/inclusionProof/checkpoint/envelope", |value| {
        *value = json!(value.as_str().unwrap_or_default().replacen('\n', "\n1", 1));
    }),
    ("body", "/canonicalizedBody", alter_text),
];

/// Every altered bundle must be refused, as unreadable or as not verifying.
pub fn refuse_all(
    bundle: &Bundle,
    verify: impl Fn(&Bundle) -> sigstore_verify::Result<()>,
) -> anyhow::Result<usize> {
    let json: Value = serde_json::from_str(&bundle.to_json()?)?;
    for (name, pointer, alter) in ALTERATIONS {
        let mut altered = json.clone();
        let at = altered.pointer_mut(&format!("{ENTRY}{pointer}")).context(name)?;
        let before = at.clone();
        alter(at);
        anyhow::ensure!(*at != before, "nothing was altered: {name}");
        let altered = altered.to_string();
        if Bundle::from_json(&altered).is_ok_and(|bundle| verify(&bundle).is_ok()) {
            bail!("a bundle with another {name} was accepted");
        }
    }
    let mut without = json;
    *without.pointer_mut("/verificationMaterial/tlogEntries").context("entries")? = json!([]);
    if Bundle::from_json(&without.to_string()).is_ok_and(|bundle| verify(&bundle).is_ok()) {
        bail!("a bundle without a log entry was accepted");
    }
    Ok(ALTERATIONS.len() + 1)
}

/// Changes the first character of a base64 text.
fn alter_text(value: &mut Value) {
    let text = value.as_str().unwrap_or_default();
    let first = if text.starts_with('B') { "C" } else { "B" };
    *value = json!(format!("{first}{}", text.get(1..).unwrap_or_default()));
}
