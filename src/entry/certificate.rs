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

#[cfg(test)]
mod tests {
    use der::asn1::Utf8StringRef;
    use rcgen::{CustomExtension, SanType};

    use super::*;
    use crate::entry::algorithm::SigningAlgorithm;
    use crate::entry::testing::Signer;

    fn signer() -> &'static Signer {
        Signer::of(SigningAlgorithm::EcdsaP256Sha256)
    }

    fn fulcio(number: u64, content: &[u8]) -> CustomExtension {
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, number], content.to_vec())
    }

    fn utf8(text: &str) -> Vec<u8> {
        Utf8StringRef::new(text).unwrap().to_der().unwrap()
    }

    fn replace(der: &[u8], old: &str, new: &str, nth: usize) -> Vec<u8> {
        let (old, new) = (hex::decode(old).unwrap(), hex::decode(new).unwrap());
        let mut starts = (0..der.len()).filter(|at| der[*at..].starts_with(&old));
        let at = starts.nth(nth).expect("the bytes occur that often");
        [&der[..at], &new, &der[at + old.len()..]].concat()
    }

    #[test]
    fn tells_key_identities_and_issuer() {
        let names = vec![
            SanType::DnsName("example.com".try_into().unwrap()),
            SanType::URI("https://example.com/workflow@refs/heads/main".try_into().unwrap()),
            SanType::Rfc822Name("dev@example.com".try_into().unwrap()),
        ];
        let extensions = vec![fulcio(8, &utf8("https://issuer.example.com"))];
        let der = signer().certificate_with(names, extensions);
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.public_key().spki_der(), signer().spki);
        assert_eq!(
            certificate.identities(),
            [
                Identity::Uri("https://example.com/workflow@refs/heads/main".to_owned()),
                Identity::Email("dev@example.com".to_owned()),
            ]
        );
        assert_eq!(certificate.fulcio_issuer(), Some("https://issuer.example.com"));
    }

    #[test]
    fn issuer_in_its_two_forms() {
        for (extensions, issuer) in [
            (vec![], None),
            (vec![fulcio(1, b"https://old")], Some("https://old")),
            (vec![fulcio(1, b"https://old"), fulcio(8, &utf8("https://new"))], Some("https://new")),
            (vec![fulcio(8, b"not der")], None),
            (vec![fulcio(1, b"\xff")], None),
            (vec![fulcio(9, &utf8("another field"))], None),
        ] {
            let der = signer().certificate_with(Vec::new(), extensions);
            let certificate = Certificate::from_der(&der).unwrap();
            assert_eq!(certificate.fulcio_issuer(), issuer);
            assert_eq!(certificate.identities(), []);
        }
    }

    #[test]
    fn refusals() {
        let email = || vec![SanType::Rfc822Name("dev@example.com".try_into().unwrap())];
        let der = signer().certificate_with(email(), Vec::new());
        let san = CustomExtension::from_oid_content(&[2, 5, 29, 17], vec![0x30, 1]);
        let twice = vec![fulcio(9, b""), fulcio(9, b"")];
        let ecdsa_sha256 = "2a8648ce3d040302";
        for (der, why) in [
            (signer().certificate_with(Vec::new(), twice), "an extension occurs twice"),
            (
                signer().certificate_with(Vec::new(), vec![san]),
                "not a DER encoded subject alternative name",
            ),
            (
                replace(&der, ecdsa_sha256, "2a8648ce3d040303", 1),
                "signature algorithm fields differ",
            ),
            (replace(&der, "2a8648ce3d030107", "2a8648ce3d030101", 0), "1.2.840.10045.3.1.1"),
            (der[..der.len() - 1].to_vec(), "not a DER encoded X.509 certificate"),
            ([der.as_slice(), b"\n"].concat(), "bytes follow the end of the DER structure"),
            (b"-----BEGIN CERTIFICATE-----".to_vec(), "this is PEM"),
            (Vec::new(), "not a DER encoded X.509 certificate"),
        ] {
            let message = Certificate::from_der(&der).unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
        }
    }
}
