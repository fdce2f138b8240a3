//! Signatures in files, in the forms in which tools write them: raw, in base64 or hex, wrapped in
//! lines, encoded twice, or between lines of dashes. An ECDSA signature can be DER, as logs hold
//! it, or the two numbers r and s of fixed length (IEEE P1363, RFC 7518), which are the same
//! signature.
//!
//! Invariant: what is returned has the form that the key's algorithm takes. Whether it is valid is
//! for others to say.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use fasti_entry::SigningAlgorithm;
use fasti_x509::pem;

/// How often a signature can be encoded.
const ENCODINGS_MAX: usize = 3;

const EITHER: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&STANDARD, EITHER), GeneralPurpose::new(&URL_SAFE, EITHER)];

/// Why a file holds no signature for a key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not {expected}, in base64, hex or raw: it looks like {found}")]
pub struct SignatureFileError {
    expected: String,
    found: String,
}

/// Reads a signature by a key with this algorithm.
pub fn read_signature(
    bytes: &[u8],
    algorithm: SigningAlgorithm,
) -> Result<Vec<u8>, SignatureFileError> {
    let expected = Expected::of(algorithm);
    let read = expected.read(bytes, ENCODINGS_MAX);
    read.ok_or_else(|| SignatureFileError { expected: expected.in_words(), found: look(bytes) })
}

/// The form of an algorithm's signatures.
enum Expected {
    /// Two numbers below the order of a curve, of so many bytes each.
    Ecdsa { curve: &'static str, width: usize },
    /// So many bytes.
    Fixed { algorithm: &'static str, length: usize },
}

impl Expected {
    fn of(algorithm: SigningAlgorithm) -> Self {
        use SigningAlgorithm as S;
        match algorithm {
            S::EcdsaP256Sha256 => Self::Ecdsa { curve: "P-256", width: 32 },
            S::EcdsaP384Sha384 => Self::Ecdsa { curve: "P-384", width: 48 },
            S::EcdsaP521Sha512 => Self::Ecdsa { curve: "P-521", width: 66 },
            S::RsaPkcs1v15Sha256With2048 => Self::Fixed { algorithm: "RSA", length: 256 },
            S::RsaPkcs1v15Sha256With3072 => Self::Fixed { algorithm: "RSA", length: 384 },
            S::RsaPkcs1v15Sha256With4096 => Self::Fixed { algorithm: "RSA", length: 512 },
            S::Ed25519ph => Self::Fixed { algorithm: "Ed25519", length: 64 },
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Ecdsa { curve, .. } => format!("an ECDSA signature by a key on {curve}"),
            Self::Fixed { algorithm, length } => {
                format!("an {algorithm} signature of {length} bytes")
            }
        }
    }

    /// The signature in these bytes, which can be encoded so many times.
    fn read(&self, bytes: &[u8], encodings: usize) -> Option<Vec<u8>> {
        if self.fits(bytes) {
            return Some(bytes.to_vec());
        }
        // Text comes first: 96 characters of base64 could also be r and s.
        let decoded = encodings.checked_sub(1).and_then(|encodings| {
            decodings(bytes).into_iter().find_map(|decoded| self.read(&decoded, encodings))
        });
        decoded.or_else(|| match self {
            Self::Ecdsa { width, .. } if bytes.len() == 2 * width => Some(der(bytes)),
            _ => None,
        })
    }

    fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Ecdsa { width, .. } => numbers(bytes)
                .is_some_and(|numbers| numbers.iter().all(|number| number.len() <= width + 1)),
            Self::Fixed { length, .. } => bytes.len() == *length,
        }
    }
}

/// What a text can stand for: the content of a PEM block, hex, base64. Nothing for other bytes.
fn decodings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let block = pem::blocks(bytes).find(|block| {
        let label = block.label().unwrap_or_default();
        label.ends_with("SIGNATURE") && !label.starts_with("PGP") && !label.starts_with("SSH")
    });
    found.extend(block.and_then(|block| block.der().ok()));
    let text = without_spaces(bytes);
    if text.is_empty() || !text.is_ascii() {
        return found;
    }
    found.extend(hex::decode(&text).ok());
    found.extend(BASE64.iter().filter_map(|base64| base64.decode(&text).ok()));
    found
}

/// The two numbers of an ECDSA signature in DER (RFC 3279, section 2.2.3), if it is nothing else.
fn numbers(der: &[u8]) -> Option<[&[u8]; 2]> {
    let (first, rest) = element(0x30, der)?;
    let (r, s) = element(0x02, first)?;
    let (s, end) = element(0x02, s)?;
    (rest.is_empty() && end.is_empty()).then_some([r, s])
}

/// The content of the first element, which has this tag, and what follows it. No signature is so
/// long that its length takes three bytes.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, content) = match der {
        [found, length @ 0..=0x7f, content @ ..] if *found == tag => (length, content),
        [found, 0x81, length, content @ ..] if *found == tag => (length, content),
        _ => return None,
    };
    content.split_at_checked(usize::from(*length))
}

/// The DER of two numbers of the same length.
fn der(numbers: &[u8]) -> Vec<u8> {
    let (r, s) = numbers.split_at(numbers.len() / 2);
    let content = [r, s].map(|number| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let number = &number[zeros.min(number.len() - 1)..];
        let sign: &[u8] = if number[0] & 0x80 == 0 { &[] } else { &[0] };
        tagged(0x02, &[sign, number].concat())
    });
    tagged(0x30, &content.concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    // Two numbers of at most 67 bytes.
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let head: &[u8] = if length < 0x80 { &[tag, length] } else { &[tag, 0x81, length] };
    [head, content].concat()
}

/// What a file looks like that is no signature.
fn look(bytes: &[u8]) -> String {
    let text = bytes.trim_ascii();
    if text.is_empty() {
        return "an empty file".to_owned();
    }
    for (start, what) in [
        (&b"untrusted comment:"[..], "a minisign or signify signature"),
        (b"-----BEGIN PGP", "an OpenPGP signature"),
        (b"-----BEGIN SSH SIGNATURE", "an SSH signature"),
        (b"SSHSIG", "an SSH signature"),
        (b"-----BEGIN PKCS7", "a PKCS #7 signature"),
        (b"-----BEGIN CMS", "a CMS signature"),
        (b"{", "JSON, as bundles are"),
    ] {
        if text.starts_with(start) {
            return what.to_owned();
        }
    }
    if let Some(label) = pem::blocks(text).next().and_then(|block| block.label().map(str::to_owned))
    {
        return format!("a PEM block {}", fasti_entry::quote(&label));
    }
    if let Some(what) = kind(bytes) {
        return what;
    }
    match decodings(bytes).first() {
        Some(decoded) => {
            let form = if hex::decode(without_spaces(bytes)).is_ok() { "hex" } else { "base64" };
            let what = kind(decoded).unwrap_or_else(|| format!("{} bytes", decoded.len()));
            format!("the {form} of {what}")
        }
        None => format!("{} bytes", bytes.len()),
    }
}

fn without_spaces(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// What binary signatures look like.
fn kind(bytes: &[u8]) -> Option<String> {
    if let Some(numbers) = numbers(bytes) {
        let width = numbers.map(<[u8]>::len).into_iter().max().unwrap_or_default();
        return Some(format!("an ECDSA signature in DER, with numbers of {width} bytes"));
    }
    match bytes {
        // RFC 9580, section 4.2: a packet with the tag 2, in its old and new form.
        [0x88..=0x8b | 0xc2, _, _, _, ..] if !bytes.is_ascii() => {
            Some("an OpenPGP signature".to_owned())
        }
        // A signature in PKCS #7 is `SEQUENCE { OID signedData, ... }`.
        [0x30, _, _, _, 0x06, 0x09, ..] | [0x30, _, 0x06, 0x09, ..] => {
            Some("a PKCS #7 signature".to_owned())
        }
        _ => match bytes.len() {
            64 => Some("64 bytes, as Ed25519 and P-256 have".to_owned()),
            96 => Some("96 bytes, as P-384 has".to_owned()),
            132 => Some("132 bytes, as P-521 has".to_owned()),
            256 | 384 | 512 => Some(format!("{} bytes, as RSA has", bytes.len())),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P256: SigningAlgorithm = SigningAlgorithm::EcdsaP256Sha256;
    const ED25519: SigningAlgorithm = SigningAlgorithm::Ed25519ph;
    const RSA: SigningAlgorithm = SigningAlgorithm::RsaPkcs1v15Sha256With2048;

    fn base64(bytes: impl AsRef<[u8]>) -> String {
        BASE64[0].encode(bytes)
    }

    /// r with a high bit, s with zeros before it, and their DER.
    fn ecdsa() -> ([u8; 64], Vec<u8>) {
        let mut fixed = [0x91; 64];
        fixed[32..34].copy_from_slice(&[0, 0x11]);
        let der = [&[0x30, 68, 0x02, 33, 0][..], &fixed[..32], &[0x02, 31], &fixed[33..]].concat();
        (fixed, der)
    }

    #[test]
    fn every_encoding_of_a_signature() {
        let (fixed, der) = ecdsa();
        let wrapped = base64(&der).as_bytes().chunks(20).collect::<Vec<_>>().join(&b"\r\n"[..]);
        let pem = format!("-----BEGIN SIGNATURE-----\n{}\n-----END SIGNATURE-----\n", base64(&der));
        for form in [
            der.clone(),
            fixed.to_vec(),
            base64(&der).into_bytes(),
            BASE64[1].encode(&der).trim_end_matches('=').into(),
            (base64(&der) + "\n").into_bytes(),
            wrapped,
            hex::encode(&der).into_bytes(),
            (hex::encode_upper(fixed) + "\n").into_bytes(),
            base64(base64(&der) + "\n").into_bytes(),
            base64(hex::encode(&der)).into_bytes(),
            base64(fixed).into_bytes(),
            pem.into_bytes(),
        ] {
            let shown = String::from_utf8_lossy(&form).into_owned();
            assert_eq!(read_signature(&form, P256).as_ref(), Ok(&der), "{shown}");
        }
        for (algorithm, length) in [(ED25519, 64), (RSA, 256)] {
            let raw: Vec<u8> = (0..=u8::MAX).map(|n| n.wrapping_mul(7)).take(length).collect();
            for form in [raw.clone(), base64(&raw).into_bytes(), hex::encode(&raw).into_bytes()] {
                assert_eq!(read_signature(&form, algorithm).as_ref(), Ok(&raw));
            }
        }
    }

    #[test]
    fn every_curve_has_its_width() {
        for (algorithm, width) in
            [(SigningAlgorithm::EcdsaP384Sha384, 48), (SigningAlgorithm::EcdsaP521Sha512, 66)]
        {
            let fixed = vec![0xff; 2 * width];
            let der = read_signature(&fixed, algorithm).unwrap();
            assert_eq!(numbers(&der), Some([&[&[0], &fixed[..width]].concat()[..]; 2]));
            assert_eq!(read_signature(&der, algorithm), Ok(der));
        }
        let zeros = read_signature(&[0; 64], P256).unwrap();
        assert_eq!(zeros, [0x30, 6, 2, 1, 0, 2, 1, 0]);
    }

    #[test]
    fn what_is_no_signature_is_named() {
        let (fixed, der) = ecdsa();
        let says = |bytes: &[u8], algorithm| read_signature(bytes, algorithm).unwrap_err().found;
        for (bytes, algorithm, what) in [
            (&b" \n"[..], P256, "an empty file"),
            (b"untrusted comment: x\nRWQ\n", ED25519, "a minisign or signify signature"),
            (b"-----BEGIN PGP SIGNATURE-----\n", RSA, "an OpenPGP signature"),
            (b"-----BEGIN SSH SIGNATURE-----\n", RSA, "an SSH signature"),
            (b"{\"mediaType\":", P256, "JSON, as bundles are"),
            (b"-----BEGIN PUBLIC KEY-----\n", P256, "a PEM block \"PUBLIC KEY\""),
            (&der, ED25519, "an ECDSA signature in DER, with numbers of 33 bytes"),
            (base64(fixed).as_bytes(), RSA, "the base64 of 64 bytes, as Ed25519 and P-256 have"),
            (hex::encode(fixed).as_bytes(), RSA, "the hex of 64 bytes, as Ed25519 and P-256 have"),
            (&der[..der.len() - 1], P256, "69 bytes"),
        ] {
            assert_eq!(says(bytes, algorithm), what);
        }
        let error = read_signature(b"x", P256).unwrap_err().to_string();
        assert!(error.starts_with("it is not an ECDSA signature by a key on P-256"), "{error}");
    }
}
