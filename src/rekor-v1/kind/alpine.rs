//! The kind `alpine` 0.0.1: a package of Alpine Linux, version 2 of the format.
//!
//! A package is three gzip members: a signature, what is said about the package, and its files. The
//! signature is over the SHA-1 of the second member as it is compressed, with RSA or ECDSA. The
//! second member has the file `.PKGINFO`, which says the SHA-256 of all that follows (`pkginfo`).
//! The third member is hashed and not unpacked.
//!
//! As in Rekor, the name of the signature's file says nothing about its hash, so newer signatures
//! (`.SIGN.RSA256.`) do not verify.
//!
//! What the second member inflates to is bounded here, which it is not in Rekor.

mod member;
mod pkginfo;
mod tar;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use self::member::Member;
use self::pkginfo::Pairs;
use self::tar::Files;
use super::content::Content;
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::Object;
use crate::limits::{Limits, Setting};
use crate::pki::hash::Hash;
use crate::pki::pem;
use crate::pki::signed_digest::{Curve, DigestKey};
use crate::pki::x509::{Key, Scheme};

/// A package of which all was checked but the signature.
struct Package<'a> {
    signature: Vec<u8>,
    /// What is signed: the second member, compressed.
    control: &'a [u8],
    pairs: Pairs,
}

pub(super) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let content = Content::read(spec, "package", "package content")?;
    let key = spec.object("publicKey").map(|key| key.bytes("content", "public key content"));
    // An empty key counts as none.
    let key = key.transpose()?.flatten().ok_or_else(|| required("publicKey"))?;
    let key = Key::parse(&key)?;
    let sha256 = content.sha256()?;
    let package = unpack(&content.bytes, &setting.limits)?;
    verify(&package, &key)?;
    let mut index_keys = key.subjects();
    index_keys.push(hex::encode(Sha256::digest(key.canonical())));
    index_keys.push(format!("sha256:{sha256}"));
    let spec = json!({
        "package": {
            "hash": {"algorithm": "sha256", "value": sha256},
            "pkginfo": package.pairs,
        },
        "publicKey": {"content": STANDARD.encode(key.canonical())},
    });
    Ok(Draft { spec, signers: vec![key.signer()], index_keys, attestation: None })
}

fn unpack<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Package<'a>, KindError> {
    let within = |what: &'static str| move |error| invalid(format!("{what}: {error}"));
    let limit = limits.metadata_bytes_max as u64;
    let member = Member::open(bytes, "signature.tar.gz", limit);
    let mut member = member.map_err(within("create gzip reader"))?;
    let signature = signature(&mut Files::of(&mut member, limits.files_max), limit)?;
    let (_, rest) = member.close()?;
    let member = Member::open(rest, "control.tar.gz", limits.inflated_bytes_max);
    let mut member = member.map_err(within("resetting to control.tar.gz"))?;
    let pairs = pairs(&mut Files::of(&mut member, limits.files_max), limit);
    let (control, data) = member.close()?;
    let signature = signature.ok_or_else(|| invalid("no signature detected in alpine package"))?;
    let pairs = pairs?.ok_or_else(|| invalid(".PKGINFO file was not located"))?;
    let stated = pairs.get("datahash").map_or(Ok(Vec::new()), hex::decode);
    let stated = stated.map_err(|error| invalid(format!("parsing datahash: {error}")))?;
    let computed = Sha256::digest(data);
    if computed[..] != stated {
        let (computed, stated) = (hex::encode(computed), hex::encode(stated));
        return Err(invalid(format!(
            "checksum for data.tar.gz ({computed}) does not match value from .PKGINFO ({stated})"
        )));
    }
    Ok(Package { signature, control, pairs })
}

/// The signature in the first file that has one: bytes, or PEM.
fn signature(files: &mut Files<'_, '_>, limit: u64) -> Result<Option<Vec<u8>>, KindError> {
    let mut signature = None;
    while let Some(file) = files.next()? {
        if signature.is_none() && file.name.starts_with(b".SIGN") {
            let content = content(files, ".SIGN", file.size, limit)?;
            let block = pem::first(&content).map(|block| block.bytes);
            signature = Some(block.unwrap_or(content));
        }
    }
    Ok(signature)
}

/// What the last file of this name says.
fn pairs(files: &mut Files<'_, '_>, limit: u64) -> Result<Option<Pairs>, KindError> {
    let mut pairs = None;
    while let Some(file) = files.next()? {
        if file.name == b".PKGINFO" {
            let content = content(files, ".PKGINFO", file.size, limit)?;
            let read = pkginfo::read(&content);
            pairs = Some(read.map_err(|fault| invalid(format!("parsing .PKGINFO: {fault}")))?);
        }
    }
    Ok(pairs)
}

fn content(
    files: &mut Files<'_, '_>,
    name: &str,
    size: u64,
    limit: u64,
) -> Result<Vec<u8>, KindError> {
    if size > limit {
        return Err(invalid(format!(
            "uncompressed {name} file size {size} exceeds max allowed size {limit}"
        )));
    }
    files.content()
}

fn verify(package: &Package<'_>, key: &Key) -> Result<(), KindError> {
    let bits = key.bits().to_vec();
    let (key, message) = match key.scheme()? {
        Scheme::Rsa(_) => (DigestKey::Rsa(bits), "crypto/rsa: verification error"),
        Scheme::EcdsaP256 => (DigestKey::Ecdsa(Curve::P256, bits), ECDSA),
        Scheme::EcdsaP384 => (DigestKey::Ecdsa(Curve::P384, bits), ECDSA),
        Scheme::EcdsaP521 => (DigestKey::Ecdsa(Curve::P521, bits), ECDSA),
        Scheme::Ed25519 => {
            return Err(invalid("packages of Alpine Linux cannot be signed with Ed25519"));
        }
    };
    match key.made(Hash::Sha1, &Hash::Sha1.of(package.control), &package.signature) {
        Some(true) => Ok(()),
        Some(false) => Err(invalid(message)),
        None => Err(invalid("this log cannot verify signatures over SHA-1 by keys of this kind")),
    }
}

const ECDSA: &str = "invalid signature when validating ASN.1 encoded signature";
