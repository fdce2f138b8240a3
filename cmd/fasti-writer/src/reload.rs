//! What the writer reads again on SIGHUP: its configuration, the lists of who may write, and the
//! certificate. What it cannot change while it runs it names.

use std::sync::Arc;

use anyhow::Context as _;
use fasti::admit::Admission;
use fasti::causes::with_causes;
use fasti::http::Tls;
use fasti_flags::ServerFlags as _;
use fasti_flags::config::{self, Loaded, Settings};
use fasti_flags::{Messages, Supervisor};
use tokio::signal::unix::Signal;

use crate::flags::Flags;

/// The flags that take effect without a restart.
const RELOADED: [&str; 8] = [
    "add-tokens",
    "allow-identities",
    "allow-keys",
    "log-filter",
    "rate-limit-client",
    "rate-limit-client-bytes",
    "rate-limit-global",
    "rate-limit-global-bytes",
];

/// What is read again, and what it changes.
pub struct Reload {
    /// Is told about it.
    pub supervisor: Arc<Supervisor>,
    /// The messages that are shown.
    pub messages: Arc<Messages>,
    /// Who may write, and how much.
    pub admission: Arc<Admission>,
    /// The certificate, if there is one.
    pub tls: Option<Arc<Tls>>,
    /// What was in effect at the start.
    pub started: Settings,
    /// What is in effect, as far as it can change.
    pub current: Settings,
}

impl Reload {
    /// Reloads on each signal, forever.
    pub async fn follow(mut self, mut told: Signal) {
        let supervisor = self.supervisor.clone();
        while told.recv().await.is_some() {
            supervisor.reload(self.once()).await;
        }
    }

    async fn once(&mut self) {
        if let Some(tls) = &self.tls {
            tls.reload().await;
        }
        let read = tokio::task::spawn_blocking(read).await.map_err(anyhow::Error::from);
        match read.and_then(|read| read) {
            Ok(read) => self.adopt(read).await,
            Err(error) => tracing::error!(
                "cannot reload the configuration; it stays as it was: {}",
                with_causes(error.as_ref())
            ),
        }
    }

    async fn adopt(&mut self, Loaded { flags, settings }: Loaded<Flags>) {
        let needs_restart = settings.differing(&self.started);
        let needs_restart: Vec<_> =
            needs_restart.into_iter().filter(|key| !RELOADED.contains(key)).collect();
        if !needs_restart.is_empty() {
            let flags = needs_restart.join(" ");
            tracing::warn!(flags, "these flags have changed, which takes a restart to have effect");
        }
        let changed = settings.differing(&self.current);
        let changed: Vec<_> = changed.into_iter().filter(|key| RELOADED.contains(key)).collect();
        if changed.contains(&"log-filter")
            && let Err(error) = self.messages.choose(&flags.messages)
        {
            tracing::error!(%error, "cannot show other messages");
        }
        let rates_changed = changed.iter().any(|key| key.starts_with("rate-limit-"));
        if flags.admission.reload(self.admission.clone(), rates_changed).await {
            let changed = changed.join(" ");
            tracing::info!(changed, "reloaded the configuration");
            self.current = settings;
        }
    }
}

/// The configuration as it is now.
fn read() -> anyhow::Result<Loaded<Flags>> {
    let read = config::load::<Flags>(std::env::args_os()).map_err(|error| {
        let words = error.to_string();
        let words = words.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
        anyhow::Error::msg(words.to_owned())
    })?;
    read.flags.check().context("flags contradict each other")?;
    Ok(read)
}
