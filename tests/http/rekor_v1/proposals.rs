//! What v1's clients propose.

use fasti::entry::{ArtifactDigest, HashAlgorithm};
use serde_json::Value;
use tiles_spec::Hash;

use crate::submitter::{P256, Submitter};

/// A new proposal.
pub fn fresh() -> Value {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let artifact = format!("a proposed artifact {}", NEXT.fetch_add(1, Ordering::Relaxed));
    hashedrekord(&Submitter::of(P256), &artifact, None)
}

/// A signature over an artifact, by the key or the certificate.
pub fn hashedrekord(submitter: &Submitter, artifact: &str, certificate: Option<&[u8]>) -> Value {
    fasti_kit::proposals::hashedrekord(submitter.signer(), artifact.as_bytes(), certificate)
}

/// An artifact with its signature.
pub fn rekord(submitter: &Submitter, artifact: &str) -> Value {
    fasti_kit::proposals::rekord(submitter.signer(), artifact.as_bytes())
}

/// An envelope of DSSE.
pub fn dsse(submitter: &Submitter, payload: &str) -> Value {
    fasti_kit::proposals::dsse(submitter.signer(), "text/plain", payload.as_bytes())
}

/// The SHA-256 of an artifact.
pub fn sha256(artifact: &str) -> String {
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, artifact.as_bytes());
    Hash::try_from(digest.as_bytes()).expect("32 bytes").to_string()
}
