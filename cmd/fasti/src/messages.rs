//! What a server says while it runs: the library's messages from info on, on standard error.
//!
//! Each place in the code is heard once in [`PACE`], and then says how often it was not: whoever
//! asks for what is out of reach must not fill a disk.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fasti::causes::with_causes;
use fasti::request_id::RequestId;
use fasti_flags::{LogFormat, LogLine};
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Level, Metadata};

use crate::terminal;

/// How often one place in the code is heard.
const PACE: Duration = Duration::from_secs(1);

/// Shows messages from now on.
pub fn show(format: LogFormat) {
    // If something else shows them, they are seen.
    let messages = Messages { format, places: Mutex::default() };
    drop(tracing::subscriber::set_global_default(messages));
}

/// Writes messages to the terminal.
struct Messages {
    format: LogFormat,
    places: Mutex<HashMap<Identifier, Heard>>,
}

/// When a place in the code was heard, and how often it was not since.
struct Heard {
    last: Instant,
    left_out: u64,
}

impl Messages {
    /// How many messages of this place were left out before this one; `None` if it is one more.
    fn left_out(&self, place: Identifier, now: Instant) -> Option<u64> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(heard) = places.get_mut(&place) else {
            places.insert(place, Heard { last: now, left_out: 0 });
            return Some(0);
        };
        if now.saturating_duration_since(heard.last) < PACE {
            heard.left_out += 1;
            return None;
        }
        heard.last = now;
        Some(std::mem::take(&mut heard.left_out))
    }
}

impl Subscriber for Messages {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    /// Other libraries complain about clients.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("fasti")
    }

    fn event(&self, event: &Event<'_>) {
        let Some(left_out) = self.left_out(event.metadata().callsite(), Instant::now()) else {
            return;
        };
        if self.format == LogFormat::Json {
            terminal::say_json(&LogLine::of(event, left_out).to_json());
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        let Words { message, fields } = words;
        let more = match left_out {
            0 => String::new(),
            count => format!(" ({count} more like this were left out)"),
        };
        let request = RequestId::current().map(|id| format!("; request_id {id}"));
        let request = request.unwrap_or_default();
        let level = event.metadata().level().as_str().to_lowercase();
        terminal::say(&format!("{level}: {message}{fields}{request}{more}"));
    }

    // Nothing here is about spans.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// An event in words.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &with_causes(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "error" => write!(self.fields, ": {value:?}"),
            name => write!(self.fields, "; {name} {value:?}"),
        };
    }
}
