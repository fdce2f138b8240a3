//! Certificate authorities: who vouches for the identity in a signer's certificate (RFC 5280).
//!
//! A signer's certificate must be issued directly by one of the authorities' certificates, each of
//! which the caller trusts in its own right. The names must match, the issuer must be allowed to
//! issue, its key must have made the signature, the certificate's validity must lie within its
//! issuer's, and it must be for code signing. Whether the certificate was valid *when it was used*
//! is not checked here: that needs a trusted timestamp.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_CODE_SIGNING};
use const_oid::db::{rfc5912, rfc8410};
use const_oid::{AssociatedOid, ObjectIdentifier};
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use fasti_entry::{EntryError, X509};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned};
use time::{OffsetDateTime, PrimitiveDateTime};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

use super::window::Window;

/// A certificate whose holder can issue others.
#[derive(Clone, Debug)]
pub struct Authority {
    /// A DER `Name`.
    subject: Vec<u8>,
    /// A DER `SubjectPublicKeyInfo`.
    key: Vec<u8>,
    may_issue: bool,
    /// The first and last second of its own validity, relative to 1970; can be negative.
    validity: [i64; 2],
    /// When the caller trusts it, if not for its whole validity.
    valid_from: Option<OffsetDateTime>,
    valid_until: Option<OffsetDateTime>,
}

/// Why a certificate does not count as issued by a trusted authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// Not a certificate.
    #[error("not a DER encoded X.509 certificate")]
    Malformed(#[source] EntryError),
    /// No authority has the issuer's name.
    #[error("it was issued by {issuer:?}, which is not a trusted authority")]
    Unknown {
        /// The issuer's name in the certificate.
        issuer: String,
    },
    /// An authority with that name did not issue it.
    #[error("it names {issuer:?} as its issuer, but {reason}")]
    NotIssued {
        /// The issuer's name.
        issuer: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// The outermost structure, with the signed part left as raw bytes.
#[derive(Sequence)]
struct Signed<'a> {
    content: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

impl Authority {
    /// An authority with this certificate, trusted for a span of time.
    pub fn new(
        der: &[u8],
        valid_from: Option<OffsetDateTime>,
        valid_until: Option<OffsetDateTime>,
    ) -> Result<Self, AuthorityError> {
        let certificate = X509::from_der(der).map_err(AuthorityError::Malformed)?;
        Ok(Self {
            subject: certificate.subject.to_vec(),
            key: certificate.public_key.to_vec(),
            may_issue: may_issue(&certificate),
            validity: [certificate.not_before, certificate.not_after],
            valid_from,
            valid_until,
        })
    }

    /// The authority's name.
    pub fn name(&self) -> String {
        shown(&self.subject)
    }

    /// The reason why this authority cannot have issued the certificate, if there is one.
    fn objection(&self, certificate: &X509<'_>, der: &[u8]) -> Option<&'static str> {
        if !self.may_issue {
            return Some("that issuer's certificate is not for issuing others");
        }
        if !is_signed_by(der, &self.key) {
            return Some("the signature was not made with that issuer's key");
        }
        if !self.covers(certificate) {
            return Some("the issuer was not valid, or not trusted, at that time");
        }
        (!is_for_code(certificate)).then_some("it is not for signing code")
    }

    /// Whether the certificate begins while the issuer is valid and trusted, and ends no later than
    /// the issuer's own certificate.
    fn covers(&self, certificate: &X509<'_>) -> bool {
        let begin = certificate.not_before;
        let [first, last] = self.validity;
        first <= begin
            && certificate.not_after <= last
            && self.valid_from.is_none_or(|from| from.unix_timestamp() <= begin)
            && self.valid_until.is_none_or(|until| begin <= until.unix_timestamp())
    }
}

/// The name of the authority that issued a certificate.
pub fn issuer_of(der: &[u8], authorities: &[Authority]) -> Result<String, AuthorityError> {
    let certificate = X509::from_der(der).map_err(AuthorityError::Malformed)?;
    let mut objection = None;
    for authority in authorities {
        if authority.subject != certificate.issuer {
            continue;
        }
        match authority.objection(&certificate, der) {
            None => return Ok(authority.name()),
            Some(reason) => objection = Some(reason),
        }
    }
    let issuer = shown(certificate.issuer);
    Err(match objection {
        Some(reason) => AuthorityError::NotIssued { issuer, reason },
        None => AuthorityError::Unknown { issuer },
    })
}

/// The validity that a certificate states.
pub fn validity(der: &[u8]) -> Result<Window, AuthorityError> {
    let certificate = X509::from_der(der).map_err(AuthorityError::Malformed)?;
    let time = |seconds| {
        // Only a time zone can lead beyond the year 9999.
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
        time.or(Some(PrimitiveDateTime::MAX.assume_utc()))
    };
    Ok(Window { from: time(certificate.not_before), until: time(certificate.not_after) })
}

/// A DER `Name`, for people.
fn shown(name: &[u8]) -> String {
    Name::from_der(name).map_or_else(|_| hex::encode(name), |name| name.to_string())
}

fn may_issue(issuer: &X509<'_>) -> bool {
    let basic = issuer.extension(BasicConstraints::OID.as_bytes());
    let is_authority =
        basic.is_some_and(|basic| BasicConstraints::from_der(basic).is_ok_and(|basic| basic.ca));
    let usage = issuer.extension(KeyUsage::OID.as_bytes());
    let may_sign = |usage| KeyUsage::from_der(usage).is_ok_and(|usage| usage.key_cert_sign());
    is_authority && usage.is_none_or(may_sign)
}

fn is_for_code(certificate: &X509<'_>) -> bool {
    let purposes = [ID_KP_CODE_SIGNING, ANY_EXTENDED_KEY_USAGE];
    certificate
        .purposes()
        .is_none_or(|said| purposes.iter().any(|purpose| said.contains(&purpose.as_bytes())))
}

fn is_signed_by(der: &[u8], issuer: &[u8]) -> bool {
    let verify = || -> Option<()> {
        let signed = Signed::from_der(der).ok()?;
        let issuer = SubjectPublicKeyInfoOwned::from_der(issuer).ok()?;
        let algorithm = algorithm(signed.algorithm.oid, &issuer)?;
        let key = UnparsedPublicKey::new(algorithm, issuer.subject_public_key.as_bytes()?);
        let content = signed.content.to_der().ok()?;
        key.verify(&content, signed.signature.as_bytes()?).ok()
    };
    verify().is_some()
}

/// The algorithm of a signature with this identifier by this key.
fn algorithm(
    signature: ObjectIdentifier,
    issuer: &SubjectPublicKeyInfoOwned,
) -> Option<&'static dyn VerificationAlgorithm> {
    use rfc5912::{
        ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, ID_EC_PUBLIC_KEY,
        RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1, SHA_256_WITH_RSA_ENCRYPTION,
        SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
    };
    let key = issuer.algorithm.oid;
    if key == ID_EC_PUBLIC_KEY {
        let curve: ObjectIdentifier = issuer.algorithm.parameters.as_ref()?.decode_as().ok()?;
        return match (curve, signature) {
            (SECP_256_R_1, ECDSA_WITH_SHA_256) => Some(&ECDSA_P256_SHA256_ASN1),
            (SECP_256_R_1, ECDSA_WITH_SHA_384) => Some(&ECDSA_P256_SHA384_ASN1),
            (SECP_384_R_1, ECDSA_WITH_SHA_256) => Some(&ECDSA_P384_SHA256_ASN1),
            (SECP_384_R_1, ECDSA_WITH_SHA_384) => Some(&ECDSA_P384_SHA384_ASN1),
            (SECP_521_R_1, ECDSA_WITH_SHA_512) => Some(&ECDSA_P521_SHA512_ASN1),
            _ => None,
        };
    }
    match (key, signature) {
        (RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION) => Some(&RSA_PKCS1_2048_8192_SHA256),
        (RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION) => Some(&RSA_PKCS1_2048_8192_SHA384),
        (RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION) => Some(&RSA_PKCS1_2048_8192_SHA512),
        (rfc8410::ID_ED_25519, rfc8410::ID_ED_25519) => Some(&ED25519),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
        KeyPair, KeyUsagePurpose, date_time_ymd,
    };

    use super::*;

    fn issuing() -> CertificateParams {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority.test");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        params
    }

    fn signing() -> CertificateParams {
        let mut params = CertificateParams::new([]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 1, 2);
        params
    }

    fn judge_within(
        issuing: CertificateParams,
        signing: &CertificateParams,
        key: KeyPair,
        span: [Option<OffsetDateTime>; 2],
    ) -> Result<String, AuthorityError> {
        let der = issuing.self_signed(&key).unwrap();
        let authority = Authority::new(der.der(), span[0], span[1]).unwrap();
        let issuer = Issuer::new(issuing, key);
        let signed = signing.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        issuer_of(signed.der(), &[authority])
    }

    fn judge(issuing: CertificateParams, signing: &CertificateParams) -> String {
        let judged = judge_within(issuing, signing, KeyPair::generate().unwrap(), [None, None]);
        judged.unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn authorities_with_keys_of_every_kind_issue() {
        for kind in [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_RSA_SHA256,
            &rcgen::PKCS_ED25519,
        ] {
            let key = KeyPair::generate_for(kind).unwrap();
            let judged = judge_within(issuing(), &signing(), key, [None, None]);
            assert_eq!(judged.unwrap(), "CN=authority.test", "{kind:?}");
        }
    }

    #[test]
    fn long_serial_numbers_and_long_ago() {
        let mut params = signing();
        params.serial_number = Some(vec![1; 40].into());
        assert_eq!(judge(issuing(), &params), "CN=authority.test");

        let mut old = issuing();
        old.not_before = date_time_ymd(1955, 1, 1);
        params.not_before = date_time_ymd(1960, 1, 1);
        assert_eq!(judge(old.clone(), &params), "CN=authority.test");
        params.not_before = date_time_ymd(1950, 1, 1);
        assert!(judge(old, &params).contains("not valid, or not trusted"));
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert_eq!(validity(der.der()).unwrap().from, Some(date_time_ymd(1950, 1, 1)));
    }

    #[test]
    fn only_those_who_may_issue_do() {
        let mut params = issuing();
        params.is_ca = IsCa::ExplicitNoCa;
        assert!(judge(params, &signing()).contains("not for issuing"));
        let mut params = issuing();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        assert!(judge(params, &signing()).contains("not for issuing"));
        let mut params = issuing();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        assert_eq!(judge(params, &signing()), "CN=authority.test");
    }

    #[test]
    fn purposes_and_times_must_fit() {
        let mut params = signing();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        assert!(judge(issuing(), &params).contains("not for signing code"));
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::CodeSigning);
        assert_eq!(judge(issuing(), &params), "CN=authority.test");

        let mut late = signing();
        late.not_after = date_time_ymd(2031, 1, 1);
        assert!(judge(issuing(), &late).contains("not valid, or not trusted"));
        let day = |day| Some(date_time_ymd(2026, 1, day));
        let within = |span| judge_within(issuing(), &signing(), KeyPair::generate().unwrap(), span);
        assert!(within([day(1), day(1)]).is_ok());
        assert!(within([day(2), None]).is_err());
        assert!(within([None, Some(date_time_ymd(2025, 12, 31))]).is_err());
    }

    #[test]
    fn strangers_and_garbage() {
        let key = KeyPair::generate().unwrap();
        let own = signing().self_signed(&key).unwrap();
        let error = issuer_of(own.der(), &[]).unwrap_err();
        assert!(matches!(error, AuthorityError::Unknown { .. }), "{error}");
        assert!(matches!(issuer_of(b"0", &[]), Err(AuthorityError::Malformed(_))));
        assert!(Authority::new(b"0", None, None).is_err());
    }
}
