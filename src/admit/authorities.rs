//! The trusted certificate authorities, and the check that one of them issued a certificate
//! (RFC 5280, by `rustls-webpki`).
//!
//! The operator's files bound the trust: a certificate whose issuer is not listed as well is an
//! anchor, root or not. The others are intermediates and must chain to an anchor.
//!
//! Everything is checked as of the certificate's `notBefore`, so that the result does not change
//! when an authority retires: chain, signatures, validity of every authority, path lengths, name
//! constraints, purposes. Revocation is not checked: certificates that live for minutes need none.

use std::time::Duration;

use const_oid::AssociatedOid;
use der::Decode;
use fasti_entry::X509;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage as KeyUses};

use super::error::{ListError, ListProblem};
use super::pem::{self, Line};

/// Maximum number of certificates in all files together.
const AUTHORITIES_MAX: usize = 256;
/// id-kp-codeSigning, 1.3.6.1.5.5.7.3.3.
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];

/// The trusted authorities.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    listed: Vec<Authority>,
    anchors: Vec<TrustAnchor<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
}

#[derive(Clone, Debug)]
struct Authority {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    /// First and last second of validity, in Unix time; negative before 1970.
    validity: [i64; 2],
}

impl Authorities {
    /// Adds the certificates in a PEM file. Text around them is ignored.
    pub fn add(&mut self, text: &str) -> Result<(), ListError> {
        let before = self.listed.len();
        for (line, content) in pem::lines(text)? {
            let der = match content {
                Line::Text(_) => continue,
                Line::Certificate(der) => der,
                Line::PublicKey(_) => {
                    return Err(ListProblem::OtherPem("PUBLIC KEY".to_owned()).at(line));
                }
            };
            let authority = Authority::read(der).map_err(ListProblem::Authority);
            self.listed.push(authority.map_err(|problem| problem.at(line))?);
            if self.listed.len() > AUTHORITIES_MAX {
                return Err(ListProblem::TooMany(AUTHORITIES_MAX).at(line));
            }
        }
        if self.listed.len() == before {
            return Err(ListProblem::Empty.at(text.lines().count().max(1)));
        }
        let is_anchor = |one: &&Authority| {
            one.subject == one.issuer || self.listed.iter().all(|other| other.subject != one.issuer)
        };
        let (anchors, others): (Vec<_>, Vec<_>) = self.listed.iter().partition(is_anchor);
        let anchors = anchors.into_iter().map(|one| one.anchor.clone()).collect();
        let others = others.into_iter().map(|one| one.der.clone()).collect();
        (self.anchors, self.intermediates) = (anchors, others);
        Ok(())
    }

    /// Checks that one of them issued this certificate, for code signing, at `not_before` (since
    /// 1970), the start of its validity. The error says why not.
    pub fn issued(&self, certificate: &[u8], not_before: Duration) -> Result<(), String> {
        let certificate = CertificateDer::from(certificate);
        let leaf = EndEntityCert::try_from(&certificate).map_err(|error| say(&error))?;
        let began = i64::try_from(not_before.as_secs()).unwrap_or(i64::MAX);
        let was_valid = |path: &webpki::VerifiedPath<'_>| {
            let is_valid = self.listed.iter().any(|one| {
                let [first, last] = one.validity;
                one.anchor == *path.anchor() && (first..=last).contains(&began)
            });
            if is_valid { Ok(()) } else { Err(Error::UnknownIssuer) }
        };
        leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &self.anchors,
            &self.intermediates,
            UnixTime::since_unix_epoch(not_before),
            // The caller checks the leaf's own purposes; authorities need not state any.
            KeyUsage::required_if_present(CODE_SIGNING),
            None,
            Some(&was_valid),
        )
        .map(drop)
        .map_err(|error| say(&error))
    }
}

fn say(error: &Error) -> String {
    let words = match error {
        Error::UnknownIssuer => "none of the authorities that this log trusts has issued it",
        Error::InvalidSignatureForPublicKey => {
            "its signature was not made by the issuer that it names"
        }
        Error::RequiredEkuNotFoundContext(_) => "it is not for signing code",
        Error::CaUsedAsEndEntity => "it is an authority's own",
        other => return format!("its chain is not valid ({other})"),
    };
    words.to_owned()
}

impl Authority {
    fn read(der: Vec<u8>) -> Result<Self, &'static str> {
        let malformed = "not a certificate that can be checked (X.509 version 3 is required)";
        let parsed = X509::from_der(&der).map_err(|_| malformed)?;
        EndEntityCert::try_from(&CertificateDer::from(&der[..])).map_err(|_| malformed)?;
        if !may_issue(&parsed) {
            return Err("this certificate is not for issuing others (CA:TRUE, keyCertSign)");
        }
        let (subject, issuer) = (parsed.subject.to_vec(), parsed.issuer.to_vec());
        let validity = [parsed.not_before, parsed.not_after];
        let der = CertificateDer::from(der);
        let anchor = anchor_from_trusted_cert(&der).map_err(|_| malformed)?.to_owned();
        Ok(Self { der, anchor, subject, issuer, validity })
    }
}

fn may_issue(certificate: &X509<'_>) -> bool {
    let basic = certificate.extension(BasicConstraints::OID.as_bytes());
    let is_authority =
        basic.is_some_and(|basic| BasicConstraints::from_der(basic).is_ok_and(|basic| basic.ca));
    let uses = certificate.extension(KeyUses::OID.as_bytes());
    let may_sign = |uses| KeyUses::from_der(uses).is_ok_and(|uses| uses.key_cert_sign());
    is_authority && uses.is_none_or(may_sign)
}

#[cfg(test)]
mod tests;
