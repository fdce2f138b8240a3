//! PEM (RFC 7468) as Rekor v1's entries hold it. The first block decides; the certificate chain
//! after it says nothing about the signer.
//!
//! The parser is our own, for speed and for rules that fit in a sentence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::verifier::KeyMaterial;

/// The public key or certificate in the first block of `text`; `None` if the block holds anything
/// else.
pub(super) fn first_block(text: &[u8]) -> Option<KeyMaterial> {
    let text = std::str::from_utf8(text).ok()?;
    let mut lines = text.lines().map(str::trim_ascii).skip_while(|line| !line.starts_with(BEGIN));
    let material: fn(Vec<u8>) -> KeyMaterial = match label(lines.next()?, BEGIN)? {
        "PUBLIC KEY" => KeyMaterial::PublicKey,
        "CERTIFICATE" => KeyMaterial::Certificate,
        _ => return None,
    };
    let mut base64 = String::with_capacity(text.len());
    for line in lines {
        if line.starts_with(END) {
            return STANDARD.decode(base64).ok().map(material);
        }
        base64.push_str(line);
    }
    None
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

fn label<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}
