//! Authorities for timestamps: whose they are, and whether they count (RFC 3161, section 2.3;
//! RFC 5280, section 6, by `rustls-webpki`).
//!
//! The signer's certificate is for timestamps alone and says so critically. Those above it are for
//! timestamps as well, as far as they say what they are for. All of them, the anchor too, were
//! valid when the timestamp was made; whether they still are does not matter.

use std::time::Duration;

use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_TIME_STAMPING};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath};

use super::authority::{Authority, name};
use super::chain_error::ChainError;
use super::extension::EXTENDED_KEY_USAGE;
use super::primitives;
use super::structure::Fields;
use super::timestamp::Timestamp;
use super::timestamp_error::TimestampError;
use super::x509::X509;

/// The certificates of an authority, which the caller trusts.
#[derive(Clone, Debug)]
pub struct TimestampAuthority {
    /// Those that can sign timestamps.
    signers: Vec<CertificateDer<'static>>,
    anchors: Vec<Authority>,
    others: Vec<Authority>,
}

impl TimestampAuthority {
    /// Takes an authority's certificates in any order. Those that are nobody's issuers can be left
    /// out if timestamps bring them along.
    pub fn new(certificates: &[Vec<u8>]) -> Result<Self, ChainError> {
        let all = certificates.iter().map(|der| Authority::from_der(der));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let (issuing, signers): (Vec<_>, Vec<_>) = all.into_iter().partition(Authority::may_issue);
        let is_anchor = |one: &Authority| {
            one.subject() == one.issuer()
                || issuing.iter().all(|other| other.subject() != one.issuer())
        };
        let (anchors, others): (Vec<_>, Vec<_>) = issuing.iter().cloned().partition(is_anchor);
        if anchors.is_empty() {
            return Err(ChainError::UnknownIssuer);
        }
        let signers = signers.into_iter().map(|one| one.der).collect();
        Ok(Self { signers, anchors, others })
    }

    /// Its name, for people: that of its only signer, or else of its first anchor.
    pub fn name(&self) -> String {
        match self.signers.as_slice() {
            [signer] => Fields::of(signer).map(|signer| name(signer.subject)).unwrap_or_default(),
            _ => self.anchors.first().map(Authority::name).unwrap_or_default(),
        }
    }

    /// Whether a timestamp claims to be its: by a certificate that is listed here, or that came
    /// along and names an issuer listed here, directly or through others that came along.
    pub fn claims(&self, timestamp: &Timestamp<'_>) -> bool {
        self.candidates(timestamp).next().is_some()
    }

    /// Verifies that it made a timestamp for this message.
    pub fn verify(&self, timestamp: &Timestamp<'_>, message: &[u8]) -> Result<(), TimestampError> {
        let mut first = None;
        for certificate in self.candidates(timestamp) {
            let judged = timestamp
                .check(message, certificate)
                .and_then(|()| self.check(certificate, timestamp));
            match judged {
                Ok(()) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(TimestampError::OtherSigner))
    }

    /// The certificates that can be the signer's.
    fn candidates<'t>(&'t self, timestamp: &'t Timestamp<'_>) -> impl Iterator<Item = &'t [u8]> {
        let id = timestamp.token.signer.id;
        let listed = self.signers.iter().map(AsRef::as_ref).filter(move |one| id.is(one));
        let brought = timestamp.certificates();
        listed.chain(brought.filter(|one| self.is_below(one, &timestamp.token.certificates)))
    }

    /// Whether a certificate names an issuer listed here, or one of `others` that does.
    fn is_below(&self, certificate: &[u8], others: &[&[u8]]) -> bool {
        let mut issued = Fields::of(certificate).ok();
        for _ in 0..=others.len() {
            let Some(issuer) = issued.map(|issued| issued.issuer) else { return false };
            let mut listed = self.anchors.iter().chain(&self.others);
            if listed.any(|authority| authority.subject() == issuer) {
                return true;
            }
            let mut others = others.iter().filter_map(|one| Fields::of(one).ok());
            issued = others.find(|other| other.subject == issuer && other.issuer != issuer);
        }
        false
    }

    /// Whether a certificate was issued here, and could sign timestamps when this one was made.
    fn check(&self, certificate: &[u8], timestamp: &Timestamp<'_>) -> Result<(), TimestampError> {
        let signer = X509::from_der(certificate).map_err(ChainError::Malformed)?;
        let mut listed = self.signers.iter().map(AsRef::as_ref);
        let is_pinned =
            |listed: &[u8]| Fields::of(listed).is_ok_and(|listed| listed.issuer == signer.issuer);
        if listed.clone().any(is_pinned) && !listed.any(|listed: &[u8]| listed == certificate) {
            return Err(TimestampError::OtherSigner);
        }
        let critical = signer.extensions.iter().filter(|one| one.critical);
        let is_critical = critical.map(|one| one.id).any(|id| id == EXTENDED_KEY_USAGE);
        if !is_critical || signer.purposes() != Some(vec![ID_KP_TIME_STAMPING.as_bytes()]) {
            return Err(TimestampError::Purpose);
        }
        let brought = timestamp.token.certificates.iter();
        Ok(self.chain(certificate, brought.map(|der| CertificateDer::from(*der)), timestamp)?)
    }

    fn chain<'a>(
        &self,
        certificate: &[u8],
        brought: impl Iterator<Item = CertificateDer<'a>>,
        timestamp: &Timestamp<'_>,
    ) -> Result<(), ChainError> {
        let seconds = u64::try_from(timestamp.seconds).map_err(|_| ChainError::Before1970)?;
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let der = CertificateDer::from(certificate);
        let signer = EndEntityCert::try_from(&der).map_err(|error| ChainError::of(&error))?;
        let trust: Vec<TrustAnchor<'_>> =
            self.anchors.iter().map(|one| one.anchor.clone()).collect();
        let others = self.others.iter().map(|one| one.der.clone());
        let others: Vec<CertificateDer<'_>> = others.chain(brought).collect();
        let judge = |path: &VerifiedPath<'_>| {
            let at = trust.iter().position(|anchor| std::ptr::eq(anchor, path.anchor()));
            let anchor = at.and_then(|at| self.anchors.get(at)).ok_or(Error::UnknownIssuer)?;
            let objection = objection(anchor, path, timestamp.seconds);
            objection.map_or(Ok(()), |error| Err(error.in_webpki(time)))
        };
        let verified = signer.verify_for_usage(
            primitives::of_chains(),
            &trust,
            &others,
            time,
            AnyPurpose,
            None,
            Some(&judge),
        );
        verified.map(drop).map_err(|error| ChainError::of(&error))
    }
}

/// What `webpki` does not check of a chain.
fn objection(anchor: &Authority, path: &VerifiedPath<'_>, seconds: i64) -> Option<ChainError> {
    let mut below = 0;
    for certificate in path.intermediate_certificates() {
        let der = certificate.der();
        let Ok(parsed) = X509::from_der(&der) else { return Some(ChainError::UnknownIssuer) };
        if !is_for_timestamps(&parsed) {
            return Some(ChainError::Purpose);
        }
        below += usize::from(parsed.issuer != parsed.subject);
    }
    let Ok(parsed) = X509::from_der(&anchor.der) else { return Some(ChainError::UnknownIssuer) };
    if seconds < parsed.not_before || parsed.not_after < seconds {
        return Some(ChainError::Validity);
    }
    if !is_for_timestamps(&parsed) {
        return Some(ChainError::Purpose);
    }
    anchor.objection_to_length(below)
}

/// Whether an authority's certificate is for timestamps, as far as it is restricted.
fn is_for_timestamps(certificate: &X509<'_>) -> bool {
    let purposes = [ID_KP_TIME_STAMPING, ANY_EXTENDED_KEY_USAGE];
    certificate
        .purposes()
        .is_none_or(|said| purposes.iter().any(|purpose| said.contains(&purpose.as_bytes())))
}

/// Accepts all purposes, which are judged here.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}
