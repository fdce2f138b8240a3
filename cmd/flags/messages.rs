//! A server's log messages on stderr, and their rate.
//!
//! Misbehaving clients make the HTTP libraries complain, and an unreachable store makes the log
//! repeat itself. So warnings of those libraries are dropped, and each place in the code can log
//! [`BURST`] messages at once and then one every [`PACE`]. The next message says how many were
//! dropped.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use fasti::causes::with_causes;
use fasti::request_id::RequestId;
use tracing::callsite::Identifier;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload::Error as ReloadError;

use super::colours;
use super::log_line::{LogFormat, LogLine};

/// The default levels. Errors of the HTTP and TLS libraries are their own faults; their warnings
/// are faults of clients.
const LEVELS: &str = "info,h2=error,hyper=error,hyper_util=error,\
                      reqwest=error,rustls=error,tokio_rustls=error,tonic=error";

/// Maximum number of messages from one place in the code at once.
const BURST: u32 = 20;
/// How often one more message is allowed.
const PACE: Duration = Duration::from_secs(5);

/// The flags for messages.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Messages")]
pub struct MessageFlags {
    /// Which messages to log: a level (error, warn, info, debug, trace or off), and other levels
    /// for parts of the program after commas, such as info,fasti_http=debug [default: info, and
    /// only errors of the libraries for HTTP and TLS]
    #[arg(long, env = "FASTI_LOG_FILTER", value_name = "LEVELS")]
    pub log_filter: Option<Levels>,

    /// The form of messages: lines for people, or one JSON object a line
    #[arg(long, env = "FASTI_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Which messages to log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(String);

impl FromStr for Levels {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // An empty variable counts as not set.
        let text = if text.is_empty() { LEVELS } else { text };
        EnvFilter::builder().parse(text).map(|_| Self(text.to_owned()))
    }
}

impl Levels {
    fn filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl MessageFlags {
    fn levels(&self) -> Levels {
        self.log_filter.clone().unwrap_or_else(|| Levels(LEVELS.to_owned()))
    }
}

/// Shows messages of other levels.
type Choose = dyn Fn(&Levels) -> Result<(), ReloadError> + Send + Sync;

/// The messages that are shown.
pub struct Messages {
    format: LogFormat,
    choose: Box<Choose>,
}

/// Shows messages from now on.
pub fn show_messages(flags: &MessageFlags) -> Messages {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(flags.levels().filter())
        .with_ansi(colours::suit(&std::io::stderr()))
        .event_format(Bounded::new(flags.log_format))
        .with_writer(std::io::stderr)
        .with_filter_reloading();
    let handle = builder.reload_handle();
    builder.init();
    let choose = move |levels: &Levels| handle.reload(levels.filter());
    Messages { format: flags.log_format, choose: Box::new(choose) }
}

impl Messages {
    /// Shows messages of other levels.
    pub fn choose(&self, flags: &MessageFlags) -> Result<(), ReloadError> {
        (self.choose)(&flags.levels())
    }

    /// Whether they are for programs.
    pub fn are_json(&self) -> bool {
        self.format == LogFormat::Json
    }

    /// Says why a program ends, whatever the levels are.
    pub fn fail(&self, program: &str, error: &(dyn std::error::Error + 'static)) {
        let words = with_causes(error);
        match self.format {
            LogFormat::Text => eprintln!("{program}: {words}"),
            LogFormat::Json => {
                eprintln!("{}", LogLine::new(Level::ERROR, program, words).to_json());
            }
        }
    }
}

/// A format that bounds the number of messages from each place.
struct Bounded {
    form: LogFormat,
    text: Format,
    places: Mutex<HashMap<Identifier, Allowance>>,
}

impl Bounded {
    fn new(form: LogFormat) -> Self {
        Self { form, text: Format::default(), places: Mutex::default() }
    }
}

impl<S, N> FormatEvent<S, N> for Bounded
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let left_out = {
            let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let place = places.entry(event.metadata().callsite());
            place.or_insert_with(|| Allowance::new(now)).take(now)
        };
        let Some(left_out) = left_out else { return Ok(()) };
        if self.form == LogFormat::Json {
            return writeln!(writer, "{}", LogLine::of(event, left_out).to_json());
        }
        if left_out > 0 {
            writeln!(writer, "({left_out} messages like the next one were dropped)")?;
        }
        let Some(request) = RequestId::current() else {
            return self.text.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.text.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{} request_id={request}", line.trim_end_matches('\n'))
    }
}

/// How many messages one place can still log.
struct Allowance {
    left: u32,
    /// When `left` was last increased.
    counted: Instant,
    left_out: u64,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Self { left: BURST, counted: now, left_out: 0 }
    }

    /// Returns how many messages were dropped before this one, or `None` if it is dropped too.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let more = now.saturating_duration_since(self.counted).as_millis() / PACE.as_millis();
        let more = u32::try_from(more).unwrap_or(BURST).min(BURST);
        if more > 0 {
            self.left = (self.left + more).min(BURST);
            self.counted = if self.left == BURST { now } else { self.counted + PACE * more };
        }
        if self.left == 0 {
            self.left_out += 1;
            return None;
        }
        self.left -= 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_a_few_things_at_once_and_then_one_at_a_time() {
        let began = Instant::now();
        let mut place = Allowance::new(began);
        let mut said = |after: Duration| place.take(began + after);
        for _ in 0..BURST {
            assert_eq!(said(Duration::ZERO), Some(0));
        }
        for _ in 0..100 {
            assert_eq!(said(PACE / 2), None);
        }
        assert_eq!(said(PACE), Some(100));
        assert_eq!(said(PACE), None);
        assert_eq!(said(PACE * 2), Some(1));
        for _ in 0..BURST {
            assert_eq!(said(PACE * 1000), Some(0), "after a pause it may say as much again");
        }
        assert_eq!(said(PACE * 1000), None);
    }

    #[test]
    fn levels_are_checked_before_they_are_used() {
        assert_eq!("".parse::<Levels>().unwrap(), Levels(LEVELS.to_owned()));
        "debug,h2=off".parse::<Levels>().unwrap();
        for bad in ["info,h2=loud", "info,=debug="] {
            bad.parse::<Levels>().unwrap_err();
        }
    }

    #[test]
    fn a_flood_of_one_message_is_shown_in_part_and_counted() {
        use std::io::Write;
        use std::sync::Arc;

        #[derive(Clone, Default)]
        struct Shown(Arc<Mutex<Vec<u8>>>);
        impl Write for Shown {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }

        let shown = Shown::default();
        let writer = shown.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(Bounded::new(LogFormat::Text))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..1000 {
                tracing::warn!(n, "a client misbehaves");
            }
            tracing::error!("something else");
        });
        let shown = String::from_utf8(shown.0.lock().unwrap().clone()).unwrap();
        let lines = |of: &str| shown.lines().filter(|line| line.contains(of)).count();
        assert_eq!(lines("a client misbehaves"), BURST as usize, "{shown}");
        assert_eq!(lines("something else"), 1);
    }
}
