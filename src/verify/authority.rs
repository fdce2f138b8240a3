//! Certificate authorities: who vouches for the identity in a signer's certificate (RFC 5280).
//!
//! An authority is a list of certificates that the caller trusts together. Those whose issuers are
//! not in the list are anchors, and the others stand between them and a signer. A signer's
//! certificate is judged as [`fasti_x509::Authorities`] says, which is how admission judges it too,
//! at the times when it was used; or, as long as nobody says when that was, for its whole validity.

use fasti_read::window::Window;
use fasti_x509::{Authorities, ChainError, X509, X509Error, name};
use time::{OffsetDateTime, PrimitiveDateTime};

/// Certificates whose holders can issue others, trusted together.
#[derive(Clone, Debug)]
pub struct Authority {
    certificates: Authorities,
    /// When the caller trusts them, if not for their whole validity.
    valid_from: Option<OffsetDateTime>,
    valid_until: Option<OffsetDateTime>,
    is_logged: bool,
}

/// Why a certificate does not count as issued by a trusted authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// Not a certificate.
    #[error("not a DER encoded X.509 certificate")]
    Malformed(#[source] X509Error),
    /// Not a certificate that an authority can have.
    #[error("not a certificate of an authority")]
    Unusable(#[source] ChainError),
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
        reason: String,
    },
}

impl Authority {
    /// An authority with this certificate, trusted for a span of time.
    pub fn new(
        der: &[u8],
        valid_from: Option<OffsetDateTime>,
        valid_until: Option<OffsetDateTime>,
    ) -> Result<Self, AuthorityError> {
        Self::of_list(&[der], valid_from, valid_until)
    }

    /// The same authority, whose certificates count only if a trusted certificate log has promised
    /// to include them.
    #[must_use]
    pub fn with_logged_certificates(self) -> Self {
        Self { is_logged: true, ..self }
    }

    /// Whether its certificates are in certificate logs.
    pub(super) fn is_logged(&self) -> bool {
        self.is_logged
    }

    /// An authority with these certificates, such as those of a chain, in any order.
    pub fn of_list<D: AsRef<[u8]>>(
        certificates: &[D],
        valid_from: Option<OffsetDateTime>,
        valid_until: Option<OffsetDateTime>,
    ) -> Result<Self, AuthorityError> {
        let read = certificates.iter().map(|der| {
            fasti_x509::Authority::from_der(der.as_ref()).map_err(|error| match error {
                ChainError::Malformed(error) => AuthorityError::Malformed(error),
                error => AuthorityError::Unusable(error),
            })
        });
        let read: Vec<_> = read.collect::<Result<_, _>>()?;
        let certificates = Authorities::of_list(&read);
        Ok(Self { certificates, valid_from, valid_until, is_logged: false })
    }

    /// The names in its certificates, anchors first.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.certificates.all().map(fasti_x509::Authority::name)
    }

    /// Whether the caller trusts it at this time, in seconds since 1970.
    fn is_trusted(&self, time: i64) -> bool {
        self.valid_from.is_none_or(|from| from.unix_timestamp() <= time)
            && self.valid_until.is_none_or(|until| time <= until.unix_timestamp())
    }

    /// Checks that it issued a certificate, in each of these spans; returns the key that signed it.
    fn check(&self, der: &[u8], spans: &[[i64; 2]]) -> Result<&[u8], ChainError> {
        let mut key = Err(ChainError::Validity);
        for span in spans {
            key = Ok(self.certificates.check(der, *span)?.public_key());
        }
        key
    }
}

/// Who issued a certificate.
#[derive(Clone, Debug)]
pub struct Issued<'a> {
    /// The issuer's name.
    pub issuer: String,
    /// The trusted authority that it is of.
    pub authority: &'a Authority,
    /// The issuer's key, a DER `SubjectPublicKeyInfo`.
    pub key: &'a [u8],
}

/// The issuer of a certificate that was used in these spans of time: the first and last second of
/// each, since 1970. There must be at least one.
pub fn issuer_of<'a>(
    der: &[u8],
    authorities: &'a [Authority],
    spans: &[[i64; 2]],
) -> Result<Issued<'a>, AuthorityError> {
    let certificate = X509::from_der(der).map_err(AuthorityError::Malformed)?;
    let issuer = || name(certificate.issuer);
    let mut named: Vec<&Authority> = authorities.iter().collect();
    named.retain(|authority| authority.certificates.named(certificate.issuer).next().is_some());
    if named.is_empty() {
        return Err(AuthorityError::Unknown { issuer: issuer() });
    }
    let not_issued =
        |reason: &str| AuthorityError::NotIssued { issuer: issuer(), reason: reason.to_owned() };
    let may_issue = |authority: &&Authority| {
        authority.certificates.named(certificate.issuer).any(fasti_x509::Authority::may_issue)
    };
    named.retain(may_issue);
    if named.is_empty() {
        return Err(not_issued("that issuer's certificate is not for issuing others"));
    }
    named.retain(|authority| spans.iter().all(|span| authority.is_trusted(span[0])));
    let mut refused = ChainError::Validity;
    for (number, authority) in named.into_iter().enumerate() {
        match authority.check(der, spans) {
            Ok(key) => return Ok(Issued { issuer: issuer(), authority, key }),
            // That another authority has the same name says less than anything else.
            Err(ChainError::Signature) if number > 0 => {}
            Err(error) => refused = error,
        }
    }
    Err(match refused {
        ChainError::Signature => not_issued("the signature was not made with that issuer's key"),
        ChainError::Validity => not_issued(NOT_VALID),
        error => not_issued(&error.to_string()),
    })
}

/// The issuer of a certificate that was found without a trusted time, if one of these authorities
/// issued it. Judged at the first second of its validity, which is when authorities of short-lived
/// certificates issue them. That says nothing about when the certificate was used.
pub fn issuer_at_start(der: &[u8], authorities: &[Authority]) -> Result<String, AuthorityError> {
    let certificate = X509::from_der(der).map_err(AuthorityError::Malformed)?;
    let span = [certificate.not_before; 2];
    issuer_of(der, authorities, &[span]).map(|issued| issued.issuer)
}

const NOT_VALID: &str = "the issuer was not valid, or not trusted, at that time";

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
        let validity = validity(signed.der()).unwrap();
        let [from, until] =
            [validity.from, validity.until].map(|end| end.unwrap().unix_timestamp());
        issuer_of(signed.der(), &[authority], &[[from, until]]).map(|issued| issued.issuer)
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
        assert_eq!(judge(old.clone(), &params), "CN=authority.test");
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

    /// Rules that only the check of those who submit had before.
    #[test]
    fn what_is_refused_at_the_door_is_refused_here() {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        let mut params = signing();
        params.custom_extensions.push(extension);
        assert!(judge(issuing(), &params).contains("a critical extension in it is not understood"));
        let mut params = signing();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        assert!(judge(issuing(), &params).contains("an authority's own"));
        let mut narrow = issuing();
        narrow.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("a.example".to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let mut params = signing();
        params.subject_alt_names = vec![rcgen::SanType::DnsName("b.example".try_into().unwrap())];
        assert!(judge(narrow, &params).contains("may not certify such names"));
        let mut web = issuing();
        web.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        assert!(judge(web, &signing()).contains("not for signing code"));
    }

    /// An authority below is bound by the one above it, as both are trusted together.
    #[test]
    fn a_list_is_a_chain() {
        let mut root = issuing();
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.distinguished_name.push(DnType::CommonName, "root.test");
        let key = KeyPair::generate().unwrap();
        let root_der = root.self_signed(&key).unwrap();
        let above = Issuer::new(root, key);
        let key = KeyPair::generate().unwrap();
        let middle_der = issuing().signed_by(&key, &above).unwrap();
        let below = Issuer::new(issuing(), key);
        let signed = signing().signed_by(&KeyPair::generate().unwrap(), &below).unwrap();
        let judge = |list: &[&[u8]]| {
            let authorities = [Authority::of_list(list, None, None).unwrap()];
            let times = [[date_time_ymd(2026, 1, 1).unix_timestamp(); 2]];
            let judged = issuer_of(signed.der(), &authorities, &times);
            judged.map(|issued| issued.issuer).map_err(|error| error.to_string())
        };
        assert_eq!(judge(&[middle_der.der()]).unwrap(), "CN=authority.test");
        for list in [[middle_der.der(), root_der.der()], [root_der.der(), middle_der.der()]] {
            let refused = judge(&list.map(AsRef::as_ref)).unwrap_err();
            assert!(refused.contains("longer than an authority in it allows"), "{refused}");
        }
        assert!(judge(&[root_der.der()]).unwrap_err().contains("not a trusted authority"));
    }

    #[test]
    fn strangers_and_garbage() {
        let key = KeyPair::generate().unwrap();
        let own = signing().self_signed(&key).unwrap();
        let error = issuer_of(own.der(), &[], &[]).unwrap_err();
        assert!(matches!(error, AuthorityError::Unknown { .. }), "{error}");
        assert!(matches!(issuer_of(b"0", &[], &[]), Err(AuthorityError::Malformed(_))));
        assert!(Authority::new(b"0", None, None).is_err());
    }
}
