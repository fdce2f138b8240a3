//! `tuf` 0.0.1: signed metadata of a TUF repository (theupdateframework.github.io/specification),
//! with the root that names the keys.
//!
//! Both are JSON objects, or base64 of one. The root must have signed itself, with as many keys as
//! it demands, and the metadata must be signed with as many keys as the root demands for its role.
//! Neither may have expired.
//!
//! The canonical form has both in the form of RFC 8785, without what is neither signed nor a
//! signature.
//!
//! Rekor answers 500 where a content is a text that is not base64; here it is refused. Names of
//! members are taken as they are, where Rekor takes them in any case. A key that the root lists
//! under two IDs counts once, whatever else the root says of it.

mod canonical;
mod document;
mod expiry;
mod key;
mod root;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::base64_text;
use crate::draft::Draft;
use crate::error::{KindError, invalid, required};
use crate::json::{self, Object};
use crate::limits::Setting;
use document::Document;
use root::Root;

/// The largest metadata and root. A canonical body has room for a tenth of it.
const CONTENT_BYTES_MAX: usize = 1 << 20;

pub(super) fn accept(spec: &Object<'_>, setting: &Setting) -> Result<Draft, KindError> {
    let metadata = content(spec, "metadata")?;
    let root = content(spec, "root")?;
    let metadata = Document::parse(&decoded(metadata, "metadata")?)?;
    let root = Document::parse(&decoded(root, "root")?)?;
    let keys = Root::read(&root)?;
    keys.verify(&root, "root", setting.now)?;
    let signers = keys.verify(&metadata, &metadata.role, setting.now)?;
    let (metadata_bytes, root_bytes) = (metadata.canonical()?, root.canonical()?);
    let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let index_keys = vec![
        sha256(&metadata_bytes),
        metadata.role.clone(),
        metadata.version.to_string(),
        sha256(&root_bytes),
    ];
    let mut spec = json!({
        "metadata": { "content": STANDARD.encode(metadata_bytes) },
        "root": { "content": STANDARD.encode(root_bytes) },
    });
    if !root.spec_version.is_empty() {
        spec["spec_version"] = root.spec_version.into();
    }
    Ok(Draft { spec, signers, index_keys, attestation: None })
}

/// A root in canonical form, as searches for a key of this kind have it.
pub(crate) fn canonical_root(text: &[u8]) -> Result<Vec<u8>, KindError> {
    if text.len() > CONTENT_BYTES_MAX {
        let (what, limit) = ("the size of metadata of TUF", CONTENT_BYTES_MAX as u64);
        return Err(KindError::Limit { what, limit });
    }
    let root = Document::parse(text)?;
    Root::read(&root)?;
    root.canonical()
}

/// The content of a member, as JSON or as a text.
fn content<'a>(spec: &Object<'a>, name: &str) -> Result<&'a str, KindError> {
    let member = spec.object(name).ok_or_else(|| required(name))?;
    let content = member.raw("content");
    let content = content.ok_or_else(|| required(&format!("{name}.{name}.content")))?;
    if content.get().len() > CONTENT_BYTES_MAX {
        let (what, limit) = ("the size of metadata of TUF", CONTENT_BYTES_MAX as u64);
        return Err(KindError::Limit { what, limit });
    }
    Ok(content.get())
}

/// The JSON in a content.
fn decoded<'a>(content: &'a str, name: &str) -> Result<Cow<'a, [u8]>, KindError> {
    let raw = serde_json::from_str(content).map_err(|error| invalid(error.to_string()))?;
    let Some(text) = json::text(raw) else { return Ok(content.as_bytes().into()) };
    let bytes = base64_text::decode(text.as_bytes()).map_err(|at| {
        let fault = format!("illegal base64 data at input byte {at}");
        invalid(format!("base64 decoding TUF {name} content: {fault}"))
    })?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests;
