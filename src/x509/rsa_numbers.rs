//! The numbers of an RSA key: `RSAPublicKey` (RFC 8017, appendix A.1.1).

use der::Sequence;
use der::asn1::UintRef;

/// A modulus and an exponent. Nothing is known about them.
#[derive(Sequence)]
pub(crate) struct RsaNumbers<'a> {
    pub(crate) modulus: UintRef<'a>,
    pub(crate) public_exponent: UintRef<'a>,
}

impl RsaNumbers<'_> {
    /// The number of bits of the modulus.
    pub(crate) fn bits(&self) -> usize {
        let bytes = self.modulus.as_bytes();
        bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
    }
}

/// Whether a number is odd, as both of every key are.
pub(crate) fn is_odd(number: UintRef<'_>) -> bool {
    number.as_bytes().last().is_some_and(|last| !last.is_multiple_of(2))
}
