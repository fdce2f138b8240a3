//! Certificates like Fulcio's: for a key that is used once, valid for minutes, with the signer's
//! identity as the only name and the OIDC issuer in Fulcio's extensions.
//!
//! The authority's signature is made up, like those of the entries.

use std::time::Duration;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_SUBJECT_ALT_NAME, ID_KP_CODE_SIGNING,
};
use const_oid::db::rfc5912::ECDSA_WITH_SHA_384;
use der::asn1::{BitString, Ia5String, OctetString, UtcTime, Utf8StringRef};
use der::{Decode as _, Encode as _};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

use crate::draw::Draw;
use crate::keys::Spki;

/// Fulcio's OIDC issuer as raw bytes.
const ISSUER_LEGACY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
/// Fulcio's OIDC issuer as a DER `UTF8String`.
const ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");

/// 2026-01-01 in POSIX seconds: the time of issue of the first certificate.
const FIRST: u64 = 1_767_225_600;
const MINUTES: u64 = 10;
/// After this many seconds the times start over; `UTCTime` ends with 2049.
const YEARS: u64 = 20 * 365 * 86_400;

/// A subject of certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// An email address, or the URI of a workflow.
    pub name: String,
    /// The URL of the OIDC issuer that vouches for it.
    pub issuer: String,
    is_email: bool,
}

impl Identity {
    /// Identity number `n`: people and workflows alternate.
    pub fn new(n: usize) -> Self {
        let is_email = n.is_multiple_of(2);
        let (name, issuer) = if is_email {
            (format!("developer-{n}@example.org"), "https://github.com/login/oauth")
        } else {
            let workflow = ".github/workflows/release.yml@refs/heads/main";
            let name = format!("https://github.com/example-{n}/project/{workflow}");
            (name, "https://token.actions.githubusercontent.com")
        };
        Self { name, issuer: issuer.to_owned(), is_email }
    }

    fn general_name(&self) -> der::Result<GeneralName> {
        let name = Ia5String::new(&self.name)?;
        Ok(if self.is_email {
            GeneralName::Rfc822Name(name)
        } else {
            GeneralName::UniformResourceIdentifier(name)
        })
    }
}

/// A certificate of `identity` for a key, as if issued `second` seconds after the first one. `draw`
/// provides its serial number and its signature.
pub fn certificate(
    identity: &Identity,
    public_key: &Spki,
    second: u64,
    draw: &mut Draw,
) -> der::Result<Vec<u8>> {
    let mut serial = [0; 20];
    draw.fill(&mut serial);
    serial[0] = serial[0] & 0x3f | 0x40;
    let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA_384, parameters: None };
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial)?,
        signature: algorithm.clone(),
        issuer: "CN=corpus-intermediate,O=example.org".parse::<Name>()?,
        validity: validity(second)?,
        subject: Name::default(),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(public_key)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions(identity)?),
    };
    let signature = BitString::from_bytes(&signature(48, draw))?;
    Certificate { tbs_certificate, signature_algorithm: algorithm, signature }.to_der()
}

fn validity(second: u64) -> der::Result<Validity> {
    let at = |second| UtcTime::from_unix_duration(Duration::from_secs(second)).map(Time::UtcTime);
    let start = FIRST + second % YEARS;
    Ok(Validity { not_before: at(start)?, not_after: at(start + MINUTES * 60)? })
}

fn extensions(identity: &Identity) -> der::Result<Vec<Extension>> {
    let extension = |extn_id, critical, value: Vec<u8>| {
        OctetString::new(value).map(|extn_value| Extension { extn_id, critical, extn_value })
    };
    let usage = KeyUsage(KeyUsages::DigitalSignature.into());
    let name = SubjectAltName(vec![identity.general_name()?]);
    Ok(vec![
        extension(ID_CE_KEY_USAGE, true, usage.to_der()?)?,
        extension(
            ID_CE_EXT_KEY_USAGE,
            false,
            ExtendedKeyUsage(vec![ID_KP_CODE_SIGNING]).to_der()?,
        )?,
        extension(ID_CE_SUBJECT_ALT_NAME, true, name.to_der()?)?,
        extension(ISSUER_LEGACY, false, identity.issuer.as_bytes().to_vec())?,
        extension(ISSUER, false, Utf8StringRef::new(&identity.issuer)?.to_der()?)?,
    ])
}

/// Random bytes in the form of a DER ECDSA signature with two integers of this many bytes.
pub fn signature(integer_bytes: u8, draw: &mut Draw) -> Vec<u8> {
    let mut signature = vec![0x30, 2 * (2 + integer_bytes)];
    for _ in 0..2 {
        signature.extend([0x02, integer_bytes]);
        let start = signature.len();
        signature.resize(start + usize::from(integer_bytes), 0);
        draw.fill(&mut signature[start..]);
        // Neither negative nor longer than necessary.
        signature[start] = signature[start] & 0x3f | 0x40;
    }
    signature
}

#[cfg(test)]
mod tests {
    use fasti::entry::Certificate as Read;

    use super::*;
    use crate::keys::KeySequence;

    #[test]
    fn certificates_say_who_and_for_which_key() {
        let key = KeySequence::new([1; 32]).key(5).spki();
        for n in 0..4 {
            let identity = Identity::new(n);
            let mut draw = Draw::new(1, 2, 3);
            let der = certificate(&identity, &key, u64::MAX, &mut draw).unwrap();
            let read = Read::from_der(&der).unwrap();
            assert_eq!(read.public_key().spki_der(), key);
            assert_eq!(read.fulcio_issuer().unwrap(), Some(identity.issuer.as_str()));
            let [name] = read.identities() else { panic!("{:?}", read.identities()) };
            assert!(name.name == identity.name && name.is_in_form(), "{name}");
        }
    }
}
