//! What a signature over an envelope covers: its pre-authentication encoding
//! (github.com/secure-systems-lab/dsse, protocol v1).

use fasti_x509::{ArtifactDigest, ArtifactHasher, HashAlgorithm};

/// The bytes that a DSSE signature covers: `DSSEv1 <len> <type> <len> <payload>`.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    [pae_head(payload_type, payload).as_bytes(), payload].concat()
}

/// Computes the digest of [`pae`] without building it.
pub fn pae_digest(algorithm: HashAlgorithm, payload_type: &str, payload: &[u8]) -> ArtifactDigest {
    let mut hasher = ArtifactHasher::new(algorithm);
    hasher.update(pae_head(payload_type, payload).as_bytes());
    hasher.update(payload);
    hasher.finish()
}

/// Lengths count bytes, not characters.
fn pae_head(payload_type: &str, payload: &[u8]) -> String {
    format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pae_matches_the_dsse_example() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pae("\u{e9}", b""), "DSSEv1 2 \u{e9} 0 ".as_bytes());
        for algorithm in HashAlgorithm::ALL {
            assert_eq!(
                pae_digest(algorithm, "http://example.com/HelloWorld", b"hello world"),
                ArtifactDigest::of(algorithm, &encoded)
            );
        }
    }
}
