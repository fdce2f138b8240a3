//! Certificates, keys, signatures over digests, and PEM: whatever of X.509 a log's entries, its
//! door, its index and its verifiers need.
//!
//! | module | what it is |
//! |---|---|
//! | [`pem`] | blocks of base64 in text |
//! | `structure` | the fields of a certificate, by their tags |
//! | [`X509`] | a certificate as Go parses it, by the rules of `element`, `time`, `distinguished_name`, `extension`, `alternative_name`, `uri` and `constraint` |
//! | [`Certificate`] | its key and identities |
//! | [`Claims`] | the key and the names in any certificate, unchecked, for an index |
//! | [`PublicKey`] | a key of an admitted kind; [`PublicKey::verify`] checks a signature |
//! | [`SigningAlgorithm`], [`KeyDetails`], [`ArtifactDigest`] | what signs what |
//! | [`Authorities`] | the check that a trusted authority issued a certificate |
//!
//! Invariants:
//! - Pure: bytes and times in, a verdict out. No I/O, no clock, no randomness.
//! - No input can cause a panic, and work is linear in its length, except that checking a chain is
//!   bounded by `rustls-webpki`.

mod algorithm;
mod alternative_name;
mod authority;
mod certificate;
mod chain;
mod claims;
mod constraint;
mod digest;
mod distinguished_name;
mod element;
mod error;
mod extension;
mod fulcio;
mod key;
pub mod pem;
mod signature;
mod structure;
mod time;
mod uri;
mod x509;

#[cfg(test)]
mod testing;

pub use algorithm::{HashAlgorithm, KeyDetails, SigningAlgorithm};
pub use alternative_name::AlternativeName;
pub use authority::{Authority, name};
pub use certificate::{Certificate, Identity};
pub use chain::{Authorities, ChainError};
pub use claims::Claims;
pub use digest::{ArtifactDigest, ArtifactHasher};
pub use error::X509Error;
pub use key::PublicKey;
pub use x509::{X509, X509Extension};

/// Decodes one DER structure that fills `bytes`. PEM gets its own message, because it is the most
/// common mistake.
pub(crate) fn strict_der<'a, T: der::Decode<'a>>(
    bytes: &'a [u8],
    expected: &'static str,
) -> Result<T, X509Error> {
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
        return Err(X509Error::Pem);
    }
    T::from_der(bytes).map_err(|source| match source.kind() {
        der::ErrorKind::TrailingData { .. } if fills_less(bytes) => X509Error::TrailingDer,
        _ => X509Error::Der { expected, source },
    })
}

/// Whether the outermost structure ends before `bytes` does. (An inner structure can report the
/// same error about its own end.)
fn fills_less(bytes: &[u8]) -> bool {
    let Ok(mut reader) = der::SliceReader::new(bytes) else { return false };
    <der::AnyRef<'_> as der::Decode<'_>>::decode(&mut reader).is_ok()
        && !der::Reader::is_finished(&reader)
}
