//! Does this proof file (C2SP tlog-proof) show that a trusted log has the artifact's signature, or
//! the artifact itself?

use fasti_entry::{RekorEntry, SignedDigest};
use tiles_spec::{ENTRY_BYTES_MAX, TlogProof, leaf_hash, verify_inclusion};

use super::artifact::Artifact;
use super::by_then;
use super::demand::{Demand, Detached};
use super::refusal::Refusal;
use super::signer;
use super::statement::StatementError;
use super::trust::TrustedRoot;
use super::verdict::{Logged, SignerSeen, Subject, Verdict};

/// Verifies a proof file for an artifact.
///
/// The entry is the proof's extra data, as written by [`ProvenEntry::to_tlog_proof`]; or is rebuilt
/// from a detached signature; or is the artifact itself, in a log of opaque entries.
///
/// [`ProvenEntry::to_tlog_proof`]: fasti_read::ProvenEntry::to_tlog_proof
pub fn tlog_proof(
    proof: &TlogProof,
    artifact: &dyn Artifact,
    detached: Option<&Detached>,
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<Verdict, Refusal> {
    if demand.predicate_type.is_some() {
        return Err(StatementError::NoPredicate.into());
    }
    let checkpoint = trusted.trust.open(&proof.checkpoint)?;
    let entry = match (detached, &proof.extra) {
        (Some(detached), _) => signer::rebuild(detached, artifact)?,
        (None, Some(extra)) => extra.clone(),
        (None, None) => artifact.bytes(ENTRY_BYTES_MAX)?.ok_or(Refusal::NoEntry)?,
    };
    let leaf = leaf_hash(&entry);
    verify_inclusion(&leaf, proof.index, &checkpoint.head(), &proof.hashes)?;

    let standing = Logged::new(&checkpoint, proof.index, leaf);
    let (subject, signer) = match RekorEntry::parse(&entry) {
        Ok(logged) => {
            let needs_bundle = Refusal::BundleNeeded { kind: logged.kind().name() };
            let signed = logged.signed_digest().ok_or(needs_bundle)?;
            let by = judge_signed(signed, artifact, trusted, demand)?;
            (Subject::Artifact(signed.digest), Some(by))
        }
        Err(_) if demand.names_a_signer() => return Err(Refusal::NoSigner),
        Err(_) if artifact.is(&entry)? => (Subject::Entry, None),
        Err(reason) => return Err(Refusal::OtherEntry(reason)),
    };
    standing.check_time(signer.as_ref())?;
    let (logged, times, unchecked) = (vec![standing], Vec::new(), Vec::new());
    if let Some(time) = demand.logged_by {
        by_then::expect(&logged, &trusted.trust, time)?;
    }
    Ok(Verdict { subject, signer, logged, logged_v1: Vec::new(), times, unchecked })
}

/// Verifies a logged signature over this artifact.
fn judge_signed(
    signed: &SignedDigest,
    artifact: &dyn Artifact,
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<SignerSeen, Refusal> {
    if artifact.digest(signed.digest.algorithm())? != signed.digest {
        return Err(Refusal::OtherArtifact { logged: signed.digest });
    }
    signed.verify()?;
    // A proof brings no timestamps.
    signer::judge(signed, &[], trusted, demand)
}
