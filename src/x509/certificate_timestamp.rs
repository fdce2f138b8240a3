//! Signed certificate timestamps in a certificate (RFC 6962, section 3.3): promises of certificate
//! logs that they will include it.
//!
//! A log signs the certificate as it was before it had timestamps: its signed part without their
//! extension, and the key of its issuer.

use super::algorithm::HashAlgorithm;
use super::digest::ArtifactDigest;
use super::element::{self, EXPLICIT, Elements, Fault, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};
use super::error::X509Error;
use super::message_signature::{self, ECDSA_SHA256, RSA_PKCS1_SHA256};
use super::x509::X509;

/// 1.3.6.1.4.1.11129.2.4.2
const EXTENSION: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
const FAULT: Fault = "its signed certificate timestamps are malformed";

/// A log's promise, not verified.
#[derive(Clone, Debug)]
pub struct CertificateTimestamp<'a> {
    /// SHA-256 of the log's public key.
    pub log_id: &'a [u8],
    /// When it was made, in milliseconds since 1970.
    pub milliseconds: u64,
    extensions: &'a [u8],
    /// The numbers of hash and algorithm in TLS 1.2.
    algorithm: [u8; 2],
    signature: &'a [u8],
}

impl<'a> CertificateTimestamp<'a> {
    /// Those in a certificate, except of versions that are not known here.
    pub fn of(certificate: &'a [u8]) -> Result<Vec<Self>, X509Error> {
        let Some(value) = X509::from_der(certificate)?.extension(EXTENSION) else {
            return Ok(Vec::new());
        };
        list(value).map_err(X509Error::Certificate)
    }

    /// Whether the log with this key signed it for this certificate, issued with that key. Keys are
    /// DER `SubjectPublicKeyInfo`.
    pub fn is_signed(&self, log_key: &[u8], certificate: &[u8], issuer_key: &[u8]) -> bool {
        const SHA256: u8 = 4;
        let algorithm = match self.algorithm {
            [SHA256, 1] => RSA_PKCS1_SHA256,
            [SHA256, 3] => ECDSA_SHA256,
            _ => return false,
        };
        let Ok(before) = precertificate(certificate) else { return false };
        let Some(signed) = self.signed(&before, issuer_key) else { return false };
        let hash = HashAlgorithm::Sha256;
        message_signature::made(log_key, algorithm, hash, &signed, self.signature)
    }

    /// What the log signs (RFC 6962, section 3.2).
    fn signed(&self, precertificate: &[u8], issuer_key: &[u8]) -> Option<Vec<u8>> {
        let [0, length @ ..] = u32::try_from(precertificate.len()).ok()?.to_be_bytes() else {
            return None;
        };
        let extensions = u16::try_from(self.extensions.len()).ok()?;
        let issuer = ArtifactDigest::of(HashAlgorithm::Sha256, issuer_key);
        Some(
            [
                // Version 1, a certificate timestamp.
                &[0, 0][..],
                &self.milliseconds.to_be_bytes(),
                // Of a precertificate.
                &[0, 1],
                issuer.as_bytes(),
                &length,
                precertificate,
                &extensions.to_be_bytes(),
                self.extensions,
            ]
            .concat(),
        )
    }
}

/// Reads the extension's value: a list as TLS encodes it, in an OCTET STRING.
fn list(value: &[u8]) -> Result<Vec<CertificateTimestamp<'_>>, Fault> {
    let mut value = Elements::of(value);
    let mut rest = Tls(value.next(OCTET_STRING, FAULT)?);
    value.end(FAULT)?;
    let mut items = Tls(rest.vector()?);
    rest.end()?;
    let mut timestamps = Vec::new();
    while !items.0.is_empty() {
        let mut item = Tls(items.vector()?);
        if item.take(1)? == [0] {
            timestamps.push(timestamp(item)?);
        }
    }
    Ok(timestamps)
}

fn timestamp(mut fields: Tls<'_>) -> Result<CertificateTimestamp<'_>, Fault> {
    let timestamp = CertificateTimestamp {
        log_id: fields.take(32)?,
        milliseconds: u64::from_be_bytes(fields.take(8)?.try_into().map_err(|_| FAULT)?),
        extensions: fields.vector()?,
        algorithm: fields.take(2)?.try_into().map_err(|_| FAULT)?,
        signature: fields.vector()?,
    };
    fields.end()?;
    Ok(timestamp)
}

/// The signed part of a certificate without the extension for timestamps.
fn precertificate(certificate: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut whole = Elements::of(certificate).enter(SEQUENCE, FAULT)?;
    let mut signed = whole.enter(SEQUENCE, FAULT)?;
    let mut fields = Vec::new();
    while !signed.is_empty() {
        let field = signed.any().ok_or(FAULT)?;
        if field.tag == EXPLICIT | 3 {
            fields.extend(element::encode(field.tag, &others(field.content)?));
        } else {
            fields.extend_from_slice(field.encoded);
        }
    }
    Ok(element::encode(SEQUENCE, &fields))
}

/// The list of the other extensions.
fn others(extensions: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut list = Elements::of(extensions).enter(SEQUENCE, FAULT)?;
    let mut others = Vec::new();
    while !list.is_empty() {
        let extension = list.any().ok_or(FAULT)?;
        let id = Elements::of(extension.content).next(OBJECT_IDENTIFIER, FAULT)?;
        if id != EXTENSION {
            others.extend_from_slice(extension.encoded);
        }
    }
    Ok(element::encode(SEQUENCE, &others))
}

/// What is left of a structure of TLS (RFC 5246, section 4).
struct Tls<'a>(&'a [u8]);

impl<'a> Tls<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(FAULT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Bytes after their length, which has two bytes.
    fn vector(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.take(2)?.try_into().map_err(|_| FAULT)?;
        self.take(usize::from(u16::from_be_bytes(length)))
    }

    fn end(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(FAULT) }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData as _};

    use super::*;
    use fasti_kit::made_ct_log::MadeCtLog;

    const MILLISECONDS: u64 = 1_772_600_767_123;

    /// A certificate with a timestamp, and the key of its issuer.
    fn certified(log: &MadeCtLog, edit: impl FnOnce(&mut Vec<u8>)) -> (Vec<u8>, Vec<u8>) {
        let issuer = Issuer::new(CertificateParams::new([]).unwrap(), KeyPair::generate().unwrap());
        let params = CertificateParams::new(["signer.test".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = log.certify(params, &key, &issuer, MILLISECONDS, edit);
        (certificate, issuer.key().subject_public_key_info())
    }

    #[test]
    fn a_log_signs_for_a_certificate_and_its_issuer() {
        let log = MadeCtLog::default();
        let (certificate, issuer) = certified(&log, |_| {});
        let timestamps = CertificateTimestamp::of(&certificate).unwrap();
        let [timestamp] = timestamps.as_slice() else { panic!("{timestamps:?}") };
        assert_eq!(timestamp.log_id, log.id());
        assert_eq!(timestamp.milliseconds, MILLISECONDS);
        assert!(timestamp.is_signed(&log.key, &certificate, &issuer));
        assert!(!timestamp.is_signed(&log.key, &certificate, &log.key), "another issuer");
        assert!(!timestamp.is_signed(&issuer, &certificate, &issuer), "another log");
        let (other, _) = certified(&log, |_| {});
        assert!(!timestamp.is_signed(&log.key, &other, &issuer), "another certificate");
    }

    /// The time, the extensions, the algorithm and the signature.
    #[test]
    fn every_byte_counts() {
        let log = MadeCtLog::default();
        let length = 1 + 32 + 8 + 10 + 2;
        for at in (33..length).chain([length + 20]) {
            let (certificate, issuer) = certified(&log, |timestamp| timestamp[at] ^= 1);
            let Ok(timestamps) = CertificateTimestamp::of(&certificate) else { continue };
            let is_signed =
                |one: &CertificateTimestamp<'_>| one.is_signed(&log.key, &certificate, &issuer);
            assert!(!timestamps.iter().any(is_signed), "byte {at}");
        }
    }

    #[test]
    fn lists_that_are_none() {
        let log = MadeCtLog::default();
        for (edit, left) in [
            ((|timestamp| timestamp[0] = 1) as fn(&mut Vec<u8>), Some(0)),
            (|timestamp| timestamp.truncate(60), None),
            (|timestamp| timestamp.push(0), None),
            (|timestamp| timestamp.clear(), None),
        ] {
            let found = certified(&log, edit).0;
            let found = CertificateTimestamp::of(&found).ok().map(|list| list.len());
            assert_eq!(found, left);
        }
        let key = KeyPair::generate().unwrap();
        let without = CertificateParams::new([]).unwrap().self_signed(&key).unwrap();
        assert!(CertificateTimestamp::of(without.der()).unwrap().is_empty());
    }
}
