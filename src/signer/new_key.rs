//! New keys, in new files of mode 0600.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::KeypairBytes;
use fasti_seams::entropy::{Entropy as _, OsEntropy};
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{EncodePrivateKey as _, LineEnding, PrivateKeyInfo, SecretDocument};
use tiles_spec::{
    CosigningKey, EcdsaSigningKey, KeyName, NoteSigningKey, Origin, TreeCosigningKey, VerifierKey,
};
use zeroize::Zeroizing;

use super::KeyFileError;
use super::private_key::{
    ENCRYPTED_LABEL, ML_DSA_44, ML_DSA_SEED_HEAD, PKCS8_LABEL, Password, PrivateKey,
};

/// The cost of guessing a password: every reader of PKCS #8 supports PBKDF2, and not every one has
/// the memory for scrypt.
const PBKDF2_ROUNDS: u32 = 600_000;

/// The kind of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519.
    #[default]
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256,
    /// ML-DSA-44, for a further line or for a witness.
    MlDsa44,
    /// Ed25519 for the cosignatures of a witness.
    Ed25519Cosignature,
}

/// The form in which a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyEncoding {
    /// A line `PRIVATE+KEY+<origin>+<id>+<base64>`.
    #[default]
    Note,
    /// PKCS #8 in PEM.
    Pkcs8,
}

/// A key to create.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// Its kind.
    pub algorithm: KeyAlgorithm,
    /// Its form.
    pub encoding: KeyEncoding,
    /// The password to encrypt it with; PKCS #8 only.
    pub password: Option<Password>,
}

/// Creates a new Ed25519 key as a note line, see [`NewKey::write`].
pub fn generate_key_file(path: &Path, origin: &Origin) -> Result<VerifierKey, KeyFileError> {
    NewKey::default().write(path, origin)
}

impl NewKey {
    /// Creates a new key for `origin` in a new file of mode 0600, durably, and returns its verifier
    /// key. An existing file is never overwritten.
    pub fn write(&self, path: &Path, origin: &Origin) -> Result<VerifierKey, KeyFileError> {
        Ok(self.write_named(|_| path.to_owned(), origin)?.1)
    }

    /// Like [`write`](Self::write), in a file whose name follows from the key.
    pub fn write_named(
        &self,
        place: impl FnOnce(&VerifierKey) -> PathBuf,
        origin: &Origin,
    ) -> Result<(PathBuf, VerifierKey), KeyFileError> {
        let key = self.algorithm.generate(origin.key_name())?;
        let text = self.encode(&key)?;
        let path = place(key.verifier_key());
        let io = |source| KeyFileError::Io { path: path.display().to_string(), source };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(io)?;
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
            // Half a key would be in the way of the next attempt.
            drop(std::fs::remove_file(&path));
            return Err(io(error));
        }
        // The name must be durable as well, or a power cut could lose the key of a log that has
        // begun.
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
        Ok((path, key.verifier_key().clone()))
    }

    fn encode(&self, key: &PrivateKey) -> Result<Zeroizing<String>, KeyFileError> {
        match (self.encoding, &self.password) {
            (KeyEncoding::Note, Some(_)) => {
                Err(KeyFileError::NoSuchForm("a note key cannot be encrypted; use PKCS #8"))
            }
            (KeyEncoding::Note, None) => {
                let line = match key {
                    PrivateKey::Ed25519(key) => key.to_private_string(),
                    PrivateKey::MlDsa44(key) => key.to_private_string(),
                    PrivateKey::Ed25519Cosignature(key) => key.to_private_string(),
                    PrivateKey::EcdsaP256(_) => {
                        let reason = "an ECDSA key cannot be written as a note key; use PKCS #8";
                        return Err(KeyFileError::NoSuchForm(reason));
                    }
                };
                Ok(Zeroizing::new(format!("{}\n", *line)))
            }
            (KeyEncoding::Pkcs8, password) => {
                let written = to_pkcs8_pem(key, password.as_ref());
                Ok(written.expect("a key of fixed size is encoded"))
            }
        }
    }
}

impl KeyAlgorithm {
    fn generate(self, name: KeyName) -> Result<PrivateKey, KeyFileError> {
        let rng = &mut OsEntropy;
        Ok(match self {
            Self::Ed25519 => NoteSigningKey::generate(rng, name).into(),
            Self::Ed25519Cosignature => CosigningKey::generate(rng, name).into(),
            Self::EcdsaP256 => EcdsaSigningKey::generate(rng, name).into(),
            Self::MlDsa44 => TreeCosigningKey::generate(rng, name)
                .map_err(|_| KeyFileError::NoSuchForm("the origin is too long for such a key"))?
                .into(),
        })
    }
}

/// Without the public half: older readers support only the first version.
pub(super) fn ed25519_to_pkcs8(seed: &[u8; 32]) -> pkcs8::Result<SecretDocument> {
    let mut pair = KeypairBytes { secret_key: *seed, public_key: None };
    let document = pair.to_pkcs8_der();
    zeroize::Zeroize::zeroize(&mut pair.secret_key);
    document
}

fn to_pkcs8_pem(key: &PrivateKey, password: Option<&Password>) -> pkcs8::Result<Zeroizing<String>> {
    let document = match key {
        PrivateKey::Ed25519(key) => ed25519_to_pkcs8(&key.seed())?,
        PrivateKey::Ed25519Cosignature(key) => ed25519_to_pkcs8(&key.seed())?,
        PrivateKey::EcdsaP256(key) => SecretDocument::try_from(key.to_pkcs8_der().as_slice())?,
        PrivateKey::MlDsa44(key) => {
            let seed = Zeroizing::new([&ML_DSA_SEED_HEAD[..], &*key.seed()].concat());
            let algorithm = AlgorithmIdentifierRef { oid: ML_DSA_44, parameters: None };
            SecretDocument::encode_msg(&PrivateKeyInfo::new(algorithm, &seed))?
        }
    };
    let (document, label) = match password {
        None => (document, PKCS8_LABEL),
        Some(password) => {
            let info = PrivateKeyInfo::try_from(document.as_bytes())?;
            let (salt, iv) = (OsEntropy.nonce(), OsEntropy.nonce());
            let how = Parameters::pbkdf2_sha256_aes256cbc(PBKDF2_ROUNDS, &salt, &iv);
            let how = how.map_err(|_| pkcs8::Error::ParametersMalformed)?;
            (info.encrypt_with_params(how, password.as_bytes())?, ENCRYPTED_LABEL)
        }
    };
    Ok(document.to_pem(label, LineEnding::LF)?)
}
