//! Private keys: how they are stored in files, and the keys that they contain.
//!
//! Two forms are read: the note format's line (`PRIVATE+KEY+<origin>+<id>+<base64>`), and PEM with
//! PKCS #8 (RFC 5958), encrypted or not, or RFC 5915 (`EC PRIVATE KEY`). The note format states the
//! key's name; the others get the log's origin.
//!
//! Invariants: no message contains anything of a key or a password; buffers that held one are
//! wiped.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use ed25519_dalek::SigningKey;
use fasti_x509::{look_of_key_file, pem};
use pkcs8::{DecodePrivateKey as _, EncryptedPrivateKeyInfo, PrivateKeyInfo};
use tiles_spec::{
    CosigningKey, EcdsaSigningKey, KeyError, KeyName, NoteSignature, NoteSigningKey,
    TreeCosigningKey, VerifierKey, cosign_tree,
};
use zeroize::Zeroizing;

use super::signer::SignerError;

pub(super) const NOTE_PREFIX: &str = "PRIVATE+KEY+";
pub(super) const PKCS8_LABEL: &str = "PRIVATE KEY";
pub(super) const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";
const SEC1_LABEL: &str = "EC PRIVATE KEY";

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const ML_DSA_44: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17");
/// What precedes the seed in a PKCS #8 ML-DSA key (RFC 9881): the tag `[0]` and the length.
pub(super) const ML_DSA_SEED_HEAD: [u8; 2] = [0x80, 32];

/// A time that claims nothing: a log says which of its trees is the newest by publishing it, and no
/// clock is used for the signature (I11).
const NO_TIME: u64 = 0;

/// A private key, as it is read from a file.
#[derive(Clone, Debug)]
pub enum PrivateKey {
    /// Ed25519 over the text.
    Ed25519(Box<NoteSigningKey>),
    /// ECDSA P-256 over the text.
    EcdsaP256(Box<EcdsaSigningKey>),
    /// ML-DSA-44 over the tree that the text states: for a further line, or for a witness.
    MlDsa44(Box<TreeCosigningKey>),
    /// Ed25519 over a time and the text: for a witness. Logs do not sign with it.
    Ed25519Cosignature(Box<CosigningKey>),
}

/// The password that a key file is encrypted with.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a text is not a usable private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Neither form.
    #[error(
        "neither a note key (a line beginning PRIVATE+KEY+) nor a private key in PEM: it looks like \
         {0}"
    )]
    Form(&'static str),
    /// A malformed note key.
    #[error("malformed note key")]
    Note(#[source] KeyError),
    /// Broken PEM, or not the structure that its label promises.
    #[error("malformed PEM block {0:?}")]
    Malformed(String),
    /// Another kind of key.
    #[error(
        "a key of a kind that logs do not sign with; use Ed25519, ECDSA on P-256, or, for a \
         further line, ML-DSA-44 (as its seed alone)"
    )]
    Kind,
    /// No password was given.
    #[error("encrypted; give its password with --key-password-file or FASTI_KEY_PASSWORD")]
    NeedsPassword,
    /// It cannot be decrypted.
    #[error("encrypted, and the password is wrong")]
    WrongPassword,
}

impl PrivateKey {
    /// Reads a key; `name` is for the forms that do not state one.
    pub fn parse(
        text: &str,
        name: KeyName,
        password: Option<&Password>,
    ) -> Result<Self, PrivateKeyError> {
        let text = text.trim();
        if text.starts_with(NOTE_PREFIX) {
            return Self::from_note_line(text);
        }
        let (label, der) = from_pem(text)?;
        let malformed = || PrivateKeyError::Malformed(label.to_owned());
        match label {
            PKCS8_LABEL => Self::from_pkcs8(&der, name),
            SEC1_LABEL => {
                let key = EcdsaSigningKey::from_sec1_der(name, &der);
                Ok(key.map_err(|_| PrivateKeyError::Kind)?.into())
            }
            ENCRYPTED_LABEL => {
                let encrypted = EncryptedPrivateKeyInfo::try_from(der.as_slice());
                let encrypted = encrypted.map_err(|_| malformed())?;
                let password = password.ok_or(PrivateKeyError::NeedsPassword)?;
                let decrypted = encrypted.decrypt(password.0.as_bytes());
                let decrypted = decrypted.map_err(|_| PrivateKeyError::WrongPassword)?;
                Self::from_pkcs8(decrypted.as_bytes(), name)
            }
            _ => Err(PrivateKeyError::Kind),
        }
    }

    fn from_note_line(line: &str) -> Result<Self, PrivateKeyError> {
        match NoteSigningKey::parse(line) {
            Ok(key) => Ok(key.into()),
            Err(KeyError::Type(0x06)) => {
                TreeCosigningKey::parse(line).map(Self::from).map_err(PrivateKeyError::Note)
            }
            Err(KeyError::Type(0x04)) => {
                CosigningKey::parse(line).map(Self::from).map_err(PrivateKeyError::Note)
            }
            Err(error) => Err(PrivateKeyError::Note(error)),
        }
    }

    fn from_pkcs8(der: &[u8], name: KeyName) -> Result<Self, PrivateKeyError> {
        let malformed = || PrivateKeyError::Malformed(PKCS8_LABEL.to_owned());
        let info = PrivateKeyInfo::try_from(der).map_err(|_| malformed())?;
        match info.algorithm.oid {
            ED25519 => {
                let key = SigningKey::from_pkcs8_der(der).map_err(|_| malformed())?;
                Ok(NoteSigningKey::from_seed(name, key.as_bytes()).into())
            }
            EC => {
                let key = EcdsaSigningKey::from_pkcs8_der(name, der);
                Ok(key.map_err(|_| PrivateKeyError::Kind)?.into())
            }
            ML_DSA_44 => {
                let seed = info.private_key.strip_prefix(&ML_DSA_SEED_HEAD);
                let seed = seed.and_then(|seed| seed.try_into().ok());
                let key = TreeCosigningKey::from_seed(name, seed.ok_or(PrivateKeyError::Kind)?);
                Ok(key.map_err(PrivateKeyError::Note)?.into())
            }
            _ => Err(PrivateKeyError::Kind),
        }
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        match self {
            Self::Ed25519(key) => key.verifier_key(),
            Self::EcdsaP256(key) => key.verifier_key(),
            Self::MlDsa44(key) => key.verifier_key(),
            Self::Ed25519Cosignature(key) => key.verifier_key(),
        }
    }

    pub(super) fn sign(&self, text: &str) -> Result<NoteSignature, SignerError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(text)),
            Self::EcdsaP256(key) => Ok(key.sign(text)),
            Self::MlDsa44(key) => Ok(cosign_tree(key, text, NO_TIME)?),
            Self::Ed25519Cosignature(_) => Err(SignerError::Witness),
        }
    }
}

/// The first block of a private key, with its label. Other blocks and text before it are skipped,
/// such as the curve's parameters that OpenSSL writes.
fn from_pem(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), PrivateKeyError> {
    let mut labelled =
        pem::blocks(text.as_bytes()).filter_map(|block| Some((block.label()?, block)));
    let found = labelled.find(|(label, _)| label.ends_with(PKCS8_LABEL));
    let (label, block) =
        found.ok_or_else(|| PrivateKeyError::Form(look_of_key_file(text.as_bytes())))?;
    match block.der() {
        Ok(der) => Ok((label, Zeroizing::new(der))),
        Err(_) => Err(PrivateKeyError::Malformed(label.to_owned())),
    }
}

impl From<NoteSigningKey> for PrivateKey {
    fn from(key: NoteSigningKey) -> Self {
        Self::Ed25519(Box::new(key))
    }
}

impl From<EcdsaSigningKey> for PrivateKey {
    fn from(key: EcdsaSigningKey) -> Self {
        Self::EcdsaP256(Box::new(key))
    }
}

impl From<TreeCosigningKey> for PrivateKey {
    fn from(key: TreeCosigningKey) -> Self {
        Self::MlDsa44(Box::new(key))
    }
}

impl From<CosigningKey> for PrivateKey {
    fn from(key: CosigningKey) -> Self {
        Self::Ed25519Cosignature(Box::new(key))
    }
}

impl Password {
    /// The first line of a file.
    pub fn of_file(content: &str) -> Self {
        Self(Zeroizing::new(content.lines().next().unwrap_or_default().to_owned()))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Password {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
