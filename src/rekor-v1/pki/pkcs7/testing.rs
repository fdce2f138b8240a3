//! Signed data made in tests.

use fasti_x509::element::{
    EXPLICIT, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, encode,
};
use p256::PublicKey;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use sha2::{Digest as _, Sha256};

const PKCS_7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];
const PKCS_9: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// What the imprint in a timestamp is, of the signature that is stamped.
pub(crate) type Imprint = fn(&[u8]) -> Vec<u8>;

/// How signed data is made.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Whether the content is in it.
    pub is_inside: bool,
    /// Whether the signature is over something else.
    pub is_forged: bool,
    /// Whether attributes are signed, or the content itself.
    pub has_attributes: bool,
    /// Its timestamp, if it has one.
    pub stamped: Option<Imprint>,
}

impl Default for Block {
    fn default() -> Self {
        Self { is_inside: false, is_forged: false, has_attributes: true, stamped: None }
    }
}

impl Block {
    /// Signs some content.
    pub fn over(&self, content: &[u8]) -> Vec<u8> {
        let octets = encode(EXPLICIT, &encode(OCTET_STRING, content));
        let content_info =
            sequence(&[&id(PKCS_7, &[1]), if self.is_inside { &octets } else { &[] }]);
        self.data(&content_info, content, self.stamped)
    }

    fn data(&self, content_info: &[u8], content: &[u8], stamped: Option<Imprint>) -> Vec<u8> {
        let signer = self.signer(content, stamped);
        let data = sequence(&[
            &encode(INTEGER, &[1]),
            &encode(SET, &algorithm(SHA_256)),
            content_info,
            &encode(EXPLICIT, &certificate()),
            &encode(SET, &signer),
        ]);
        sequence(&[&id(PKCS_7, &[2]), &encode(EXPLICIT, &data)])
    }

    fn signer(&self, content: &[u8], stamped: Option<Imprint>) -> Vec<u8> {
        let attribute =
            |number: u8, value: &[u8]| sequence(&[&id(PKCS_9, &[number]), &encode(SET, value)]);
        let digest = encode(OCTET_STRING, &Sha256::digest(content));
        let attributes = [attribute(3, &id(PKCS_7, &[1])), attribute(4, &digest)].concat();
        let signed = if self.has_attributes { encode(SET, &attributes) } else { content.to_vec() };
        let signed = if self.is_forged { b"else".to_vec() } else { signed };
        let signature = sign(&signed);
        let token = stamped.map(|imprint| {
            let token = self.token(&imprint(&signature));
            let attribute = sequence(&[&id(PKCS_9, &[16, 2, 14]), &encode(SET, &token)]);
            encode(EXPLICIT | 1, &attribute)
        });
        sequence(&[
            &encode(INTEGER, &[1]),
            &sequence(&[&name(), &encode(INTEGER, &[5])]),
            &algorithm(SHA_256),
            &if self.has_attributes { encode(EXPLICIT, &attributes) } else { Vec::new() },
            &algorithm(ECDSA_SHA_256),
            &encode(OCTET_STRING, &signature),
            &token.unwrap_or_default(),
        ])
    }

    /// A timestamp with this imprint.
    fn token(&self, imprint: &[u8]) -> Vec<u8> {
        let imprint = sequence(&[&algorithm(SHA_256), &encode(OCTET_STRING, imprint)]);
        let info = sequence(&[&encode(INTEGER, &[1]), &id(&[0x2a], &[3]), &imprint]);
        let octets = encode(EXPLICIT, &encode(OCTET_STRING, &info));
        self.data(&sequence(&[&id(PKCS_9, &[16, 1, 4]), &octets]), &info, None)
    }
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

fn sign(bytes: &[u8]) -> Vec<u8> {
    let signature: DerSignature = key().sign_prehash(&Sha256::digest(bytes)).unwrap();
    signature.as_bytes().to_vec()
}

/// A certificate that nobody signed.
fn certificate() -> Vec<u8> {
    let time = encode(0x17, b"260101000000Z");
    let spki = PublicKey::from(key().verifying_key()).to_public_key_der().unwrap();
    let signed = sequence(&[
        &encode(EXPLICIT, &encode(INTEGER, &[2])),
        &encode(INTEGER, &[5]),
        &algorithm(ECDSA_SHA_256),
        &name(),
        &sequence(&[&time, &time]),
        &name(),
        spki.as_bytes(),
    ]);
    sequence(&[&signed, &algorithm(ECDSA_SHA_256), &encode(0x03, b"\0signature")])
}

fn name() -> Vec<u8> {
    let attribute = sequence(&[&id(&[0x55], &[4, 3]), &encode(0x0c, b"Ann")]);
    sequence(&[&encode(SET, &attribute)])
}

fn algorithm(oid: &[u8]) -> Vec<u8> {
    sequence(&[&encode(OBJECT_IDENTIFIER, oid)])
}

fn id(arc: &[u8], rest: &[u8]) -> Vec<u8> {
    encode(OBJECT_IDENTIFIER, &[arc, rest].concat())
}

fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    encode(SEQUENCE, &elements.concat())
}
