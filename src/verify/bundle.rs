//! Is this bundle's signature by whom the caller demands, over the artifact, and in a trusted log?

use fasti_entry::{
    ArtifactDigest, Bundle, BundleContent, Facts, HashAlgorithm, KeyDetails, Kind, PublicKey,
    SignedDigest, TransparencyLogEntry, V1Kind, verify_as_v1,
};

use super::artifact::Artifact;
use super::by_then;
use super::check_v1;
use super::demand::Demand;
use super::logged::check_entry;
use super::logged_v1::LoggedV1;
use super::refusal::Refusal;
use super::signer;
use super::statement::{self, StatementError};
use super::trust::TrustedRoot;
use super::trusted_time::TrustedTime;
use super::trusted_times::trusted_times;
use super::v1_log::V1Log;
use super::verdict::{Logged, SignerSeen, Subject, Verdict};

/// Verifies a bundle. Without an artifact, only a bundle with an envelope can be verified, and only
/// for what the envelope itself says. With an artifact, the envelope must name it.
pub fn bundle(
    bundle: &Bundle,
    artifact: Option<&dyn Artifact>,
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<Verdict, Refusal> {
    let key = demand.public_key.as_ref();
    let mut unchecked = Vec::new();
    let (digest, subject) = subject(bundle, artifact, demand, &mut unchecked)?;
    let signed = if is_of_v1(bundle) {
        bundle.signed_as_v1(key, digest.as_ref())?
    } else {
        bundle.signed(key, digest.as_ref())?
    };
    let judge = Judge { bundle, key, digest, signed, trusted };
    let algorithm = judge.algorithm()?;

    let mut logged = Vec::new();
    let mut logged_v1 = Vec::new();
    for entry in &bundle.tlog_entries {
        let checked = if let Some(kind) = V1Kind::find(&entry.kind, &entry.version) {
            judge.entry_of_v1(entry, kind).map(|standing| logged_v1.push(standing))
        } else if Kind::find(&entry.kind, &entry.version).is_ok() {
            judge.entry(entry).map(|standing| logged.push(standing))
        } else {
            unchecked.push(format!(
                "the log entry of kind {:?} {:?}, which is not known here",
                entry.kind, entry.version
            ));
            continue;
        };
        match checked {
            // An entry in another log is fine, as long as a trusted log has one too.
            Err(refusal) if refusal.is_of_unknown_log() && bundle.tlog_entries.len() > 1 => {
                unchecked.push(format!("an entry in a log that is not trusted: {refusal}"));
            }
            checked => checked?,
        }
    }
    if logged.is_empty() && logged_v1.is_empty() {
        return Err(Refusal::NotLogged { skipped: unchecked });
    }
    let (times, skipped) = judge.times(&logged_v1)?;
    let by = match signer::judge(&judge.signed, &times, trusted, demand) {
        Err(Refusal::NoTrustedTime { valid, .. }) => {
            return Err(Refusal::NoTrustedTime { valid, skipped });
        }
        judged => SignerSeen { algorithm, ..judged? },
    };
    unchecked.extend(skipped);
    logged.iter().try_for_each(|standing| standing.check_time(Some(&by)))?;
    logged_v1.iter().try_for_each(|standing| check_v1::check_time(standing, &by))?;
    if let Some(time) = demand.logged_by {
        by_then::expect(&logged, &trusted.trust, time)?;
    }
    Ok(Verdict { subject, signer: Some(by), logged, logged_v1, times, unchecked })
}

/// A bundle, and what it is judged by.
struct Judge<'a> {
    bundle: &'a Bundle,
    key: Option<&'a PublicKey>,
    digest: Option<ArtifactDigest>,
    signed: SignedDigest,
    trusted: &'a TrustedRoot,
}

impl Judge<'_> {
    /// Verifies the signature. Returns its algorithm.
    fn algorithm(&self) -> Result<KeyDetails, Refusal> {
        if is_of_v1(self.bundle) {
            return Ok(verify_as_v1(&self.bundle.content, &self.signed)?);
        }
        self.signed.verify()?;
        Ok(self.signed.signature.verifier.key_details)
    }

    fn entry(&self, entry: &TransparencyLogEntry) -> Result<Logged, Refusal> {
        let leaf = self.bundle.rebuild_leaf(entry, self.key, self.digest.as_ref())?;
        check_entry(entry, &leaf, &self.trusted.trust)
    }

    fn entry_of_v1(&self, entry: &TransparencyLogEntry, kind: V1Kind) -> Result<LoggedV1, Refusal> {
        let log = V1Log::find(&self.trusted.rekor_v1, entry)?;
        kind.expect(&entry.canonicalized_body, &self.bundle.content, &self.signed)?;
        check_v1::check(entry, log, self.bundle.version)
    }

    /// When trusted parties saw the signature, and what they did not vouch for.
    fn times(&self, logged: &[LoggedV1]) -> Result<(Vec<TrustedTime>, Vec<String>), Refusal> {
        let signature = &self.signed.signature.content;
        trusted_times(self.bundle, signature, logged, self.trusted)
    }
}

fn is_of_v1(bundle: &Bundle) -> bool {
    bundle.tlog_entries.iter().any(|e| V1Kind::find(&e.kind, &e.version).is_some())
}

/// The hash that an entry of Rekor v1 states. It need not be that of the key's algorithm.
fn hash_of_v1(bundle: &Bundle) -> Option<HashAlgorithm> {
    let mut entries = bundle.tlog_entries.iter();
    let entry = entries.find(|e| V1Kind::find(&e.kind, &e.version).is_some())?;
    Facts::of(&entry.canonicalized_body).digests.first()?.algorithm
}

const WEAK: &str = "whether another artifact has the same digest: it is as short as SHA-1's, and two \
                    artifacts with one such digest can be made";

/// The digest that the bundle's signature must be over, if any, and the subject for the verdict.
fn subject(
    bundle: &Bundle,
    artifact: Option<&dyn Artifact>,
    demand: &Demand,
    unchecked: &mut Vec<String>,
) -> Result<(Option<ArtifactDigest>, Subject), Refusal> {
    let key = demand.public_key.as_ref();
    let envelope = match &bundle.content {
        BundleContent::MessageSignature(_) => {
            if demand.predicate_type.is_some() {
                return Err(StatementError::NoPredicate.into());
            }
            let artifact = artifact.ok_or(Refusal::NoArtifact)?;
            let algorithm = match bundle.certificate()? {
                Some(certificate) => certificate.public_key().algorithm(),
                None => key.ok_or(Refusal::NoPublicKey)?.algorithm(),
            };
            let digest = artifact.digest(hash_of_v1(bundle).unwrap_or(algorithm.hash()))?;
            return Ok((Some(digest), Subject::Artifact(digest)));
        }
        BundleContent::DsseEnvelope(envelope) => envelope,
    };
    if bundle.certificate()?.is_none() && key.is_none() {
        return Err(Refusal::NoPublicKey);
    }
    let (statement, naming) =
        statement::read(envelope, artifact, demand.predicate_type.as_deref())?;
    if naming.as_ref().is_some_and(|naming| naming.is_weak) {
        unchecked.push(WEAK.to_owned());
    }
    let (media_type, named) = (envelope.payload_type.clone(), naming.map(|naming| naming.name));
    Ok((None, Subject::Payload { media_type, statement, named }))
}
