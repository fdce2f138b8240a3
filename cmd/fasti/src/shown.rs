//! How an entry is printed: its signers and its body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::entry::{Certificate, Facts, StoredKey, StoredSigner, is_hidden};
use serde_json::{Value, json};

use crate::terminal;

/// An entry of a kind of Rekor as its own JSON; any other entry as text, or else in base64.
pub fn body(bytes: &[u8], facts: &Facts) -> Value {
    if facts.kind.is_some()
        && let Ok(json) = serde_json::from_slice(bytes)
    {
        return json;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| is_hidden(c) && c != '\n') => json!({"text": text}),
        _ => json!({"base64": STANDARD.encode(bytes)}),
    }
}

/// A body in several lines.
pub fn body_lines(body: &Value) -> Vec<String> {
    let mut lines = terminal::json_lines(&format!("{body:#}"));
    lines[0].insert_str(0, "Body: ");
    lines
}

/// The signers, according to the entry.
pub fn signers(facts: &Facts) -> Vec<String> {
    let mut lines: Vec<_> = facts.signers.iter().flat_map(signer).collect();
    // Of whom or what depends on the kind of entry.
    lines.extend(facts.subjects.iter().map(|name| format!("Claimed name: {name}")));
    lines
}

fn claimed(name: &str) -> String {
    format!("Claimed identity: {name}")
}

fn signer(signer: &StoredSigner) -> Vec<String> {
    let algorithm = signer.algorithm.map(|algorithm| format!("Signed with: {algorithm}"));
    let mut lines = Vec::from_iter(algorithm);
    let StoredKey::Certificate(der) = &signer.key else { return lines };
    let Ok(certificate) = Certificate::from_der(der) else { return lines };
    lines.extend(
        certificate
            .identities()
            .iter()
            .map(|identity| format!("{} ({})", claimed(&identity.name), identity.kind)),
    );
    lines
}
