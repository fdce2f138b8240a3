//! The kind `rpm` 0.0.1: an RPM package signed with OpenPGP.
//!
//! Verified are the digest of its header, the digest of its payload, and every signature under the
//! tags RSA, DSA, PGP and GPG, of which there must be one. Each must be by one of the keys given,
//! whether that had expired or not (see [`PackageSignature`]). The tag OPENPGP of RPM 6 is not
//! read, as in Rekor.
//!
//! Tags of digests with values of another type are refused; Rekor takes them for missing.
//!
//! The entry holds what identifies the package, its digest and the key. Strings in it must be
//! UTF-8; Rekor replaces what is not.

mod header;
mod package;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use self::package::Package;
use super::content::Content;
use crate::draft::{Draft, Signer};
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::Setting;
use crate::pki::pgp::{Key, PackageSignature};

pub(super) fn accept(spec: &Object<'_>, _: &Setting) -> Result<Draft, KindError> {
    let content = Content::read(spec, "package", "package content")?;
    let key = spec.object("publicKey").ok_or_else(|| required("publicKey"))?;
    let key = key.bytes("content", "publicKey content")?;
    let key = Key::parse(&key.ok_or_else(|| required("publicKey.publicKey.content"))?)?;
    let sha256 = content.sha256()?;
    let package = Package::read(&content.bytes)?;
    verify(&package, &key)?;
    let names = package.names()?.map(|(name, value)| (name.to_owned(), Value::String(value)));
    let mut headers = Map::from_iter(names);
    if let Some(md5) = package.md5() {
        headers.insert("RPMSIGTAG_MD5".to_owned(), Value::String(hex::encode(md5)));
    }
    let mut index_keys = key.emails().to_vec();
    index_keys.push(hex::encode(Sha256::digest(key.canonical())));
    index_keys.push(format!("sha256:{sha256}"));
    let spec = json!({
        "package": {"hash": {"algorithm": "sha256", "value": sha256}, "headers": headers},
        "publicKey": {"content": STANDARD.encode(key.canonical())},
    });
    let signers = vec![Signer::Other(key.canonical().to_vec())];
    Ok(Draft { spec, signers, index_keys, attestation: None })
}

fn verify(package: &Package<'_>, key: &Key) -> Result<(), KindError> {
    let signed = package.signatures()?;
    let signatures = signed.iter().map(|signed| PackageSignature::parse(signed.signature));
    let signatures: Vec<_> = signatures.collect::<Result<_, _>>()?;
    package.check_payload()?;
    if signatures.is_empty() {
        return Err(invalid("no supported PGP signature found in RPM"));
    }
    signatures
        .iter()
        .zip(signed)
        .try_for_each(|(signature, signed)| signature.verify(key, signed.parts))
}

#[cfg(test)]
mod tests;
