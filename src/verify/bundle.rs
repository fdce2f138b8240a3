//! Is this bundle's signature by whom the caller demands, over the artifact, and in a trusted log?

use fasti_entry::{ArtifactDigest, Bundle, BundleContent, Kind, PublicKey};
use fasti_read::CheckpointRefusal;

use super::artifact::Artifact;
use super::demand::Demand;
use super::logged::check_entry;
use super::refusal::Refusal;
use super::trust::TrustedRoot;
use super::trusted_times::trusted_times;
use super::verdict::{Subject, Verdict};
use super::{signer, statement};

/// Verifies a bundle. Without an artifact, only a bundle with an envelope can be verified, and only
/// for what the envelope itself says. With an artifact, the envelope must name it.
pub fn bundle(
    bundle: &Bundle,
    artifact: Option<&dyn Artifact>,
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<Verdict, Refusal> {
    let key = demand.public_key.as_ref();
    let (digest, subject) = subject(bundle, artifact, key)?;
    let signed = bundle.signed(key, digest.as_ref())?;
    signed.verify()?;
    let (times, mut unchecked) = trusted_times(bundle, &signed.signature.content, trusted)?;
    let by = match signer::judge(&signed, &times, trusted, demand) {
        Err(Refusal::NoTrustedTime { valid, .. }) => {
            return Err(Refusal::NoTrustedTime { valid, skipped: unchecked });
        }
        judged => judged?,
    };

    let mut logged = Vec::new();
    for entry in &bundle.tlog_entries {
        if Kind::find(&entry.kind, &entry.version).is_err() {
            unchecked.push(format!(
                "the log entry of kind {:?} {:?}, which is not from a Rekor v2 log",
                entry.kind, entry.version
            ));
            continue;
        }
        let leaf = bundle.rebuild_leaf(entry, key, digest.as_ref())?;
        match check_entry(entry, &leaf, &trusted.trust) {
            Ok(standing) => {
                standing.check_time(Some(&by))?;
                logged.push(standing);
            }
            // An entry in another log is fine, as long as a trusted log has one too.
            Err(Refusal::Checkpoint(
                CheckpointRefusal::UnknownLog { origin, known }
                | CheckpointRefusal::OtherOrigin { origin, known },
            )) if bundle.tlog_entries.len() > 1 => {
                unchecked.push(format!("the entry in the log {origin:?}; trusted: {known}"));
            }
            Err(refusal) => return Err(refusal),
        }
    }
    if logged.is_empty() {
        return Err(Refusal::NotLogged { skipped: unchecked });
    }
    Ok(Verdict { subject, signer: Some(by), logged, times, unchecked })
}

/// The digest that the bundle's signature must be over, if any, and the subject for the verdict.
fn subject(
    bundle: &Bundle,
    artifact: Option<&dyn Artifact>,
    key: Option<&PublicKey>,
) -> Result<(Option<ArtifactDigest>, Subject), Refusal> {
    let envelope = match &bundle.content {
        BundleContent::MessageSignature(_) => {
            let artifact = artifact.ok_or(Refusal::NoArtifact)?;
            let algorithm = match bundle.certificate()? {
                Some(certificate) => certificate.public_key().algorithm(),
                None => key.ok_or(Refusal::NoPublicKey)?.algorithm(),
            };
            let digest = artifact.digest(algorithm.hash())?;
            return Ok((Some(digest), Subject::Artifact(digest)));
        }
        BundleContent::DsseEnvelope(envelope) => envelope,
    };
    if bundle.certificate()?.is_none() && key.is_none() {
        return Err(Refusal::NoPublicKey);
    }
    let named = artifact.map(|artifact| statement::find(envelope, artifact)).transpose()?;
    Ok((None, Subject::Payload { media_type: envelope.payload_type.clone(), named }))
}
