//! `validFor`, a time window as Sigstore's formats write it: `dev.sigstore.common.v1.TimeRange`.

use fasti_entry::EntryError;
use fasti_entry::protojson::{Unknown, Value, fields, optional};
use fasti_read::window::{Window, WindowError};
use serde::Serialize;

/// A time window as text (RFC 3339), so that it can be written as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

impl Span {
    /// Its two ends as times.
    pub(super) fn window(&self) -> Result<Window, WindowError> {
        Window::parse(self.start.as_deref(), self.end.as_deref())
    }

    pub(super) fn from_json(value: Value<'_>) -> Result<Self, EntryError> {
        let [start, end] = fields(value, ["start", "end"], Unknown::Ignore)?;
        Ok(Self {
            start: optional(start, "start", Value::string)?,
            end: optional(end, "end", Value::string)?,
        })
    }
}
