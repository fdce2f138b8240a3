//! A certificate of an authority: what it may issue.

use der::Decode as _;
use x509_cert::name::Name;

use super::chain_error::ChainError;
use super::link::Link;
use super::x509::X509;

/// An authority's certificate. Whether it is an anchor of trust is up to the caller.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(super) link: Link,
}

impl Authority {
    /// Reads a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, ChainError> {
        let parsed = X509::from_der(der).map_err(ChainError::Malformed)?;
        Ok(Self { link: Link::of(der, &parsed) })
    }

    /// Whether it is for issuing certificates: it says so (`CA:TRUE`), and its key usage, if it has
    /// one, allows it. A certificate of version 1 cannot say so; it counts as an anchor alone.
    pub fn may_issue(&self) -> bool {
        self.link.may_issue()
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        name(self.subject())
    }

    /// Its name, as a DER `Name`.
    pub fn subject(&self) -> &[u8] {
        &self.link.subject
    }

    /// Its public key, as a DER `SubjectPublicKeyInfo` of which only the outermost structure was
    /// parsed.
    pub fn public_key(&self) -> &[u8] {
        &self.link.public_key
    }

    /// The name of who issued it, as a DER `Name`.
    pub fn issuer(&self) -> &[u8] {
        &self.link.issuer
    }
}

/// A DER `Name`, for people.
pub fn name(der: &[u8]) -> String {
    Name::from_der(der).map_or_else(|_| hex::encode(der), |name| name.to_string())
}
