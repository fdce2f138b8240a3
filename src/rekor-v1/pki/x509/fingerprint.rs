//! Fingerprints of keys as SSH has them: the SHA-256 of the key in SSH's own encoding (RFC 4253,
//! section 6.6, RFC 5656, RFC 8709). In DSSE envelopes they stand as IDs of keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::public_key::{PublicKey, Scheme};
use crate::pki::ssh_wire::{mpint, string};

/// `SHA256:` and unpadded base64; `None` if SSH has no such keys.
pub(super) fn of(key: &PublicKey) -> Option<String> {
    let on_curve = |curve: &str| {
        let kind = format!("ecdsa-sha2-{curve}");
        [string(kind.as_bytes()), string(curve.as_bytes()), string(key.bits())].concat()
    };
    let encoded = match key.scheme().ok()? {
        Scheme::EcdsaP256 => on_curve("nistp256"),
        Scheme::EcdsaP384 => on_curve("nistp384"),
        Scheme::EcdsaP521 => on_curve("nistp521"),
        Scheme::Ed25519 => [string(b"ssh-ed25519"), string(key.bits())].concat(),
        Scheme::Rsa(_) => {
            let (modulus, exponent) = key.rsa_numbers()?;
            [string(b"ssh-rsa"), mpint(&exponent), mpint(&modulus)].concat()
        }
    };
    Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(encoded))))
}
