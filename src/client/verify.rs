//! Offline verification: is this artifact signed, by whom, and is that signature in the log?
//!
//! Verifies a Sigstore bundle ([`bundle`], any version, with Rekor v2 entries) or a `.tlog-proof`
//! ([`tlog_proof`], C2SP tlog-proof). Nothing is fetched.
//!
//! Invariants: a [`Verdict`] exists only if the signature is valid for the artifact, and at least
//! one trusted log signed a tree that contains exactly this signature with exactly this key at the
//! stated index. The leaf is rebuilt from the signature, key and artifact, never taken from the
//! proof. A verdict states in words what it does not cover.

mod logged;
mod refusal;
mod signer;
mod statement;
mod verdict;

use fasti_entry::{
    ArtifactDigest, Bundle, BundleContent, KeyMaterial, Kind, PublicKey, RekorEntry, SignedDigest,
};
use tiles_spec::{ENTRY_BYTES_MAX, TlogProof, leaf_hash, verify_inclusion};

use super::artifact::Artifact;
use super::trust::{CheckpointRefusal, Trust};

pub use logged::check_entry;
pub use refusal::Refusal;
pub use verdict::{CertificateSeen, Logged, SignerSeen, Subject, Verdict, Vouched};

/// What the caller requires of the signer. If empty, any signer is accepted.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// This key and no other. Needed for bundles without a certificate.
    pub public_key: Option<PublicKey>,
    /// A certificate with exactly this name (email address or URI), from a trusted authority.
    pub identity: Option<String>,
    /// A certificate in which a trusted authority recorded this OIDC issuer.
    pub oidc_issuer: Option<String>,
}

/// A detached signature, for proofs that do not contain the entry.
#[derive(Clone, Debug)]
pub struct Detached {
    /// The raw signature.
    pub signature: Vec<u8>,
    /// The key or certificate that was logged with it.
    pub material: KeyMaterial,
}

/// Verifies a bundle. Without an artifact, only a bundle with an envelope can be verified, and only
/// for what the envelope itself says. With an artifact, the envelope must name it.
pub fn bundle(
    bundle: &Bundle,
    artifact: Option<&dyn Artifact>,
    trust: &Trust,
    demand: &Demand,
) -> Result<Verdict, Refusal> {
    let key = demand.public_key.as_ref();
    let (digest, subject) = subject(bundle, artifact, key)?;
    let signed = bundle.signed(key, digest.as_ref())?;
    signed.verify()?;
    let by = signer::judge(&signed, trust, demand)?;

    let mut logged = Vec::new();
    let mut unchecked = Vec::new();
    for entry in &bundle.tlog_entries {
        if Kind::find(&entry.kind, &entry.version).is_err() {
            unchecked.push(format!(
                "the log entry of kind {:?} {:?}, which is not from a Rekor v2 log",
                entry.kind, entry.version
            ));
            continue;
        }
        let leaf = bundle.rebuild_leaf(entry, key, digest.as_ref())?;
        match check_entry(entry, &leaf, trust) {
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
    if !bundle.timestamps.is_empty() {
        unchecked.push("the bundle's timestamps, and so when it was signed".to_owned());
    }
    Ok(Verdict { subject, signer: Some(by), logged, unchecked })
}

/// Verifies a proof file for an artifact.
///
/// The entry is the proof's extra data, as written by [`ProvenEntry::to_tlog_proof`]; or is rebuilt
/// from a detached signature; or is the artifact itself, in a log of opaque entries.
///
/// [`ProvenEntry::to_tlog_proof`]: super::proven::ProvenEntry::to_tlog_proof
pub fn tlog_proof(
    proof: &TlogProof,
    artifact: &dyn Artifact,
    detached: Option<&Detached>,
    trust: &Trust,
    demand: &Demand,
) -> Result<Verdict, Refusal> {
    let checkpoint = trust.open(&proof.checkpoint)?;
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
            let by = judge_signed(signed, artifact, trust, demand)?;
            (Subject::Artifact(signed.digest), Some(by))
        }
        Err(_) if demand.names_a_signer() => return Err(Refusal::NoSigner),
        Err(_) if artifact.bytes(ENTRY_BYTES_MAX)?.as_ref() == Some(&entry) => {
            (Subject::Entry, None)
        }
        Err(reason) => return Err(Refusal::OtherEntry(reason)),
    };
    standing.check_time(signer.as_ref())?;
    Ok(Verdict { subject, signer, logged: vec![standing], unchecked: Vec::new() })
}

impl Demand {
    fn names_a_signer(&self) -> bool {
        self.public_key.is_some() || self.identity.is_some() || self.oidc_issuer.is_some()
    }
}

/// Verifies a logged signature over this artifact.
fn judge_signed(
    signed: &SignedDigest,
    artifact: &dyn Artifact,
    trust: &Trust,
    demand: &Demand,
) -> Result<SignerSeen, Refusal> {
    if artifact.digest(signed.digest.algorithm())? != signed.digest {
        return Err(Refusal::OtherArtifact { logged: signed.digest });
    }
    signed.verify()?;
    signer::judge(signed, trust, demand)
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

#[cfg(test)]
mod tests;
