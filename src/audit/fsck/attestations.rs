//! The attestations beside the entries that state the hash of one (`src/docs/formats.md`,
//! "Attestations"). A log need not have them. One that is there must have its hash.

use fasti_entry::{Attestation, attestation_hash};
use fasti_objects::Published;

use super::check::Check;
use super::found::Found;
use crate::problem::Fault;

/// Looks for the attestation of an entry.
pub(super) fn check(check: &Check<'_>, entry: &[u8], found: &mut Found) {
    let Some(sha256) = attestation_hash(entry) else { return };
    let file = Published::Attestation(sha256);
    match check.objects.attestation(&sha256) {
        Ok(None) => found.counts.attestations_missing += 1,
        Ok(Some(bytes)) => {
            check.findings.count_object();
            if Attestation::new(bytes).digest() == sha256 {
                found.counts.attestations += 1;
            } else {
                found.add(file, "damaged: its bytes have another hash");
            }
        }
        Err(error) => found.add(file, Fault::unread(&error)),
    }
}
