//! How far a long command has got.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::terminal;

/// A progress bar on a terminal; hidden otherwise.
pub fn progress_bar() -> ProgressBar {
    if !is_drawn() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{wide_bar} {human_pos}/{human_len} entries, {per_sec}, {eta} left",
    );
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Whether a bar can be drawn.
fn is_drawn() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    !is_dumb && std::io::stderr().is_terminal()
}

/// How a command of hours tells how far it has got.
#[derive(Args)]
pub struct ProgressFlags {
    /// Do not tell how far the command has got
    #[arg(long)]
    quiet: bool,
    /// Without a terminal, tell how far the command has got this often, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, conflicts_with = "quiet")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    progress_seconds: u64,
}

/// Tells how far a command has got: a bar on a terminal, and otherwise a line now and then.
pub struct Progress {
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
}

/// The lines of a command without a terminal.
struct Lines {
    every: Duration,
    began: Instant,
    told: Instant,
    all: u64,
    done: u64,
}

impl ProgressFlags {
    /// Begins to tell.
    pub fn begin(&self) -> Progress {
        if self.quiet {
            return Progress { bar: ProgressBar::hidden(), lines: None };
        }
        if is_drawn() {
            return Progress { bar: progress_bar(), lines: None };
        }
        let now = Instant::now();
        let every = Duration::from_secs(self.progress_seconds);
        let lines = Lines { every, began: now, told: now, all: 0, done: 0 };
        Progress { bar: ProgressBar::hidden(), lines: Some(Mutex::new(lines)) }
    }
}

impl Progress {
    /// There is this much to do.
    pub fn announce(&self, all: u64) {
        self.bar.set_length(all);
        if let Some(lines) = &self.lines {
            lines.lock().unwrap_or_else(PoisonError::into_inner).all = all;
        }
    }

    /// This much more is done.
    pub fn add(&self, count: u64) {
        self.bar.inc(count);
        if let Some(lines) = &self.lines {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.done += count;
            let now = Instant::now();
            if now - lines.told >= lines.every {
                lines.told = now;
                terminal::say(&line(lines.done, lines.all, now - lines.began));
            }
        }
    }

    /// All is done.
    pub fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// How far a command has got, with its rate and the time left.
fn line(done: u64, all: u64, taken: Duration) -> String {
    let milliseconds = taken.as_millis().max(1);
    let rate = u128::from(done) * 1000 / milliseconds;
    let left = u128::from(all.saturating_sub(done)) * milliseconds / u128::from(done.max(1));
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
    let rate = u64::try_from(rate).unwrap_or(u64::MAX);
    format!(
        "{} of {} entries, {} a second, {} left",
        HumanCount(done),
        HumanCount(all),
        HumanCount(rate),
        HumanDuration(left)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_rate_and_time_left() {
        let told = line(250_000, 1_000_000, Duration::from_secs(100));
        assert_eq!(told, "250,000 of 1,000,000 entries, 2,500 a second, 5 minutes left");
        assert!(line(0, 10, Duration::ZERO).starts_with("0 of 10 entries, 0 a second"));
    }
}
