//! Did a trusted authority issue this certificate? (RFC 5280, section 6, by `rustls-webpki`.)
//!
//! Checked are, from the signer up to an anchor: names, signatures, validity, who may issue, path
//! lengths, name constraints, purposes, and that no extension is critical and unknown. The anchor
//! is held to its own certificate as well: its validity, its path length, its key usage and its
//! purposes, as Go does.
//!
//! Not checked is revocation: certificates that live for minutes need none.
//!
//! The time is the caller's. A moment is a span whose ends are one.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath};

use super::authority::{Authority, is_for_code};
use super::chain_error::ChainError;
use super::primitives;
use super::x509::X509;

/// The authorities that a caller trusts.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    anchors: Vec<Authority>,
    intermediates: Vec<Authority>,
    /// Those above in the form that `webpki` takes.
    trust: Vec<TrustAnchor<'static>>,
    others: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Trusts `anchors`, and through them `intermediates`. Those that may not issue are left out.
    pub fn new(mut anchors: Vec<Authority>, mut intermediates: Vec<Authority>) -> Self {
        anchors.retain(Authority::may_issue);
        intermediates.retain(Authority::may_issue);
        let trust = anchors.iter().map(|one| one.anchor.clone()).collect();
        let others = intermediates.iter().map(|one| one.der.clone()).collect();
        Self { anchors, intermediates, trust, others }
    }

    /// Trusts every certificate of `listed` whose issuer is not listed as well, and itself if it
    /// is. The others are intermediates.
    pub fn of_list(listed: &[Authority]) -> Self {
        let is_anchor = |one: &&Authority| {
            one.subject() == one.issuer()
                || listed.iter().all(|other| other.subject() != one.issuer())
        };
        let (anchors, others): (Vec<_>, Vec<_>) = listed.iter().partition(is_anchor);
        Self::new(anchors.into_iter().cloned().collect(), others.into_iter().cloned().collect())
    }

    /// Checks that one of them issued `certificate` for code signing. Every authority in the chain
    /// must have been valid in all of `span`, the first and last second since 1970; the certificate
    /// itself in the first. Returns the anchor.
    pub fn check(&self, certificate: &[u8], span: [i64; 2]) -> Result<&Authority, ChainError> {
        let [Ok(first), Ok(_)] = span.map(u64::try_from) else {
            return Err(ChainError::Before1970);
        };
        let time = UnixTime::since_unix_epoch(Duration::from_secs(first));
        let der = CertificateDer::from(certificate);
        let signer = EndEntityCert::try_from(&der).map_err(|error| ChainError::of(&error))?;
        if !is_for_code(&X509::from_der(certificate).map_err(ChainError::Malformed)?) {
            return Err(ChainError::Purpose);
        }
        let judge = |path: &VerifiedPath<'_>| {
            self.objection(path, span).map_or(Ok(()), |error| Err(error.in_webpki(time)))
        };
        let verified = signer.verify_for_usage(
            primitives::of_chains(),
            &self.trust,
            &self.others,
            time,
            AnyPurpose,
            None,
            Some(&judge),
        );
        let path = verified.map_err(|error| ChainError::of(&error))?;
        self.anchor(&path).ok_or(ChainError::UnknownIssuer)
    }

    /// What `webpki` does not check of a chain.
    fn objection(&self, path: &VerifiedPath<'_>, span: [i64; 2]) -> Option<ChainError> {
        let Some(anchor) = self.anchor(path) else { return Some(ChainError::UnknownIssuer) };
        let mut below = 0;
        for certificate in path.intermediate_certificates() {
            let mut listed = self.intermediates.iter();
            let Some(listed) = listed.find(|one| one.der == certificate.der()) else {
                return Some(ChainError::UnknownIssuer);
            };
            if let Some(error) = listed.objection(span) {
                return Some(error);
            }
            // A self-issued certificate does not count (RFC 5280, section 4.2.1.9).
            below += usize::from(certificate.issuer() != certificate.subject());
        }
        anchor.objection(span).or_else(|| anchor.objection_to_length(below))
    }

    fn anchor(&self, path: &VerifiedPath<'_>) -> Option<&Authority> {
        let at = self.trust.iter().position(|anchor| std::ptr::eq(anchor, path.anchor()))?;
        self.anchors.get(at)
    }
}

/// Accepts all purposes: [`is_for_code`] judges them, for anchors too.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}
