//! A message as one line of JSON, for programs that collect messages.
//!
//! ```text
//! {"timestamp": "2026-12-01T09:30:00.123456Z", "level": "INFO", "target": "fasti_log::driver",
//!  "message": "...", "request_id": "...", "dropped": 3, "fields": {...}}
//! ```
//! `timestamp` is UTC, with six digits. `request_id` is there in messages about a request, and
//! `dropped` if that many messages from the same place were dropped before. This form only ever
//! gets more members.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use clap::ValueEnum;
use fasti::causes::with_causes;
use fasti::request_id::RequestId;
use serde::Serialize;
use serde_json::{Map, Value};
use time::{OffsetDateTime, UtcDateTime};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// The form of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A message.
#[derive(Clone, Debug, Serialize)]
pub struct LogLine {
    timestamp: String,
    level: &'static str,
    target: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
    fields: Map<String, Value>,
}

impl LogLine {
    /// The message of an event, now, in the request that is being answered here.
    pub fn of(event: &Event<'_>, dropped: u64) -> Self {
        let metadata = event.metadata();
        let mut line = Self::new(*metadata.level(), metadata.target(), String::new());
        event.record(&mut Words(&mut line));
        line.dropped = (dropped > 0).then_some(dropped);
        line
    }

    /// A message without fields.
    pub fn new(level: Level, target: &str, message: String) -> Self {
        Self {
            timestamp: timestamp(SystemTime::now()),
            level: level.as_str(),
            target: target.to_owned(),
            message,
            request_id: RequestId::current().map(|id| id.to_string()),
            dropped: None,
            fields: Map::new(),
        }
    }

    /// The line, without its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written")
    }
}

fn timestamp(now: SystemTime) -> String {
    let now = UtcDateTime::from(OffsetDateTime::from(now));
    let (date, (hour, minute, second, micro)) = (now.date(), now.time().as_hms_micro());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
}

/// Collects what an event says.
struct Words<'a>(&'a mut LogLine);

impl Words<'_> {
    fn add(&mut self, field: &Field, value: Value) {
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match field.name() {
            "message" => self.0.message = text(value),
            // Of libraries that log in another way.
            "log.target" => self.0.target = text(value),
            name if name.starts_with("log.") => {}
            name => {
                self.0.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Words<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, with_causes(value).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_have_one_form() {
        let at = |micros| timestamp(SystemTime::UNIX_EPOCH + Duration::from_micros(micros));
        assert_eq!(at(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(1_798_761_599_000_001), "2026-12-31T23:59:59.000001Z");
    }
}
