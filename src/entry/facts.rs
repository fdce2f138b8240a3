//! What an entry states, whatever its kind: digests, signers and names.
//!
//! This is for finding and showing entries, so nothing is validated. An index must list what a log
//! holds, including logs that others write. So every part of an entry is found by its path from the
//! top of the JSON and read separately, and one that is missing, duplicated or in another form is
//! skipped without affecting the others. Which paths there are is up to the kind
//! ([`kind`](super::kind)).
//!
//! Invariant: total, for any bytes, and a function of them alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::{HashAlgorithm, KeyDetails};
use sha2::{Digest as _, Sha256};
use tiles_spec::Hash;

use super::json::{self, Value};
use super::kind;
use super::pki::{KeyMaterial, open_pgp_emails};

/// Whether this is an entry of a kind and version of Rekor v1. Nothing else is validated.
pub fn is_rekor_v1(entry: &[u8]) -> bool {
    let Ok(entry) = json::parse(entry) else { return false };
    let (kind, version) = (text(&entry, &["kind"]), text(&entry, &["apiVersion"]));
    let is_known = kind.zip(version).is_some_and(|(kind, version)| kind::is_v1(kind, version));
    is_known && member(&entry, "spec").is_some()
}

/// The longest digest of any hash in use, in bytes.
pub(super) const DIGEST_BYTES_MAX: usize = 64;

/// What an entry states, in the entry's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The kind of entry, if it is one that is known.
    pub kind: Option<String>,
    /// Digests of artifacts, payloads and envelopes.
    pub digests: Vec<StoredDigest>,
    /// Who signed.
    pub signers: Vec<StoredSigner>,
    /// Names of signers and of what they signed, other than those in certificates.
    pub subjects: Vec<String>,
    /// The SHA-256 of what was signed, if the log may keep that beside entries of this kind.
    pub attestation: Option<Hash>,
    /// What that is.
    pub attested_as: AttestedAs,
}

/// What an attestation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttestedAs {
    /// The payload of an envelope.
    #[default]
    Payload,
    /// A COSE message.
    CoseMessage,
}

/// A digest in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDigest {
    /// The hash, if it is one of those known here.
    pub algorithm: Option<HashAlgorithm>,
    /// 1 to 64 bytes.
    pub bytes: Vec<u8>,
}

/// A signer in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSigner {
    /// The key.
    pub key: StoredKey,
    /// The signing algorithm, if the entry names it.
    pub algorithm: Option<KeyDetails>,
}

/// A key in an entry; not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredKey {
    /// A DER `SubjectPublicKeyInfo`.
    PublicKey(Vec<u8>),
    /// A DER X.509 certificate.
    Certificate(Vec<u8>),
    /// A key of another family, in its canonical form.
    Other(Vec<u8>),
}

impl Facts {
    /// Reads what it can; finds nothing in bytes that are not an entry of a known kind.
    pub fn of(entry: &[u8]) -> Self {
        let mut facts = Self::default();
        let Ok(entry) = json::parse(entry) else { return facts };
        if let (Some(kind), Some(version)) =
            (text(&entry, &["kind"]), text(&entry, &["apiVersion"]))
            && let Some(collect) = kind::facts_of(kind, version)
            && let Some(spec) = member(&entry, "spec")
        {
            facts.kind = Some(kind.to_owned());
            collect(spec, &mut facts);
        }
        facts
    }

    /// A `dev.sigstore.common.v1.HashOutput`.
    pub(super) fn hash_output(&mut self, value: &Value<'_>, path: &[&str]) {
        let Some(output) = at(value, path) else { return };
        self.digest(text(output, &["algorithm"]), base64(output, &["digest"]));
    }

    /// A hash of Rekor v1, in hexadecimal.
    pub(super) fn hex_hash(&mut self, value: &Value<'_>, path: &[&str]) {
        let Some(hash) = at(value, path) else { return };
        let digest = text(hash, &["value"]).and_then(|digits| hex::decode(digits).ok());
        self.digest(text(hash, &["algorithm"]), digest);
    }

    /// Notes that the digest that `find` finds is of what was signed, and may be kept.
    pub(super) fn attested(&mut self, find: impl FnOnce(&mut Self)) {
        let before = self.digests.len();
        find(self);
        if let Some(StoredDigest { algorithm: Some(HashAlgorithm::Sha256), bytes }) =
            self.digests.get(before)
        {
            self.attestation = Hash::try_from(&bytes[..]).ok();
        }
    }

    fn digest(&mut self, algorithm: Option<&str>, digest: Option<Vec<u8>>) {
        let digest = digest.filter(|digest| (1..=DIGEST_BYTES_MAX).contains(&digest.len()));
        let algorithm = algorithm.and_then(hash_named);
        self.digests.extend(digest.map(|bytes| StoredDigest { algorithm, bytes }));
    }

    /// A `dev.sigstore.rekor.v2.Verifier`.
    pub(super) fn verifier(&mut self, value: &Value<'_>, path: &[&str]) {
        let Some(verifier) = at(value, path) else { return };
        let algorithm = text(verifier, &["keyDetails"]).and_then(KeyDetails::from_name);
        let keys = [
            base64(verifier, &["publicKey", "rawBytes"]).map(StoredKey::PublicKey),
            base64(verifier, &["x509Certificate", "rawBytes"]).map(StoredKey::Certificate),
        ];
        self.signers.extend(keys.into_iter().flatten().map(|key| StoredSigner { key, algorithm }));
    }

    /// A public key or a certificate chain in PEM, as entries of Rekor v1 have it.
    pub(super) fn pem(&mut self, value: &Value<'_>, path: &[&str]) {
        let key = match base64(value, path).and_then(|text| KeyMaterial::first_in_pem(&text)) {
            Some(KeyMaterial::PublicKey(der)) => StoredKey::PublicKey(der),
            Some(KeyMaterial::Certificate(der)) => StoredKey::Certificate(der),
            None => return,
        };
        self.signers.push(StoredSigner { key, algorithm: None });
    }

    /// A key of another family than X.509, in its canonical form.
    pub(super) fn other_key(&mut self, value: &Value<'_>, path: &[&str]) {
        let key = base64(value, path).map(StoredKey::Other);
        self.signers.extend(key.map(|key| StoredSigner { key, algorithm: None }));
    }

    /// An OpenPGP key in armor, with the addresses of its holders.
    pub(super) fn open_pgp(&mut self, value: &Value<'_>, path: &[&str]) {
        self.subjects.extend(base64(value, path).iter().flat_map(|key| open_pgp_emails(key)));
        self.other_key(value, path);
    }

    /// The SHA-256 of a content, which stands in the entry itself.
    pub(super) fn content(&mut self, value: &Value<'_>, path: &[&str]) {
        let Some(content) = base64(value, path) else { return };
        let bytes = Sha256::digest(content).to_vec();
        self.digests.push(StoredDigest { algorithm: Some(HashAlgorithm::Sha256), bytes });
    }
}

/// The hash with this name, in Sigstore's spelling or in that of Rekor v1.
fn hash_named(name: &str) -> Option<HashAlgorithm> {
    match name {
        "SHA2_256" | "sha256" => Some(HashAlgorithm::Sha256),
        "SHA2_384" | "sha384" => Some(HashAlgorithm::Sha384),
        "SHA2_512" | "sha512" => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

/// Rejects an empty value: no digest or key is empty.
pub(super) fn base64(value: &Value<'_>, path: &[&str]) -> Option<Vec<u8>> {
    STANDARD.decode(text(value, path)?).ok().filter(|bytes| !bytes.is_empty())
}

pub(super) fn text<'v>(value: &'v Value<'_>, path: &[&str]) -> Option<&'v str> {
    match at(value, path)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

pub(super) fn elements<'v, 'a>(value: &'v Value<'a>, path: &[&str]) -> &'v [Value<'a>] {
    match at(value, path) {
        Some(Value::Array(elements)) => elements,
        _ => &[],
    }
}

fn at<'v, 'a>(value: &'v Value<'a>, path: &[&str]) -> Option<&'v Value<'a>> {
    path.iter().try_fold(value, |value, name| member(value, name))
}

/// The only member with this name.
fn member<'v, 'a>(value: &'v Value<'a>, name: &str) -> Option<&'v Value<'a>> {
    let Value::Object(members) = value else { return None };
    let mut named = members.iter().filter(|(key, _)| key == name);
    let (_, found) = named.next()?;
    named.next().is_none().then_some(found)
}
