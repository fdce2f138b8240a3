//! Which logs to watch, where they are, and whom to trust about each.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use fasti::client::fetch::{Fetch, Location};
use fasti::client::monitor::Monitor;
use fasti::client::trust::{Trust, TrustedLog};
use fasti::monitor::rules::{Start, Watched};
use fasti::verify::signing_config::{SIGNING_CONFIG_BYTES_MAX, SigningConfig};
use fasti::verify::trusted_root::{TRUSTED_ROOT_BYTES_MAX, logs_at};
use tiles_spec::{ResourcePath, VerifierKey};

use super::settings::{Arguments, From, LogTable, Settings};
use crate::files;
use crate::globals::Globals;
use crate::terminal;

/// The most logs.
const LOGS_MAX: usize = 256;
/// The version of Rekor's API whose logs are tiled.
const TILED: u32 = 2;
/// Where Rekor v2 serves its files, below its URL.
const BELOW: &str = "/api/v2";

/// All logs to watch.
pub async fn watched(
    globals: &Globals,
    arguments: &Arguments,
    settings: &Settings,
    state: &Path,
) -> anyhow::Result<Vec<Watched>> {
    ensure!(
        settings.signing_config.is_none() || settings.trusted_root.is_some(),
        "--signing-config needs a --trusted-root with the keys of the logs"
    );
    let mut logs = Vec::new();
    let has_own = !arguments.logs.is_empty() || !settings.logs.is_empty();
    let takes_root = settings.trusted_root.is_some() && !globals.is_log_named;
    // What the environment names is watched if nothing else is.
    let named = globals.log.iter().filter(|_| globals.is_log_named || (!has_own && !takes_root));
    for location in arguments.logs.iter().chain(named) {
        let trust = globals.trusted_root(settings.trusted_root.as_ref())?.trust;
        ensure!(!trust.logs.is_empty(), "no key of a tiled log: give it with --vkey");
        logs.push(watch(globals.open(location)?, location, trust, settings.from));
    }
    for table in &settings.logs {
        logs.push(in_table(globals, table, settings)?);
    }
    if logs.is_empty() {
        let Some(root) = &settings.trusted_root else {
            bail!("no log given: name its URL or directory, or a --trusted-root");
        };
        logs = in_root(globals, settings, root, state).await?;
    }
    ensure!(!logs.is_empty(), "there is no tiled log in the trusted root");
    ensure!(logs.len() <= LOGS_MAX, "there are more than {LOGS_MAX} logs");
    Ok(logs)
}

fn watch(fetch: Arc<dyn Fetch>, location: &Location, trust: Trust, from: Option<From>) -> Watched {
    let start = from.map_or(Start::Now, |From(from)| Start::At(from));
    Watched { fetch, place: location.to_string(), trust, start }
}

/// A log in the file, with its own keys or with those of the command line.
fn in_table(globals: &Globals, table: &LogTable, settings: &Settings) -> anyhow::Result<Watched> {
    let name = || format!("the log {:?}", table.log);
    let location: Location = table.log.parse().with_context(name)?;
    let keys = table.vkey.iter().map(|key| key.parse::<VerifierKey>());
    let keys = keys.collect::<Result<Vec<_>, _>>().with_context(name)?;
    let trust = if keys.is_empty() && table.policy.is_none() {
        globals.trusted_root(settings.trusted_root.as_ref()).with_context(name)?.trust
    } else {
        globals.under_policy(Trust::in_keys(keys), table.policy.as_ref()).with_context(name)?
    };
    ensure!(!trust.logs.is_empty(), "the log {:?} has no vkey", table.log);
    Ok(watch(globals.open(&location)?, &location, trust, table.from.or(settings.from)))
}

/// The logs in a trusted root that serve tiles.
async fn in_root(
    globals: &Globals,
    settings: &Settings,
    root: &Path,
    state: &Path,
) -> anyhow::Result<Vec<Watched>> {
    let name = || root.display().to_string();
    let listed = logs_at(&files::read(root, TRUSTED_ROOT_BYTES_MAX)?).with_context(name)?;
    let chosen = settings.signing_config.as_deref().map(chosen).transpose()?;
    let mut logs = Vec::new();
    for (url, log) in listed {
        let url = url.trim_end_matches('/').to_owned();
        if chosen.as_ref().is_some_and(|chosen| !chosen.contains(&url)) {
            continue;
        }
        let trust = Trust { logs: vec![log.clone()], ..Trust::default() };
        let trust = globals.under_policy(trust, None)?;
        match place(globals, &url).await? {
            Some((location, fetch)) => logs.push(watch(fetch, &location, trust, settings.from)),
            None if chosen.is_some() || is_known(state, &log, &trust) => {
                let location: Location = url.parse()?;
                logs.push(watch(globals.open(&location)?, &location, trust, settings.from));
            }
            None => terminal::say(&format!("note: {url} serves no checkpoint, so it is left out")),
        }
    }
    Ok(logs)
}

/// The URLs of the tiled logs to which a signing config sends entries.
fn chosen(path: &Path) -> anyhow::Result<Vec<String>> {
    let json = files::read(path, SIGNING_CONFIG_BYTES_MAX)?;
    let config = SigningConfig::read(&json).with_context(|| path.display().to_string())?;
    let tiled = config.rekor_tlog_urls.iter().filter(|log| log.major_api_version == TILED);
    Ok(tiled.map(|log| log.url.trim_end_matches('/').to_owned()).collect())
}

/// Where a log of a trusted root serves its files: at its URL, or below it. `None` if in neither
/// place. A log that is out of reach is at its URL.
async fn place(globals: &Globals, url: &str) -> anyhow::Result<Option<(Location, Arc<dyn Fetch>)>> {
    for url in [url.to_owned(), format!("{url}{BELOW}")] {
        let location: Location = url.parse()?;
        let fetch = globals.open(&location)?;
        match fetch.fetch(&ResourcePath::Checkpoint).await {
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return Ok(Some((location, fetch))),
        }
    }
    Ok(None)
}

/// Whether the log was watched before.
fn is_known(state: &Path, log: &TrustedLog, trust: &Trust) -> bool {
    Monitor::new(state.to_owned()).seen(log, trust).is_ok_and(|seen| seen.is_some())
}
