//! `rfc3161` 0.0.1: a timestamp, as its authority's whole response (RFC 3161).
//!
//! Verified is that it was granted, and that it is signed with the key of a certificate that came
//! along. Whose certificate that is, what the timestamp is for and when it was made is not asked.
//! Whoever trusts an authority checks that when it reads the entry.
//!
//! The response is kept as it was sent, even bytes after its end.
//!
//! Stricter than Rekor: the response is DER, with one signer and signed attributes, and its hash is
//! one of SHA-2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{Decode as _, Header, Reader as _, SliceReader};
use fasti_entry::KeyMaterial;
use fasti_x509::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::draft::{Draft, Signer};
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::Setting;

const BYTES_MAX: usize = 10 << 10;

pub(super) fn accept(spec: &Object<'_>, _: &Setting) -> Result<Draft, KindError> {
    let response = spec.object("tsr").ok_or_else(|| required("tsr"))?;
    let response = response.bytes("content", "tsr content")?;
    let response = response.ok_or_else(|| required("tsr.tsr.content"))?;
    if response.len() > BYTES_MAX {
        return Err(invalid("tsr exceeds maximum allowed size (10kB)"));
    }
    let timestamp = Timestamp::from_old_der(first_element(&response));
    let timestamp = timestamp.map_err(|error| invalid(format!("the timestamp: {error}")))?;
    let certificate = timestamp.check_alone();
    let certificate =
        certificate.map_err(|error| invalid(format!("tsr verification error: {error}")))?;
    Ok(Draft {
        spec: json!({ "tsr": { "content": STANDARD.encode(&response) } }),
        signers: vec![Signer::X509(KeyMaterial::Certificate(certificate.to_vec()))],
        index_keys: vec![format!("sha256:{}", hex::encode(Sha256::digest(&response)))],
        attestation: None,
    })
}

/// The DER element at the beginning, or all bytes if they do not begin with one.
fn first_element(der: &[u8]) -> &[u8] {
    let length = || {
        let mut reader = SliceReader::new(der).ok()?;
        let header = Header::decode(&mut reader).ok()?;
        usize::try_from((reader.position() + header.length).ok()?).ok()
    };
    length().and_then(|length| der.get(..length)).unwrap_or(der)
}

#[cfg(test)]
mod tests {
    use fasti_kit::made_tsa::MadeTsa;

    use super::*;
    use crate::json::Reading;

    fn judge(response: &[u8]) -> Result<Draft, String> {
        let spec = json!({ "tsr": { "content": STANDARD.encode(response) } }).to_string();
        let spec = Object::parse(spec.as_bytes(), Reading::Exact).expect("an object");
        let setting = Setting { limits: crate::Limits::default(), now: 0 };
        accept(&spec, &setting).map_err(|error| error.to_string())
    }

    #[test]
    fn the_response_is_kept_as_it_was_sent() {
        let tsa = MadeTsa::default();
        let stamp = tsa.stamp(b"a message", "20260101000000Z");
        for response in [stamp.clone(), [&stamp[..], b"more"].concat()] {
            let draft = judge(&response).expect("it is good");
            assert_eq!(draft.spec["tsr"]["content"], STANDARD.encode(&response));
            let signer = KeyMaterial::Certificate(tsa.signer.clone());
            assert_eq!(draft.signers, [Signer::X509(signer)]);
        }
        let long = [&stamp[..], &vec![0; BYTES_MAX]].concat();
        assert_eq!(judge(&long).unwrap_err(), "tsr exceeds maximum allowed size (10kB)");
        for length in 0..stamp.len() {
            assert!(judge(&stamp[..length]).is_err());
        }
        let mut forged = stamp.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert!(judge(&forged).unwrap_err().starts_with("tsr verification error: "));
    }
}
