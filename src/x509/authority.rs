//! A certificate of an authority: what it may issue.

use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_CODE_SIGNING};
use der::Decode as _;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use webpki::{EndEntityCert, anchor_from_trusted_cert};
use x509_cert::name::Name;

use super::chain_error::ChainError;
use super::extension::{self, BASIC_CONSTRAINTS, KEY_USAGE};
use super::x509::X509;

/// An authority's certificate. Whether it is an anchor of trust is up to the caller.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) anchor: TrustAnchor<'static>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    /// The first and last second of its validity, relative to 1970; can be negative.
    validity: [i64; 2],
    may_issue: bool,
    /// How many authorities may stand between it and a signer, if that is limited.
    path_length: Option<u64>,
    is_for_code: bool,
}

impl Authority {
    /// Reads a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, ChainError> {
        let parsed = X509::from_der(der).map_err(ChainError::Malformed)?;
        let certificate = CertificateDer::from(der.to_vec());
        let anchor = anchor_from_trusted_cert(&certificate);
        let anchor = anchor.map_err(|error| ChainError::of(&error))?.to_owned();
        let basic = parsed.extension(BASIC_CONSTRAINTS);
        let (is_authority, path_length) =
            basic.and_then(extension::authority).unwrap_or((false, None));
        let may_sign = parsed.extension(KEY_USAGE).is_none_or(extension::may_sign_certificates);
        // An intermediate is read once more whenever a chain is built.
        let is_checkable = EndEntityCert::try_from(&certificate).is_ok();
        let (subject, issuer) = (parsed.subject.to_vec(), parsed.issuer.to_vec());
        Ok(Self {
            anchor,
            subject,
            issuer,
            validity: [parsed.not_before, parsed.not_after],
            may_issue: is_authority && may_sign && is_checkable,
            path_length,
            is_for_code: is_for_code(&parsed),
            der: certificate,
        })
    }

    /// Whether it is for issuing certificates: it says so (`CA:TRUE`), and its key usage, if it has
    /// one, allows it.
    pub fn may_issue(&self) -> bool {
        self.may_issue
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        name(&self.subject)
    }

    /// Its name, as a DER `Name`.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The name of who issued it, as a DER `Name`.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// What is wrong if it is in a chain that must hold in all of a span of time.
    pub(crate) fn objection(&self, [first, last]: [i64; 2]) -> Option<ChainError> {
        if first < self.validity[0] || self.validity[1] < last {
            return Some(ChainError::Validity);
        }
        (!self.is_for_code).then_some(ChainError::Purpose)
    }

    /// What is wrong if it is the anchor of a chain with this many authorities below it.
    pub(crate) fn objection_to_length(&self, below: usize) -> Option<ChainError> {
        let is_long = self.path_length.is_some_and(|most| below as u64 > most);
        is_long.then_some(ChainError::PathLength)
    }
}

/// Whether a certificate is for signing code, as far as its extended key usage restricts it.
pub fn is_for_code(certificate: &X509<'_>) -> bool {
    let purposes = [ID_KP_CODE_SIGNING, ANY_EXTENDED_KEY_USAGE];
    certificate
        .purposes()
        .is_none_or(|said| purposes.iter().any(|purpose| said.contains(&purpose.as_bytes())))
}

/// A DER `Name`, for people.
pub fn name(der: &[u8]) -> String {
    Name::from_der(der).map_or_else(|_| hex::encode(der), |name| name.to_string())
}
