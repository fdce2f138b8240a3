//! Keeps attestations: what was signed is written to the store before its entry is sequenced, so
//! every entry that is in the tree has its attestation already, if it is to have one.
//!
//! It is an object of its own, named by its hash. So a payload that is submitted again is stored
//! once, and nothing is written for an entry that the log is known to have. If the entry does not
//! get into the log after all, the object stays. It is no longer than what its submitter sent
//! (I12).

use bytes::Bytes;
use fasti_entry::Attestation;
use fasti_log::Log;
use fasti_objects::Published;
use fasti_seams::back_off::BackOff;
use fasti_serve::ReadBody;
use fasti_store::{ObjectPath, StoreError};
use tiles_spec::leaf_hash;

use super::app::App;
use super::problem::Problem;

/// After this many inconclusive answers of the store, the submission is refused.
const ATTEMPTS_MAX: u32 = 5;

/// What is to be kept of a submission. It takes the submission's share of the memory until then.
pub(super) struct ToKeep {
    attestation: Attestation,
    _body: ReadBody,
}

impl App {
    /// What is to be kept of a verified submission.
    pub(super) fn to_keep(
        bytes_max: Option<usize>,
        attestation: Option<Attestation>,
        body: ReadBody,
    ) -> Option<ToKeep> {
        let is_kept =
            |one: &Attestation| bytes_max.is_some_and(|max| (1..=max).contains(&one.bytes().len()));
        let attestation = attestation.filter(is_kept)?;
        Some(ToKeep { attestation, _body: body })
    }

    /// Writes an attestation, durably, unless the log has the entry.
    pub(super) async fn keep(
        &self,
        log: &Log,
        leaf: &[u8],
        to_keep: Option<ToKeep>,
    ) -> Result<(), Problem> {
        let Some(ToKeep { attestation, _body }) = to_keep else { return Ok(()) };
        if log.find(vec![leaf_hash(leaf)]).await?.iter().any(Option::is_some) {
            return Ok(());
        }
        let path = ObjectPath::from(Published::Attestation(attestation.digest()));
        let bytes = Bytes::from(attestation.into_bytes());
        let mut back_off = BackOff::between_requests();
        let mut attempts = 1;
        loop {
            match log.objects().create(&path, bytes.clone()).await {
                // What is there already has the same hash.
                Ok(_) => return Ok(()),
                Err(StoreError::Ambiguous { .. }) if attempts < ATTEMPTS_MAX => attempts += 1,
                Err(error) => return Err(Problem::NotKept(error)),
            }
            back_off.wait(&**log.clock()).await;
        }
    }
}
