//! The kind `helm` 0.0.1: the provenance of a Helm chart, which is text signed in the clear.
//!
//! The text has two parts: the chart's description, and the checksums of files (`checksums`). The
//! entry holds the first checksum, the signature as armor, and the key. The checksum is not
//! examined beyond its form, and the chart itself is never seen.
//!
//! Rekor takes any of several files, another one each time. Here it is the first by name.

mod checksums;
mod clear_signed;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use self::checksums::files;
use self::clear_signed::ClearSigned;
use crate::draft::{Draft, Signer};
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::Setting;
use crate::pki::pgp::{Key, Signature};

pub(super) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let (key, provenance) = read(spec)?;
    let key = Key::parse(&key)?;
    let limit = setting.limits.metadata_bytes_max;
    if provenance.len() > limit {
        return Err(KindError::Limit {
            what: "the size of the provenance file",
            limit: limit as u64,
        });
    }
    let signed = ClearSigned::find(&provenance);
    let signed = signed.ok_or_else(|| invalid("unable to decode provenance file"))?;
    let sums = sums(&signed.text)?;
    let signature = Signature::parse(&signed.signature.content()?)?;
    signature.verify(&key, &signed.signed)?;
    let digest = digest(sums)?;
    let spec = json!({
        "chart": {
            "hash": {"algorithm": "sha256", "value": digest},
            "provenance": {"signature": {"content": STANDARD.encode(signature.canonical())}},
        },
        "publicKey": {"content": STANDARD.encode(key.canonical())},
    });
    let mut index_keys = key.emails().to_vec();
    index_keys.push(hex::encode(Sha256::digest(key.canonical())));
    index_keys.push(format!("sha256:{digest}"));
    let signers = vec![Signer::Other(key.canonical().to_vec())];
    Ok(Draft { spec, signers, index_keys, attestation: None })
}

/// The key and the provenance file.
fn read(spec: &Object<'_>) -> Result<(Vec<u8>, Vec<u8>), KindError> {
    let chart = spec.object("chart").ok_or_else(|| required("chart"))?;
    let provenance = chart.object("provenance");
    let provenance = provenance.ok_or_else(|| required("chart.chart.provenance"))?;
    let key = spec.object("publicKey").ok_or_else(|| required("publicKey"))?;
    let key = key.bytes("content", "publicKey content")?;
    let key = key.ok_or_else(|| required("publicKey.publicKey.content"))?;
    let provenance = provenance.bytes("content", "provenance content")?;
    Ok((key, provenance.ok_or(KindError::Content("provenance"))?))
}

type Sums = Option<Vec<(String, String)>>;

/// The checksums in a signed text.
fn sums(text: &[u8]) -> Result<Sums, KindError> {
    const SEPARATOR: &str = "\n...\n";
    const WITHIN: &str = "error occurred parsing message block";
    let text = std::str::from_utf8(text);
    let text = text.map_err(|_| invalid(format!("{WITHIN}: it is not UTF-8")))?;
    let Some(sums) = text.split(SEPARATOR).nth(1) else {
        return Err(invalid(format!("{WITHIN}: message block must have at least two parts")));
    };
    let sums = files(sums);
    sums.map_err(|fault| {
        invalid(format!("{WITHIN}: error occurred parsing SumCollection: {fault}"))
    })
}

/// The digest of the first file by name.
fn digest(sums: Sums) -> Result<String, KindError> {
    let sums = sums.ok_or_else(|| invalid("unable to locate chart hash"))?;
    let first = sums.into_iter().min();
    let (_, sum) = first.ok_or_else(|| invalid("no checksums found"))?;
    let parts: Vec<_> = sum.split(':').collect();
    match parts[..] {
        ["sha256", digest] => Ok(digest.to_owned()),
        [_, _] => Err(KindError::Schema {
            path: "chart.hash.algorithm".to_owned(),
            problem: "should be one of [sha256]".to_owned(),
        }),
        _ => Err(invalid("invalid hash found in Provenance file")),
    }
}
