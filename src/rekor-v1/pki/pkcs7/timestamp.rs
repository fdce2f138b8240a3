//! Timestamps of a signer's signature: a token of RFC 3161, or the older countersignature.
//!
//! Verified is that the authority's signature is over the signer's, with a certificate that came
//! along. What time it says, and whose certificate it is, is not asked.

use fasti_x509::element::{Elements, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

use super::signer::{Signer, hash};
use super::{Certificate, SignedData, read};
use crate::error::{KindError, invalid};

/// 1.2.840.113549.1.9.16.2.14
const TOKEN: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 14];
/// 1.3.6.1.4.1.311.3.3.1, the same of Microsoft.
const MICROSOFT_TOKEN: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 3, 3, 1];
/// 1.2.840.113549.1.9.6
const COUNTERSIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 6];

/// Verifies the timestamp of a signer, if there is one.
pub(super) fn verify(signer: &Signer<'_>, known: &[Certificate<'_>]) -> Result<(), KindError> {
    let token = match signer.unsigned_attribute(TOKEN)? {
        None => signer.unsigned_attribute(MICROSOFT_TOKEN)?,
        found => found,
    };
    if let Some(token) = token {
        let token = read(&mut Elements::of(token));
        let token = token.ok_or_else(|| invalid("a timestamp is not signed data in DER"))?;
        return verify_token(&token, signer.signature, known);
    }
    let Some(counter) = signer.unsigned_attribute(COUNTERSIGNATURE)? else { return Ok(()) };
    let counter = Elements::of(counter).any().and_then(Signer::read);
    let counter = counter.ok_or_else(|| invalid("a countersignature is malformed"))?;
    counter.verify(signer.signature, known).map(drop)
}

fn verify_token(
    token: &SignedData<'_>,
    signature: &[u8],
    known: &[Certificate<'_>],
) -> Result<(), KindError> {
    let [signer] = &token.signers[..] else {
        return Err(invalid("timestamp should have exactly one SignerInfo"));
    };
    let content = token.content.ok_or_else(|| invalid("a timestamp has no content"))?;
    let imprint = imprint(content).ok_or_else(|| invalid("unpack TSTInfo: it is malformed"))?;
    let (algorithm, digest) = imprint;
    if hash(algorithm)?.of(signature).as_ref() != digest {
        return Err(invalid("verifying timestamp imprint: digest check failed"));
    }
    let certificates = [known, &token.certificates].concat();
    signer.verify(content, &certificates).map(drop)
}

/// The content of the hash's `AlgorithmIdentifier` and the digest in a `TSTInfo`.
fn imprint(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = Elements::of(info).inside(SEQUENCE)?;
    fields.element(INTEGER)?;
    fields.element(OBJECT_IDENTIFIER)?;
    let mut imprint = fields.inside(SEQUENCE)?;
    let algorithm = imprint.element(SEQUENCE)?.content;
    Some((algorithm, imprint.element(OCTET_STRING)?.content))
}
