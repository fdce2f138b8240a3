//! ECDSA (FIPS 186-5, section 6.4; SEC 1, section 4.1.4) on one curve.
//!
//! A signature is a DER `Ecdsa-Sig-Value` (RFC 3279, section 2.2.3) in its shortest encoding.

#![expect(deprecated, reason = "these crates stand on generic-array 0.14, which calls itself old")]

use der::asn1::UintRef;
use der::{Decode as _, Sequence};
use ecdsa::elliptic_curve::generic_array::ArrayLength;
use ecdsa::elliptic_curve::sec1::{FromEncodedPoint, ModulusSize, ToEncodedPoint};
use ecdsa::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, PublicKey};
use ecdsa::hazmat::{bits2field, verify_prehashed};
use ecdsa::{PrimeCurve, Signature, SignatureSize};

/// A point on a curve, which is a public key.
#[derive(Clone)]
pub(crate) struct Point<C: PrimeCurve + CurveArithmetic>(PublicKey<C>);

#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl<C> Point<C>
where
    C: PrimeCurve + CurveArithmetic,
    AffinePoint<C>: FromEncodedPoint<C> + ToEncodedPoint<C>,
    FieldBytesSize<C>: ModulusSize,
    SignatureSize<C>: ArrayLength<u8>,
{
    /// Reads a point, compressed or not (SEC 1, section 2.3.4).
    pub(super) fn new(encoded: &[u8]) -> Option<Self> {
        matches!(encoded.first(), Some(2..=4)).then_some(())?;
        PublicKey::from_sec1_bytes(encoded).ok().map(Self)
    }

    /// Whether its owner made this signature over this digest.
    pub(super) fn made(&self, signature: &[u8], digest: &[u8]) -> bool {
        let Some(signature) = read::<C>(signature) else { return false };
        // A digest can be half as long as the field or shorter: it is a number, then as now.
        let mut padded = FieldBytes::<C>::default();
        let digest = match padded.len().checked_sub(digest.len()) {
            Some(zeros) => {
                padded[zeros..].copy_from_slice(digest);
                padded.as_slice()
            }
            None => digest,
        };
        let Ok(digest) = bits2field::<C>(digest) else { return false };
        verify_prehashed(&self.0.to_projective(), &digest, &signature).is_ok()
    }
}

/// Reads a signature whose numbers are neither zero nor beyond the order of the curve.
fn read<C: PrimeCurve>(signature: &[u8]) -> Option<Signature<C>>
where
    SignatureSize<C>: ArrayLength<u8>,
{
    let EcdsaSigValue { r, s } = EcdsaSigValue::from_der(signature).ok()?;
    Signature::from_scalars(field_bytes::<C>(r)?, field_bytes::<C>(s)?).ok()
}

fn field_bytes<C: PrimeCurve>(number: UintRef<'_>) -> Option<FieldBytes<C>> {
    let mut bytes = FieldBytes::<C>::default();
    let zeros = bytes.len().checked_sub(number.as_bytes().len())?;
    bytes[zeros..].copy_from_slice(number.as_bytes());
    Some(bytes)
}
