//! Signed metadata of TUF: `tuf` 0.0.1, with the root whose keys verify it.
//!
//! The root is the key, and also listed as an artifact, because Rekor does not tell the two apart.
//! Role and version of the metadata are listed as names, as in Rekor.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::facts::{Facts, base64};
use crate::json::Value;

const METADATA: [&str; 2] = ["metadata", "content"];
const ROOT: [&str; 2] = ["root", "content"];

/// What is read of metadata, which can have thousands of other members.
#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    signed: Signed<'a>,
}

#[derive(Deserialize)]
struct Signed<'a> {
    #[serde(borrow, rename = "_type")]
    role: Option<&'a RawValue>,
    #[serde(borrow)]
    version: Option<&'a RawValue>,
}

pub(super) fn metadata(spec: &Value<'_>, facts: &mut Facts) {
    facts.content(spec, &METADATA);
    facts.content(spec, &ROOT);
    facts.other_key(spec, &ROOT);
    let Some(metadata) = base64(spec, &METADATA) else { return };
    let Ok(Metadata { signed }) = serde_json::from_slice(&metadata) else { return };
    let role = signed.role.and_then(|role| serde_json::from_str::<Cow<'_, str>>(role.get()).ok());
    let version = signed.version.and_then(|number| serde_json::from_str::<i64>(number.get()).ok());
    facts.subjects.extend(role.filter(|role| !role.is_empty()).map(Cow::into_owned));
    facts.subjects.extend(version.map(|number| number.to_string()));
}
