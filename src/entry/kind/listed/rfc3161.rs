//! Timestamps: `rfc3161` 0.0.1, by the hash of the authority's whole response.

use crate::facts::Facts;
use crate::json::Value;

pub(super) fn timestamp(spec: &Value<'_>, facts: &mut Facts) {
    facts.content(spec, &["tsr", "content"]);
}
