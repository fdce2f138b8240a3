//! What the writer says on stderr, and how much of it.
//!
//! Clients that misbehave make the libraries below HTTP complain, and a store that is away makes the
//! log say the same again and again. So warnings of those libraries are left out, and no place in
//! the code may say more than [`BURST`] things at once and one each [`PACE`] after that. How many
//! were left out stands before the next one. `FASTI_LOG_FILTER` chooses other levels.

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

use crate::colours;

/// What is said unless the environment wants something else. Errors of the libraries for HTTP and
/// TLS are their own faults, their warnings those of clients.
const FILTER: &str = "info,h2=error,hyper=error,hyper_util=error,\
                      reqwest=error,rustls=error,tokio_rustls=error,tonic=error";

/// Most messages of one place in the code at once.
const BURST: u32 = 20;
/// One more each time.
const PACE: Duration = Duration::from_secs(5);

/// From here on messages are shown.
pub fn show() {
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

/// A format for a bounded number of messages of each place.
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
            Some(count) => writeln!(writer, "({count} more like the next one were left out)")?,
        }
        self.format.format_event(context, writer, event)
    }
}

/// What one place may say.
struct Allowance {
    left: u32,
    /// When `left` was last counted up.
    counted: Instant,
    left_out: u64,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        Self { left: BURST, counted: now, left_out: 0 }
    }

    /// How many were left out before this one; `None` if it is left out as well.
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
