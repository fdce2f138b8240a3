//! What a signature says about itself and about what it is over (RFC 9580, section 5.2.3.7).
//!
//! What stands in the part that is not signed counts for three things alone: who made the
//! signature, by key ID or by fingerprint, and the signature that a subkey made in return.

use super::fault::Fault;
use super::fields::Fields;
use super::packet::write_length;
use super::signature_packet::{Depth, SignaturePacket};

const CREATED: u8 = 2;
const SIGNATURE_LIFETIME: u8 = 3;
const EXPORTABLE: u8 = 4;
const TRUST: u8 = 5;
const REGULAR_EXPRESSION: u8 = 6;
const KEY_LIFETIME: u8 = 9;
const PREFERRED_CIPHERS: u8 = 11;
const ISSUER: u8 = 16;
const NOTATION: u8 = 20;
const PREFERRED_HASHES: u8 = 21;
const PREFERRED_COMPRESSION: u8 = 22;
const KEY_SERVER_PREFERENCES: u8 = 23;
const PREFERRED_KEY_SERVER: u8 = 24;
const PRIMARY_USER_ID: u8 = 25;
const POLICY: u8 = 26;
const KEY_FLAGS: u8 = 27;
const SIGNER_USER_ID: u8 = 28;
const REVOCATION_REASON: u8 = 29;
const FEATURES: u8 = 30;
const EMBEDDED_SIGNATURE: u8 = 32;
const ISSUER_FINGERPRINT: u8 = 33;
const INTENDED_RECIPIENT: u8 = 35;
const PREFERRED_CIPHER_SUITES: u8 = 39;

/// The flag of keys that may sign.
const SIGNS: u8 = 2;
/// The reason of revocations that count for ever.
const COMPROMISED: u8 = 2;

/// What matters of the subpackets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subpackets {
    pub created: Option<u32>,
    /// For how many seconds the signature is valid, if not for ever.
    pub lifetime: Option<u32>,
    /// For how many seconds a key is valid from when it was made, if not for ever.
    pub key_lifetime: Option<u32>,
    /// The key that made it.
    pub issuer: Option<u64>,
    /// The fingerprint of that key.
    pub issuer_fingerprint: Option<Vec<u8>>,
    /// Whether the user ID is the main one.
    pub is_primary: Option<bool>,
    /// What a key may do.
    flags: Option<u8>,
    revocation_reason: Option<u8>,
    /// The signature that a subkey made in return.
    pub embedded: Option<Box<SignaturePacket>>,
    /// The name of the first notation that must be understood.
    pub critical_notation: Option<String>,
}

impl Subpackets {
    /// Of a signature that says nothing but who made it.
    pub fn by(issuer: u64) -> Self {
        Self { issuer: Some(issuer), ..Self::default() }
    }

    /// Whether a key may sign. One without flags may not.
    pub fn may_sign(&self) -> bool {
        self.flags.is_some_and(|flags| flags & SIGNS != 0)
    }

    /// Whether a revocation counts even for signatures made before it.
    pub fn is_compromise(&self) -> bool {
        self.revocation_reason == Some(COMPROMISED)
    }

    /// Reads the part that is signed, or the one that is not.
    pub fn read(&mut self, bytes: &[u8], is_signed: bool, depth: Depth) -> Result<(), Fault> {
        each(bytes, |first, content| {
            let (kind, is_critical) = (first & 0x7f, first & 0x80 != 0);
            match kind {
                ISSUER | ISSUER_FINGERPRINT | EMBEDDED_SIGNATURE => {
                    self.read_always(kind, content, depth)
                }
                _ if is_signed => self.read_signed(kind, is_critical, content),
                _ => Ok(()),
            }
        })?;
        if self.created.is_none() {
            return Err(Fault::structure("no creation time in signature"));
        }
        Ok(())
    }

    fn read_always(&mut self, kind: u8, content: &[u8], depth: Depth) -> Result<(), Fault> {
        match kind {
            ISSUER => {
                let id = content.try_into();
                let id = id.map_err(|_| Fault::structure("issuer subpacket with bad length"))?;
                self.issuer = Some(u64::from_be_bytes(id));
            }
            ISSUER_FINGERPRINT => {
                let fingerprint = fingerprint(content)?;
                let mut start = Fields::of(fingerprint);
                if fingerprint.len() == 20 {
                    start.take(12)?;
                }
                self.issuer = Some(start.u64()?);
                self.issuer_fingerprint = Some(fingerprint.to_vec());
            }
            _ => {
                if self.embedded.is_some() {
                    return Err(Fault::structure("Cannot have multiple embedded signatures"));
                }
                let embedded = SignaturePacket::parse_embedded(content, depth)?;
                self.embedded = Some(Box::new(embedded));
            }
        }
        Ok(())
    }

    fn read_signed(&mut self, kind: u8, critical: bool, content: &[u8]) -> Result<(), Fault> {
        let number = |what| {
            let number = content.try_into().map(u32::from_be_bytes);
            number.map_err(|_| Fault::structure(format!("{what} subpacket with bad length")))
        };
        let bad = |what| Fault::structure(format!("{what} subpacket with bad length"));
        match kind {
            CREATED => self.created = Some(number("creation time")?),
            SIGNATURE_LIFETIME => self.lifetime = Some(number("expiration")?),
            KEY_LIFETIME => self.key_lifetime = Some(number("key expiration")?),
            EXPORTABLE => match content {
                [] => return Err(bad("exportable")),
                [0, ..] => {
                    let what = "signature with non-exportable certification";
                    return Err(Fault::unsupported(what));
                }
                _ => {}
            },
            TRUST if content.len() != 2 => return Err(bad("trust")),
            REGULAR_EXPRESSION if content.last() != Some(&0) => return Err(bad("regexp")),
            NOTATION => {
                let name = notation(content).ok_or_else(|| bad("notation data"))?;
                if critical && self.critical_notation.is_none() {
                    self.critical_notation = Some(String::from_utf8_lossy(name).into_owned());
                }
            }
            PRIMARY_USER_ID => match content {
                [is_it] => self.is_primary = Some(*is_it > 0),
                _ => return Err(bad("primary user id")),
            },
            KEY_FLAGS => *self.flags.get_or_insert(0) |= content.first().unwrap_or(&0),
            REVOCATION_REASON => {
                let reason = content.first().ok_or_else(|| bad("revocation reason"))?;
                self.revocation_reason = Some(*reason);
            }
            INTENDED_RECIPIENT => {
                fingerprint(content)?;
            }
            PREFERRED_CIPHER_SUITES if !content.len().is_multiple_of(2) => {
                return Err(bad("cipher suite"));
            }
            TRUST | REGULAR_EXPRESSION | PREFERRED_CIPHER_SUITES => {}
            PREFERRED_CIPHERS | PREFERRED_HASHES | PREFERRED_COMPRESSION => {}
            KEY_SERVER_PREFERENCES | PREFERRED_KEY_SERVER | POLICY | SIGNER_USER_ID | FEATURES => {}
            other if critical => {
                let what = format!("unknown critical signature subpacket type {other}");
                return Err(Fault::unsupported(what));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The fingerprint after the version of its key.
fn fingerprint(content: &[u8]) -> Result<&[u8], Fault> {
    match content {
        [0..=4, fingerprint @ ..] if fingerprint.len() == 20 => Ok(fingerprint),
        [5..=255, fingerprint @ ..] if fingerprint.len() == 32 => Ok(fingerprint),
        _ => Err(Fault::structure("bad fingerprint length")),
    }
}

/// The name of a notation whose lengths are true.
fn notation(content: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::of(content);
    fields.take(4).ok()?;
    let (name, value) = (usize::from(fields.u16().ok()?), usize::from(fields.u16().ok()?));
    (fields.rest().len() == name + value).then(|| &fields.rest()[..name])
}

/// Checks that bytes consist of subpackets, as in user attributes.
pub(super) fn check_subpackets(bytes: &[u8]) -> Result<(), Fault> {
    each(bytes, |_, _| Ok(()))
}

/// Calls `read` with the type and the content of each subpacket.
fn each(bytes: &[u8], mut read: impl FnMut(u8, &[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut rest = Fields::of(bytes);
    while !rest.rest().is_empty() {
        let one = one(&mut rest).map_err(|_| Fault::structure("signature subpacket truncated"))?;
        let Some((kind, content)) = one.split_first() else {
            return Err(Fault::structure("zero length signature subpacket"));
        };
        read(*kind, content)?;
    }
    Ok(())
}

fn one<'a>(rest: &mut Fields<'a>) -> Result<&'a [u8], Fault> {
    let length = match rest.byte()? {
        first @ 0..192 => usize::from(first),
        first @ 192..255 => ((usize::from(first) - 192) << 8) + usize::from(rest.byte()?) + 192,
        255 => usize::try_from(rest.u32()?).unwrap_or(usize::MAX),
    };
    rest.take(length)
}

/// Writes subpackets with the shortest lengths, as Rekor does with those that are not signed.
pub(super) fn rewrite(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::with_capacity(bytes.len());
    each(bytes, |kind, content| {
        write_length(content.len() + 1, 16320, &mut out);
        out.push(kind);
        out.extend_from_slice(content);
        Ok(())
    })?;
    Ok(out)
}
