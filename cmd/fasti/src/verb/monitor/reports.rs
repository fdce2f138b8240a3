//! Where reports go: to the webhook first, which can fail, then to standard output and the feed.
//!
//! Invariant: what the webhook does not take is printed nowhere either, and comes again.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use fasti::clock::{Clock as _, SystemClock};
use fasti::monitor::event::{Event, What};
use fasti::monitor::feed::Feed;
use fasti::monitor::rules::Outlet;
use fasti::monitor::webhook::Webhook;
use tokio::sync::Mutex;

use super::settings::{FEED_ENTRIES, Settings};
use crate::files;
use crate::format::Format;
use crate::terminal;

/// The largest file with a secret, in bytes.
const SECRET_BYTES_MAX: usize = 4096;

/// All outputs.
pub struct Reports {
    format: Format,
    /// Whether rounds without anything new are printed for people.
    shows_all: bool,
    webhook: Option<Webhook>,
    /// One report after another.
    feed: Mutex<Option<Feed>>,
}

impl Reports {
    /// Opens the outputs.
    pub fn new(
        settings: &Settings,
        state: &Path,
        format: Format,
        shows_all: bool,
    ) -> anyhow::Result<Self> {
        let webhook = match (&settings.webhook, &settings.webhook_secret) {
            (None, None) => None,
            (Some(url), Some(path)) => {
                let secret = files::read(path, SECRET_BYTES_MAX)?;
                let webhook = Webhook::new(url, secret.trim_ascii_end(), Arc::new(SystemClock));
                Some(webhook.context("--webhook")?)
            }
            _ => bail!("--webhook and --webhook-secret need each other"),
        };
        let feed = settings.atom.as_ref().map(|file| Feed {
            file: file.clone(),
            kept: state.join("feed.jsonl"),
            entries_max: settings.atom_entries.unwrap_or(FEED_ENTRIES),
        });
        Ok(Self { format, shows_all, webhook, feed: Mutex::new(feed) })
    }

    fn print(&self, events: &[Event]) -> std::io::Result<()> {
        let lines: Vec<String> = match self.format {
            Format::Json => events.iter().map(|event| event.json().to_string()).collect(),
            Format::Default => {
                events.iter().filter(|event| self.is_shown(event)).map(Event::words).collect()
            }
        };
        match self.format {
            _ if lines.is_empty() => Ok(()),
            Format::Json => terminal::print_json(&lines.join("\n")),
            Format::Default => terminal::print(&lines),
        }
    }

    fn is_shown(&self, event: &Event) -> bool {
        match &event.what {
            What::Round(summary) => self.shows_all || summary.counts.entries > 0,
            _ => true,
        }
    }
}

#[async_trait]
impl Outlet for Reports {
    async fn deliver(&self, events: &[Event]) -> Result<(), String> {
        let news: Vec<Event> = events.iter().filter(|event| event.is_news()).cloned().collect();
        let sent = match &self.webhook {
            Some(webhook) if !news.is_empty() => webhook.send(&news).await,
            _ => Ok(()),
        };
        // A match comes again, but what is wrong with a log has to be seen now.
        let is_urgent =
            |event: &&Event| !matches!(event.what, What::Match { .. } | What::LeftOut(_));
        let urgent: Vec<Event>;
        let shown = if sent.is_ok() {
            events
        } else {
            urgent = events.iter().filter(is_urgent).cloned().collect();
            &urgent
        };
        let feed = self.feed.lock().await;
        self.print(shown).map_err(|error| format!("cannot write to standard output: {error}"))?;
        if let Some(feed) = &*feed {
            let news: Vec<Event> = shown.iter().filter(|event| event.is_news()).cloned().collect();
            if !news.is_empty() {
                feed.add(&news, SystemClock.date())
                    .map_err(|error| format!("cannot write the feed: {error}"))?;
            }
        }
        sent.map_err(|reason| format!("reports were not delivered: {reason}"))
    }
}
