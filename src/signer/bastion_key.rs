//! The key with which a witness authenticates to a bastion (C2SP https-bastion): Ed25519, in a PEM
//! file that nobody else may read.

use std::path::Path;

use pkcs8::SecretDocument;
use tiles_spec::PublicKey;

use super::file::{KeyFileError, read_private};
use super::new_key::ed25519_to_pkcs8;
use super::private_key::{NOTE_PREFIX, Password, PrivateKey, PrivateKeyError};

/// A key for TLS that signs no notes.
pub struct BastionKey {
    pkcs8: SecretDocument,
    public: [u8; 32],
}

impl std::fmt::Debug for BastionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BastionKey")
    }
}

impl BastionKey {
    /// Reads a key. A note line is refused: it belongs to a log or a witness.
    pub fn open(path: &Path, password: Option<&Password>) -> Result<Self, KeyFileError> {
        let text = read_private(path)?;
        let malformed =
            |source| KeyFileError::Malformed { path: path.display().to_string(), source };
        if text.trim_start().starts_with(NOTE_PREFIX) {
            return Err(malformed(PrivateKeyError::Form("a note key of a log or a witness")));
        }
        let name = "bastion".parse().expect("a name");
        let key = PrivateKey::parse(&text, name, password).map_err(malformed)?;
        let PrivateKey::Ed25519(key) = key else { return Err(malformed(PrivateKeyError::Kind)) };
        let PublicKey::Ed25519(public) = key.verifier_key().public_key() else {
            return Err(malformed(PrivateKeyError::Kind));
        };
        let pkcs8 = ed25519_to_pkcs8(&key.seed()).expect("a key of fixed size is encoded");
        Ok(Self { pkcs8, public: *public })
    }

    /// The key in PKCS #8.
    pub fn pkcs8(&self) -> &[u8] {
        self.pkcs8.as_bytes()
    }

    /// The public half.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.public
    }
}
