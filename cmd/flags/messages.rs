//! A server's log messages on stderr, and their rate.
//!
//! Misbehaving clients make the HTTP libraries complain, and an unreachable store makes the log
//! repeat itself. So warnings of those libraries are dropped, and each place in the code can log
//! [`BURST`] messages at once and then one every [`PACE`]. The next message says how many were
//! dropped. `FASTI_LOG_FILTER` sets other levels.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::colours;

/// The default filter. Errors of the HTTP and TLS libraries are their own faults; their warnings
/// are faults of clients.
const FILTER: &str = "info,h2=error,hyper=error,hyper_util=error,\
                      reqwest=error,rustls=error,tokio_rustls=error,tonic=error";

/// Maximum number of messages from one place in the code at once.
const BURST: u32 = 20;
/// How often one more message is allowed.
const PACE: Duration = Duration::from_secs(5);

/// Installs the subscriber that shows messages.
pub fn show_messages() {
    let filter =
        EnvFilter::try_from_env("FASTI_LOG_FILTER").unwrap_or_else(|_| EnvFilter::new(FILTER));
    let bounded = Bounded { format: Format::default(), places: Mutex::default() };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours::suit(&std::io::stderr()))
        .event_format(bounded)
        .with_writer(std::io::stderr)
        .init();
}

/// A format that bounds the number of messages from each place.
struct Bounded<F> {
    format: F,
    places: Mutex<HashMap<Identifier, Allowance>>,
}

impl<S, N, F> FormatEvent<S, N> for Bounded<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
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
        match left_out {
            None => return Ok(()),
            Some(0) => {}
            Some(count) => writeln!(writer, "({count} messages like the next one were dropped)")?,
        }
        self.format.format_event(context, writer, event)
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
        let bounded = Bounded { format: Format::default(), places: Mutex::default() };
        let writer = shown.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(bounded)
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
