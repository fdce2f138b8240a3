//! A submitter's X.509 certificate (RFC 5280): whose key it is, as it says itself.
//!
//! The log only reads it. Chain, validity, key usage and embedded SCTs are for verifiers to judge:
//! a certificate of minutes, as Fulcio issues them, must still be readable in years.
//!
//! Invariants of a [`Certificate`]: DER with nothing after it, the two signature algorithm fields
//! agree, no extension occurs twice, its public key is of an admitted kind.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::error::EntryError;
use super::key::{PublicKey, strict_der};

/// Fulcio's OIDC issuer as a DER `UTF8String`.
const FULCIO_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");
/// Fulcio's OIDC issuer as bare bytes, its older form.
const FULCIO_ISSUER_LEGACY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");

/// A subject alternative name of a kind that identifies a signer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// An `rfc822Name`.
    Email(String),
    /// A `uniformResourceIdentifier`.
    Uri(String),
}

/// What a log entry needs of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    public_key: PublicKey,
    identities: Vec<Identity>,
    issuer: Option<String>,
}

impl Certificate {
    /// Reads a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, EntryError> {
        let certificate: x509_cert::Certificate = strict_der(der, "X.509 certificate")?;
        let inner = certificate.tbs_certificate;
        if inner.signature != certificate.signature_algorithm {
            return Err(EntryError::Certificate("its two signature algorithm fields differ"));
        }
        let extensions = inner.extensions.unwrap_or_default();
        for (index, extension) in extensions.iter().enumerate() {
            if extensions[..index].iter().any(|earlier| earlier.extn_id == extension.extn_id) {
                return Err(EntryError::Certificate("an extension occurs twice"));
            }
        }
        let spki = inner
            .subject_public_key_info
            .to_der()
            .map_err(|source| EntryError::Der { expected: "SubjectPublicKeyInfo", source })?;
        Ok(Self {
            public_key: PublicKey::from_spki_der(&spki)?,
            identities: identities(&extensions)?,
            issuer: issuer(&extensions),
        })
    }

    /// The subject's public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The email addresses and URIs among the subject alternative names, in the certificate's order.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// The OIDC issuer that Fulcio recorded, if this looks like a Fulcio certificate.
    pub fn fulcio_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(super) fn into_public_key(self) -> PublicKey {
        self.public_key
    }
}

fn identities(extensions: &[Extension]) -> Result<Vec<Identity>, EntryError> {
    let Some(names) = value_of(extensions, ID_CE_SUBJECT_ALT_NAME) else {
        return Ok(Vec::new());
    };
    let SubjectAltName(names) = strict_der(names, "subject alternative name")?;
    Ok(names
        .into_iter()
        .filter_map(|name| match name {
            GeneralName::Rfc822Name(email) => Some(Identity::Email(email.to_string())),
            GeneralName::UniformResourceIdentifier(uri) => Some(Identity::Uri(uri.to_string())),
            _ => None,
        })
        .collect())
}

/// Anyone may put anything under Fulcio's numbers; what cannot be read counts as absent.
fn issuer(extensions: &[Extension]) -> Option<String> {
    if let Some(value) = value_of(extensions, FULCIO_ISSUER) {
        return String::from_der(value).ok();
    }
    let legacy = value_of(extensions, FULCIO_ISSUER_LEGACY)?;
    String::from_utf8(legacy.to_vec()).ok()
}

fn value_of(extensions: &[Extension], id: ObjectIdentifier) -> Option<&[u8]> {
    extensions
        .iter()
        .find(|extension| extension.extn_id == id)
        .map(|extension| extension.extn_value.as_bytes())
}
