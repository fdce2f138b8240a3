//! DER structures that fill their bytes.

use super::error::X509Error;

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
