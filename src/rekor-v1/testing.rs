//! Proposals and verdicts, for the tests of this crate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::certificates::{Signer, pem};
use serde_json::{Value, json};

use super::accepted::Accepted;
use super::limits::{Limits, Setting};
use super::proposal::Proposal;

/// Base64 of the standard alphabet.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// The public key of a signer in PEM.
pub fn public_pem(signer: &Signer) -> String {
    pem("PUBLIC KEY", &signer.spki)
}

/// What is made of a proposal, with the default limits, in 2001.
pub fn judge(kind: &str, version: &str, spec: &Value) -> Result<Accepted, String> {
    let proposal = json!({ "kind": kind, "apiVersion": version, "spec": spec }).to_string();
    let setting = Setting { limits: Limits::default(), now: 1_000_000_000 };
    let proposal = Proposal::parse(proposal.as_bytes()).map_err(|error| error.to_string())?;
    proposal.accept(&setting).map_err(|error| error.to_string())
}

/// Why a proposal is refused, without the words that stand before each such reason.
pub fn refusal(kind: &str, version: &str, spec: &Value) -> String {
    let error = judge(kind, version, spec).expect_err("it is refused");
    let error = error.strip_prefix("error processing entry: ").unwrap_or(&error);
    error.strip_prefix("validation failure list:\n").unwrap_or(error).to_owned()
}

/// The `spec` of a body.
pub fn spec(accepted: &Accepted) -> Value {
    let body: Value = serde_json::from_slice(accepted.body()).expect("JSON");
    body["spec"].clone()
}

/// A value with one member changed, by its path.
pub fn with(value: &Value, path: &str, member: Value) -> Value {
    let mut changed = value.clone();
    *changed.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = member;
    changed
}
