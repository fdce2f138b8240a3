//! A signer's X.509 certificate (RFC 5280): the key, and the identity that the certificate claims
//! for it.
//!
//! A log only reads certificates. Verifiers judge chain, validity, key usage and embedded SCTs: a
//! Fulcio certificate is valid for minutes, but must still be readable years later.
//!
//! Invariants of a [`Certificate`]: Go's `crypto/x509` parses it and finds the same names; no bytes
//! follow it; its public key is of an admitted kind.

use super::element::Fault;
use super::error::X509Error;
use super::identity::Identity;
use super::key::PublicKey;
use super::x509::X509;

/// The parts of a certificate that a log entry needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    public_key: PublicKey,
    identities: Vec<Identity>,
    issuer: Result<Option<String>, Fault>,
}

impl Certificate {
    /// Parses a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let certificate = X509::from_der(der)?;
        Ok(Self {
            public_key: PublicKey::from_spki_der(certificate.public_key)?,
            identities: certificate.names().iter().filter_map(Identity::of).collect(),
            issuer: certificate.issuer_claimed().map(|issuer| issuer.map(str::to_owned)),
        })
    }

    /// The subject's public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Who holds the key, in the certificate's order.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// The OIDC issuer that Fulcio recorded, `None` if the certificate names none; an error if it
    /// cannot be read, or if it names two.
    pub fn fulcio_issuer(&self) -> Result<Option<&str>, X509Error> {
        self.issuer.as_ref().map(Option::as_deref).map_err(|fault| X509Error::Certificate(fault))
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
    use crate::identity::IdentityKind;
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
                (IdentityKind::Dns, "example.com"),
                (IdentityKind::Uri, "https://example.com/workflow@refs/heads/main"),
                (IdentityKind::Email, "dev@example.com"),
            ]
            .map(|(kind, name)| Identity { kind, name: name.to_owned() })
        );
        assert_eq!(certificate.fulcio_issuer().unwrap(), Some("https://issuer.example.com"));
    }

    #[test]
    fn issuer_in_its_two_forms() {
        let (unreadable, two) = (Err("is not a text"), Err("two OIDC issuers"));
        for (extensions, issuer) in [
            (vec![], Ok(None)),
            (vec![fulcio(1, b"https://a")], Ok(Some("https://a"))),
            (vec![fulcio(8, &utf8("https://a"))], Ok(Some("https://a"))),
            (vec![fulcio(1, b"https://a"), fulcio(8, &utf8("https://a"))], Ok(Some("https://a"))),
            (vec![fulcio(1, b"https://a"), fulcio(8, &utf8("https://b"))], two),
            (vec![fulcio(8, &utf8("https://a")), fulcio(1, b"")], two),
            (vec![fulcio(8, b"not der")], unreadable),
            (vec![fulcio(8, b"not der"), fulcio(1, b"https://a")], unreadable),
            (vec![fulcio(8, &utf8("https://a")), fulcio(1, b"\xff")], unreadable),
            (vec![fulcio(1, b"\xff")], unreadable),
            (vec![fulcio(9, &utf8("another field"))], Ok(None)),
        ] {
            let der = signer().certificate_with(Vec::new(), extensions);
            let certificate = Certificate::from_der(&der).unwrap();
            match (certificate.fulcio_issuer(), issuer) {
                (Ok(found), Ok(issuer)) => assert_eq!(found, issuer),
                (Err(found), Err(why)) => assert!(found.to_string().contains(why), "{found}"),
                (found, issuer) => panic!("{found:?} instead of {issuer:?}"),
            }
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
