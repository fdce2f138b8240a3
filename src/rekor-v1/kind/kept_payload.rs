//! Payloads that may be kept beside their entries.

use fasti_entry::Attestation;

use crate::limits::Limits;

/// What is kept of a payload, which came in this base64: nothing, if its size as it can be told
/// from that is beyond the limit, as in Rekor.
pub(super) fn kept(base64: &str, payload: Vec<u8>, limits: &Limits) -> Option<Attestation> {
    let size = base64.len() / 4 * 3;
    (size <= limits.attestation_bytes_max).then(|| Attestation::new(payload))
}
