//! Authorities for timestamps: whose they are, and whether they count (RFC 3161, section 2.3;
//! RFC 5280, section 6).
//!
//! The signer's certificate is for timestamps alone and says so critically. Those above it are for
//! timestamps as well, as far as they say what they are for. All of them, the anchor too, were
//! valid when the timestamp was made; whether they still are does not matter.

use const_oid::db::rfc5280::ID_KP_TIME_STAMPING;

use super::authority::{Authority, name};
use super::chain::Authorities;
use super::chain_error::ChainError;
use super::extension::EXTENDED_KEY_USAGE;
use super::link::Purpose;
use super::structure::Fields;
use super::timestamp::Timestamp;
use super::timestamp_error::TimestampError;
use super::x509::X509;

/// The certificates of an authority, which the caller trusts.
#[derive(Clone, Debug)]
pub struct TimestampAuthority {
    /// Those that can sign timestamps.
    signers: Vec<Vec<u8>>,
    authorities: Authorities,
}

impl TimestampAuthority {
    /// Takes an authority's certificates in any order. Those that are nobody's issuers can be left
    /// out if timestamps bring them along.
    pub fn new(certificates: &[Vec<u8>]) -> Result<Self, ChainError> {
        let all = certificates.iter().map(|der| Authority::from_der(der));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        let (issuing, signers): (Vec<_>, Vec<_>) = all.into_iter().partition(Authority::may_issue);
        let authorities = Authorities::of_list(&issuing);
        if authorities.is_without_anchor() {
            return Err(ChainError::UnknownIssuer);
        }
        let signers = signers.into_iter().map(|one| one.link.der).collect();
        Ok(Self { signers, authorities })
    }

    /// Its name, for people: that of its only signer, or else of its first anchor.
    pub fn name(&self) -> String {
        match self.signers.as_slice() {
            [signer] => Fields::of(signer).map(|signer| name(signer.subject)).unwrap_or_default(),
            _ => self.authorities.all().next().map(Authority::name).unwrap_or_default(),
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
        let listed = self.signers.iter().map(Vec::as_slice).filter(move |one| id.is(one));
        let brought = timestamp.certificates();
        listed.chain(brought.filter(|one| self.is_below(one, &timestamp.token.certificates)))
    }

    /// Whether a certificate names an issuer listed here, or one of `others` that does.
    fn is_below(&self, certificate: &[u8], others: &[&[u8]]) -> bool {
        let mut issued = Fields::of(certificate).ok();
        for _ in 0..=others.len() {
            let Some(issuer) = issued.map(|issued| issued.issuer) else { return false };
            if self.authorities.named(issuer).next().is_some() {
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
        let mut listed = self.signers.iter().map(Vec::as_slice);
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
        // Those that cannot be read are nobody's issuers.
        let brought: Vec<_> = brought.filter_map(|der| Authority::from_der(der).ok()).collect();
        let span = [timestamp.seconds; 2];
        self.authorities.check_for(Purpose::Timestamps, certificate, &brought, span)?;
        Ok(())
    }
}
