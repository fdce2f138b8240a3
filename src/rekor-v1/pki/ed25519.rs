//! Bare keys for Ed25519 (RFC 8032), as minisign and SSH have them. They sign messages as they are.

use fasti_x509::PublicKey;

/// What comes before the 32 bytes of a key in a `SubjectPublicKeyInfo` (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// The `SubjectPublicKeyInfo` of a key.
pub(crate) fn spki(key: &[u8; 32]) -> Vec<u8> {
    [&SPKI[..], key].concat()
}

/// Whether this is a signature over a message. Keys and signatures with points of small order are
/// refused, as anybody can make such signatures.
pub(crate) fn made(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    PublicKey::from_spki_der(&spki(key)).is_ok_and(|key| key.verify_v1(message, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_example_of_rfc_8032() {
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key: [u8; 32] = hex::decode(key).unwrap().try_into().unwrap();
        let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590\
                         a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
        let mut signature = hex::decode(signature).unwrap();
        assert!(made(&key, b"", &signature) && !made(&key, b"x", &signature));
        assert!(!made(&key, b"", &signature[1..]));
        signature[0] ^= 1;
        assert!(!made(&key, b"", &signature));
        // The neutral point.
        let mut weak = [0; 32];
        weak[0] = 1;
        assert!(!made(&weak, b"", &[&weak[..], &[0; 32]].concat()));
    }
}
