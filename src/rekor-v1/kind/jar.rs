//! The kind `jar` 0.0.1: a signed Java archive.
//!
//! An archive has one signature file, `META-INF/NAME.SF`, and beside it the signature over that,
//! `META-INF/NAME.RSA`, `.EC` or the like (`pki::pkcs7`). The signature file covers the manifest,
//! and that covers the files (`signed`). Names of files in `META-INF` count in upper case.
//!
//! The entry holds the archive's digest, the signature without the signature file in it, and the
//! first certificate that came along. A signature that the submitter sends is not looked at.
//!
//! Where an archive has several signatures and one signature file, Rekor stores the first of them,
//! verified or not. Here it is the one that was verified.

mod manifest;
mod signed;
#[cfg(test)]
mod tests;
mod zip;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use self::manifest::said;
use self::zip::{Archive, Budget, File};
use super::content::Content;
use crate::draft::Draft;
use crate::error::{KindError, invalid};
use crate::json::Object;
use crate::limits::Setting;
use crate::pki::pkcs7::SignedData;
use crate::pki::x509::Key;

const FOLDER: &str = "META-INF/";

pub(super) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let content = Content::read(spec, "archive", "archive content");
    let content = content.map_err(|error| match error {
        // Rekor knows no archive by its digest alone.
        KindError::NotInsertable(_) => KindError::Content("package"),
        other => other,
    })?;
    let sha256 = content.sha256()?;
    let limits = &setting.limits;
    let archive = Archive::read(&content.bytes, limits.files_max)?;
    let mut budget = Budget::of(limits.inflated_bytes_max);
    let parts = Parts::find(&archive, limits.metadata_bytes_max)?;
    let mut read = |file| archive.content(file, limits.metadata_bytes_max, &mut budget);
    let manifest = read(parts.manifest)?;
    let signature_file = read(parts.signature_file)?;
    let block = read(parts.block)?;
    let signature = SignedData::read(&block)?;
    let keys = signature.verify(&signature_file)?;
    signed::check_manifest(&signature_file, &manifest, limits.files_max)?;
    signed::check_files(&archive, &manifest, limits.files_max, &mut budget)?;
    let certificate = signature.first_certificate()?;
    let signature = signature.detached();
    let spec = json!({
        "archive": {"hash": {"algorithm": "sha256", "value": sha256}},
        "signature": {
            "content": STANDARD.encode(&signature),
            "publicKey": {"content": STANDARD.encode(certificate)},
        },
    });
    let signers = keys.iter().map(Key::signer).collect();
    let index_keys = vec![hex::encode(Sha256::digest(&signature)), format!("sha256:{sha256}")];
    Ok(Draft { spec, signers, index_keys, attestation: None })
}

/// The files that make an archive a signed one.
struct Parts<'f, 'a> {
    manifest: &'f File<'a>,
    signature_file: &'f File<'a>,
    block: &'f File<'a>,
}

impl<'f, 'a> Parts<'f, 'a> {
    /// Finds them; of several files with one name the last counts. No file of metadata may be
    /// larger than `size_max`.
    fn find(archive: &'f Archive<'a>, size_max: usize) -> Result<Self, KindError> {
        let (mut manifest, mut signature_files, mut blocks) = (None, Vec::new(), Vec::new());
        for file in &archive.files {
            let name = String::from_utf8_lossy(file.name).to_uppercase();
            let Some(name) = name.strip_prefix(FOLDER).filter(|name| !name.contains('/')) else {
                continue;
            };
            let Some((base, end)) = name.rsplit_once('.') else { continue };
            if file.size > size_max as u64 {
                let size = file.size;
                return Err(invalid(format!(
                    "uncompressed jar metadata of size {size} exceeds max allowed size {size_max}"
                )));
            }
            match end {
                "MF" if base == "MANIFEST" => manifest = Some(file),
                "SF" => {
                    signature_files.retain(|(found, _)| found != base);
                    signature_files.push((base.to_owned(), file));
                }
                "RSA" | "DSA" | "EC" => blocks.push((base.to_owned(), file)),
                _ if name.starts_with("SIG-") => blocks.push((base.to_owned(), file)),
                _ => {}
            }
        }
        let no_manifest = || invalid("JAR contains no META-INF/MANIFEST.MF");
        let manifest = manifest.ok_or_else(no_manifest)?;
        let (base, signature_file) = match &signature_files[..] {
            [] => return Err(invalid("JAR contains no signatures")),
            [(base, file)] => (base, *file),
            _ => {
                let what = "multiple signatures detected in JAR; unable to process";
                return Err(invalid(what));
            }
        };
        let block = blocks.iter().rev().find(|(found, _)| found == base);
        let (_, block) = block.ok_or_else(|| {
            let base = said(base);
            invalid(format!("JAR contains sigfile META-INF/{base}.SF with no matching signature"))
        })?;
        Ok(Self { manifest, signature_file, block: *block })
    }
}
