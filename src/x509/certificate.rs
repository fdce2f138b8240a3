//! A signer's X.509 certificate (RFC 5280): the key, and the identity that the certificate claims
//! for it.
//!
//! A log only reads certificates. Verifiers judge chain, validity, key usage and embedded SCTs: a
//! Fulcio certificate is valid for minutes, but must still be readable years later.
//!
//! Invariants of a [`Certificate`]: Go's `crypto/x509` parses it and finds the same names; no bytes
//! follow it; its public key is of an admitted kind.

use super::alternative_name::AlternativeName;
use super::error::X509Error;
use super::key::PublicKey;
use super::x509::X509;

/// A subject alternative name of a kind that identifies a signer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// An `rfc822Name`.
    Email(String),
    /// A `uniformResourceIdentifier`.
    Uri(String),
}

/// The parts of a certificate that a log entry needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    public_key: PublicKey,
    identities: Vec<Identity>,
    issuer: Option<String>,
}

impl Certificate {
    /// Parses a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let certificate = X509::from_der(der)?;
        let identity = |name| match name {
            AlternativeName::Email(email) => Some(Identity::Email(email.to_owned())),
            AlternativeName::Uri(uri) => Some(Identity::Uri(uri.to_owned())),
            _ => None,
        };
        Ok(Self {
            public_key: PublicKey::from_spki_der(certificate.public_key)?,
            identities: certificate.names().into_iter().filter_map(identity).collect(),
            issuer: certificate.fulcio_issuer().map(str::to_owned),
        })
    }

    /// The subject's public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The email addresses and URIs among the subject alternative names, in the certificate's
    /// order.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// The OIDC issuer that Fulcio recorded, if this looks like a Fulcio certificate.
    pub fn fulcio_issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The subject's public key, by value.
    pub fn into_public_key(self) -> PublicKey {
        self.public_key
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CustomExtension, SanType};

    use super::*;
    use crate::algorithm::SigningAlgorithm;
    use crate::testing::{Signer, fulcio, utf8};

    fn signer() -> &'static Signer {
        Signer::of(SigningAlgorithm::EcdsaP256Sha256)
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
                "malformed certificate: its subject alternative names are not a list of names",
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
