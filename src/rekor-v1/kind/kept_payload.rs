//! Payloads that are kept beside their entries.

use crate::draft::Attestation;
use crate::limits::Limits;

/// What is kept of a payload, which has this digest and came in this base64: nothing, if its size
/// as it can be told from that is beyond the limit.
pub(super) fn kept(
    base64: &str,
    digest: [u8; 32],
    payload: Vec<u8>,
    limits: &Limits,
) -> Option<Attestation> {
    let size = base64.len() / 4 * 3;
    (size <= limits.attestation_bytes_max).then_some(Attestation { digest, bytes: payload })
}
