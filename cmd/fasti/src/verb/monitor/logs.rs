//! Which logs to watch, where they are, and whom to trust about each.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use fasti::client::fetch::{Fetch, Location};
use fasti::client::monitor::Monitor;
use fasti::client::trust::Trust;
use fasti::monitor::rules::{Source, Watched};
use fasti::verify::signing_config::{SIGNING_CONFIG_BYTES_MAX, SigningConfig};
use tiles_spec::{ResourcePath, VerifierKey};

use super::rekor_v1;
use super::settings::{Arguments, From, LogTable, Settings, start};
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
    let has_own = !arguments.logs.is_empty()
        || !arguments.rekor_v1.is_empty()
        || !settings.logs.is_empty()
        || !settings.rekor_v1.is_empty();
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
    logs.extend(rekor_v1::named(globals, arguments, settings)?);
    if logs.is_empty() {
        let Some(root) = &settings.trusted_root else {
            bail!("no log given: name its URL or directory, or a --trusted-root");
        };
        logs = in_root(globals, settings, root, state).await?;
    }
    ensure!(!logs.is_empty(), "there is no log in the trusted root that can be watched");
    ensure!(logs.len() <= LOGS_MAX, "there are more than {LOGS_MAX} logs");
    Ok(logs)
}

fn watch(fetch: Arc<dyn Fetch>, location: &Location, trust: Trust, from: Option<From>) -> Watched {
    let start = start(from);
    Watched { place: location.to_string(), source: Source::Tiles { fetch, trust }, start }
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

/// The logs in a trusted root: those that serve tiles by them, others by the API of Rekor v1.
async fn in_root(
    globals: &Globals,
    settings: &Settings,
    root: &Path,
    state: &Path,
) -> anyhow::Result<Vec<Watched>> {
    let listed = rekor_v1::listed(root)?;
    let chosen = settings.signing_config.as_deref().map(chosen).transpose()?;
    let mut logs = Vec::new();
    for (url, trusted) in listed {
        let versions: Vec<u32> = match &chosen {
            Some(chosen) => chosen.iter().filter(|it| it.0 == url).map(|it| it.1).collect(),
            None => Vec::new(),
        };
        if chosen.is_some() && versions.is_empty() {
            continue;
        }
        let is_v1 = versions.contains(&rekor_v1::VERSION) && !versions.contains(&TILED);
        let trust = globals.under_policy(trusted.trust.clone(), None)?;
        let at: Location = url.parse()?;
        let place = match &trusted.trust.logs[..] {
            [] => Place::Nowhere,
            _ => place(globals, &url).await?,
        };
        logs.push(match place {
            Place::Serves(location, fetch) => watch(fetch, &location, trust, settings.from),
            Place::OutOfReach(fetch) if !is_v1 => watch(fetch, &at, trust, settings.from),
            _ if !globals.names_policy()
                && (is_v1 || rekor_v1::is_there(globals, &url, &trusted, state).await?) =>
            {
                rekor_v1::watch(globals, &url.parse()?, trusted, Vec::new(), settings.from)?
            }
            _ if versions.contains(&TILED) || is_known(state, &trust) => {
                watch(globals.open(&at)?, &at, trust, settings.from)
            }
            _ => {
                let words = "serves no checkpoint, so it is left out";
                terminal::say(&format!("note: {url} {words}"));
                continue;
            }
        });
    }
    Ok(logs)
}

/// The logs to which a signing config sends entries: URLs and versions of Rekor's API.
fn chosen(path: &Path) -> anyhow::Result<Vec<(String, u32)>> {
    let json = files::read(path, SIGNING_CONFIG_BYTES_MAX)?;
    let config = SigningConfig::read(&json).with_context(|| path.display().to_string())?;
    let logs = config.rekor_tlog_urls.iter();
    let known = logs.filter(|log| [rekor_v1::VERSION, TILED].contains(&log.major_api_version));
    Ok(known.map(|log| (log.url.trim_end_matches('/').to_owned(), log.major_api_version)).collect())
}

/// Where a log of a trusted root serves its files.
enum Place {
    /// At its URL, or below it.
    Serves(Location, Arc<dyn Fetch>),
    /// Nobody knows: it does not answer at its URL.
    OutOfReach(Arc<dyn Fetch>),
    /// In neither place.
    Nowhere,
}

async fn place(globals: &Globals, url: &str) -> anyhow::Result<Place> {
    for url in [url.to_owned(), format!("{url}{BELOW}")] {
        let location: Location = url.parse()?;
        let fetch = globals.open(&location)?;
        match fetch.fetch(&ResourcePath::Checkpoint).await {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(Place::Serves(location, fetch)),
            Err(_) => return Ok(Place::OutOfReach(fetch)),
        }
    }
    Ok(Place::Nowhere)
}

/// Whether one of the logs was watched before.
fn is_known(state: &Path, trust: &Trust) -> bool {
    let memory = Monitor::new(state.to_owned());
    let was_seen = |log| memory.seen(log, trust).is_ok_and(|seen| seen.is_some());
    trust.logs.iter().any(was_seen)
}
