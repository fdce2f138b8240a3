//! The packet of a public key or subkey (RFC 9580, section 5.5.2), version 4.
//!
//! Keys of all kinds that Rekor reads are read, to be stored. Which of them can verify signatures
//! is in their [`Material`]: brainpool curves and Ed448 cannot, as no library that the log uses has
//! them.

use fasti_x509::element;

use super::fault::Fault;
use super::fields::Fields;
use crate::pki::hash::Hash;
use crate::pki::signed_digest::{Curve, DigestKey};

/// Public-key algorithms (RFC 9580, section 9.1).
pub(super) mod algorithm {
    pub const RSA: u8 = 1;
    pub const RSA_ENCRYPT: u8 = 2;
    pub const RSA_SIGN: u8 = 3;
    pub const ELGAMAL: u8 = 16;
    pub const DSA: u8 = 17;
    pub const ECDH: u8 = 18;
    pub const ECDSA: u8 = 19;
    pub const EDDSA_LEGACY: u8 = 22;
    pub const X25519: u8 = 25;
    pub const X448: u8 = 26;
    pub const ED25519: u8 = 27;
    pub const ED448: u8 = 28;
    pub const POST_QUANTUM_FIRST: u8 = 30;
    pub const POST_QUANTUM_LAST: u8 = 36;
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey {
    /// When it was made, in seconds since 1970.
    pub created: u32,
    /// Its algorithm, by number.
    pub algorithm: u8,
    pub material: Material,
    pub fingerprint: [u8; 20],
    /// The end of the fingerprint.
    pub id: u64,
    /// The packet's body.
    pub body: Vec<u8>,
}

/// What verifies signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    Digest(DigestKey),
    /// p, q, g and y.
    Dsa([Vec<u8>; 4]),
    /// A key of this kind, which makes signatures that cannot be verified here.
    Unverifiable(&'static str),
    /// A key that makes no signatures.
    Encryption,
}

impl PublicKey {
    /// Reads a packet's body.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let mut fields = Fields::of(body);
        let (version, created, algorithm) = (fields.byte()?, fields.u32()?, fields.byte()?);
        if version != 4 {
            return Err(Fault::unsupported(format!("public key version {version}")));
        }
        let material = material(algorithm, &mut fields)?;
        if !fields.rest().is_empty() {
            return Err(Fault::structure("bytes after the numbers of a public key"));
        }
        let fingerprint = fingerprint(body)?;
        let id = fingerprint[12..].iter().fold(0, |id, byte| id << 8 | u64::from(*byte));
        Ok(Self { created, algorithm, material, fingerprint, id, body: body.to_vec() })
    }

    /// Whether it can be a primary key.
    pub fn signs(&self) -> bool {
        self.material != Material::Encryption
    }

    /// What of it is under a signature (RFC 9580, section 5.2.4).
    pub fn prefix(&self) -> [u8; 3] {
        // `fingerprint` made sure that the length fits.
        let [.., high, low] = self.body.len().to_be_bytes();
        [0x99, high, low]
    }
}

/// The SHA-1 of a key in the form in which keys are signed.
fn fingerprint(body: &[u8]) -> Result<[u8; 20], Fault> {
    let Ok(length) = u16::try_from(body.len()) else {
        return Err(Fault::structure("a public key is too long"));
    };
    let mut hash = Hash::Sha1.begin();
    hash.update(&[0x99]);
    hash.update(&length.to_be_bytes());
    hash.update(body);
    // SHA-1 has this length.
    hash.finish().as_ref().try_into().map_err(|_| Fault::Cut)
}

fn material(algorithm: u8, fields: &mut Fields<'_>) -> Result<Material, Fault> {
    Ok(match algorithm {
        algorithm::RSA | algorithm::RSA_SIGN => Material::Digest(rsa(fields)?),
        algorithm::RSA_ENCRYPT => {
            rsa(fields)?;
            Material::Encryption
        }
        algorithm::DSA => {
            let mut number = || fields.number().map(<[u8]>::to_vec);
            Material::Dsa([number()?, number()?, number()?, number()?])
        }
        algorithm::ELGAMAL => {
            for _ in 0..3 {
                fields.number()?;
            }
            Material::Encryption
        }
        algorithm::ECDSA => ecdsa(fields)?,
        algorithm::ECDH => {
            ecdh(fields)?;
            Material::Encryption
        }
        algorithm::EDDSA_LEGACY => eddsa(fields)?,
        algorithm::ED25519 => Material::Digest(DigestKey::Ed25519(fields.take(32)?.to_vec())),
        algorithm::ED448 => {
            fields.take(57)?;
            Material::Unverifiable("by keys on Ed448")
        }
        algorithm::X25519 => {
            fields.take(32)?;
            Material::Encryption
        }
        algorithm::X448 => {
            fields.take(56)?;
            Material::Encryption
        }
        algorithm::POST_QUANTUM_FIRST..=algorithm::POST_QUANTUM_LAST => {
            return Err(Fault::Unverifiable("by post-quantum keys".into()));
        }
        other => return Err(Fault::unsupported(format!("public key type: {other}"))),
    })
}

fn rsa(fields: &mut Fields<'_>) -> Result<DigestKey, Fault> {
    let (modulus, exponent) = (fields.number()?, fields.number()?);
    if exponent.len() > 3 {
        return Err(Fault::unsupported("large public exponent"));
    }
    let numbers = [element::encode_unsigned(modulus), element::encode_unsigned(exponent)].concat();
    Ok(DigestKey::Rsa(element::encode(element::SEQUENCE, &numbers)))
}

/// A curve by its object identifier.
enum Named {
    Signing(Curve),
    Brainpool,
    Ed25519,
    Ed448,
    /// Curves for key agreement alone.
    Other,
}

fn curve(fields: &mut Fields<'_>) -> Result<Named, Fault> {
    Ok(match fields.short()? {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Named::Signing(Curve::P256),
        [0x2b, 0x81, 4, 0, 0x22] => Named::Signing(Curve::P384),
        [0x2b, 0x81, 4, 0, 0x23] => Named::Signing(Curve::P521),
        [0x2b, 0x81, 4, 0, 0x0a] => Named::Signing(Curve::Secp256k1),
        [0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7 | 11 | 13] => Named::Brainpool,
        [0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1] => Named::Ed25519,
        [0x2b, 0x65, 0x71] => Named::Ed448,
        [0x2b, 6, 1, 4, 1, 0x97, 0x55, 1, 5, 1] | [0x2b, 0x65, 0x6f] => Named::Other,
        other => return Err(Fault::unsupported(format!("unknown oid: {}", hex::encode(other)))),
    })
}

fn ecdsa(fields: &mut Fields<'_>) -> Result<Material, Fault> {
    let curve = curve(fields)?;
    let point = fields.number()?.to_vec();
    Ok(match curve {
        Named::Signing(curve) => Material::Digest(DigestKey::Ecdsa(curve, point)),
        Named::Brainpool => Material::Unverifiable("by keys on brainpool curves"),
        _ => return Err(Fault::unsupported("a curve that is not for ECDSA")),
    })
}

fn eddsa(fields: &mut Fields<'_>) -> Result<Material, Fault> {
    let curve = curve(fields)?;
    let point = match fields.number()? {
        [0x40, point @ ..] => point,
        [] => return Err(Fault::structure("empty EdDSA public key")),
        [other, ..] => {
            return Err(Fault::unsupported(format!("unsupported EdDSA compression: {other}")));
        }
    };
    Ok(match curve {
        Named::Ed25519 => Material::Digest(DigestKey::Ed25519(point.to_vec())),
        Named::Ed448 => Material::Unverifiable("by keys on Ed448"),
        _ => return Err(Fault::unsupported("a curve that is not for EdDSA")),
    })
}

/// Reads a key for key agreement, with the hash and the cipher that it wants used.
fn ecdh(fields: &mut Fields<'_>) -> Result<(), Fault> {
    curve(fields)?;
    fields.number()?;
    match fields.short()? {
        [1, 8..=12 | 14, 2 | 3 | 7..=9, ..] => Ok(()),
        _ => Err(Fault::unsupported("key derivation of an ECDH key")),
    }
}
