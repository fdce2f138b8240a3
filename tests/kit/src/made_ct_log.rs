//! A made-up certificate log (RFC 6962), which signs certificate timestamps.

use rcgen::{CertificateParams, CustomExtension, Issuer, KeyPair, PublicKeyData, SigningKey as _};
use sha2::{Digest as _, Sha256};

use crate::made_tsa::{content, der, first};

/// A log with a key.
pub struct MadeCtLog {
    /// The public key, a DER `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    secret: KeyPair,
}

impl Default for MadeCtLog {
    fn default() -> Self {
        let secret = KeyPair::generate().unwrap();
        Self { key: secret.subject_public_key_info(), secret }
    }
}

impl MadeCtLog {
    /// The log's ID.
    pub fn id(&self) -> Vec<u8> {
        Sha256::digest(&self.key).to_vec()
    }

    /// Issues a certificate with a timestamp of this log, which is `edit`ed before it is put in.
    pub fn certify<K: PublicKeyData, S: rcgen::SigningKey>(
        &self,
        params: CertificateParams,
        key: &K,
        issuer: &Issuer<'_, S>,
        milliseconds: u64,
        edit: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        let logged = issuer.key().subject_public_key_info();
        self.certify_as_of(params, key, issuer, &logged, milliseconds, edit)
    }

    /// The same, with a timestamp that names `logged` as the key of the issuer.
    pub fn certify_as_of<K: PublicKeyData, S: rcgen::SigningKey>(
        &self,
        mut params: CertificateParams,
        key: &K,
        issuer: &Issuer<'_, S>,
        logged: &[u8],
        milliseconds: u64,
        edit: impl FnOnce(&mut Vec<u8>),
    ) -> Vec<u8> {
        params.serial_number = Some(vec![1; 8].into());
        let before = params.signed_by(key, issuer).unwrap();
        let mut timestamp = self.timestamp(first(content(before.der())).0, logged, milliseconds);
        edit(&mut timestamp);
        let timestamp = with_length(&timestamp);
        let list = der(4, &[&with_length(&timestamp)]);
        let id = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
        params.custom_extensions.push(CustomExtension::from_oid_content(&id, list));
        params.signed_by(key, issuer).unwrap().der().to_vec()
    }

    /// A timestamp with an extension, as logs in tiles make them.
    fn timestamp(&self, certificate: &[u8], issuer_key: &[u8], milliseconds: u64) -> Vec<u8> {
        let length = u32::try_from(certificate.len()).unwrap().to_be_bytes();
        let extensions = with_length(&[0, 0, 5, 0, 0, 0, 0, 9]);
        let signed = [
            &[0, 0][..],
            &milliseconds.to_be_bytes(),
            &[0, 1],
            &Sha256::digest(issuer_key),
            &length[1..],
            certificate,
            &extensions,
        ];
        let signature = with_length(&self.secret.sign(&signed.concat()).unwrap());
        let milliseconds = milliseconds.to_be_bytes();
        [&[0][..], &self.id(), &milliseconds, &extensions, &[4, 3], &signature].concat()
    }
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}
