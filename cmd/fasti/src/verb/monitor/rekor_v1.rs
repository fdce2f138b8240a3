//! Logs of Rekor v1 to watch, with the keys of their shards: from flags, from the file, and from a
//! trusted root.

use std::num::NonZeroU64;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use fasti::client::monitor::Monitor;
use fasti::client::rekor_v1::RekorV1;
use fasti::client::trust::Trust;
use fasti::monitor::rules::{Source, Watched};
use fasti::verify::TrustedRoot;
use fasti::verify::trusted_root::{TRUSTED_ROOT_BYTES_MAX, logs_at};
use reqwest::Url;

use super::settings::{Arguments, From, RekorV1Table, Settings, start};
use crate::files;
use crate::globals::Globals;
use crate::rekor_v1_key::{RekorV1Key, log_in};

/// The version of Rekor's API.
pub const VERSION: u32 = 1;

/// The logs that flags and the file name.
pub fn named(
    globals: &Globals,
    arguments: &Arguments,
    settings: &Settings,
) -> anyhow::Result<Vec<Watched>> {
    let mut logs = Vec::new();
    for url in &arguments.rekor_v1 {
        let trusted = trusted(globals, settings, url, &arguments.rekor_v1_key)?;
        logs.push(watch(globals, url, trusted, arguments.tree_id.clone(), settings.from)?);
    }
    for table in &settings.rekor_v1 {
        let log = in_table(globals, settings, table);
        logs.push(log.with_context(|| format!("the log {:?}", table.url))?);
    }
    Ok(logs)
}

fn in_table(
    globals: &Globals,
    settings: &Settings,
    table: &RekorV1Table,
) -> anyhow::Result<Watched> {
    let url: Url = table.url.parse()?;
    let keys = table.key.iter().map(|key| key.parse::<RekorV1Key>());
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let trusted = trusted(globals, settings, &url, &keys)?;
    let trees = table.tree_id.iter().map(|tree| tree.0).collect();
    watch(globals, &url, trusted, trees, table.from.or(settings.from))
}

/// A log of Rekor v1. Of no trees, all are watched.
pub fn watch(
    globals: &Globals,
    url: &Url,
    trusted: TrustedRoot,
    trees: Vec<NonZeroU64>,
    from: Option<From>,
) -> anyhow::Result<Watched> {
    ensure!(
        !globals.names_policy(),
        "nobody cosigns the trees of Rekor v1: give the --policy in the [[log]] that it is for"
    );
    let api = RekorV1::new(url, globals.redirects())?;
    let source = Source::RekorV1 { api, trusted, trees };
    Ok(Watched { place: url.to_string(), source, start: start(from) })
}

/// The keys of a log: those that are given for it, or else those of the command line and of the
/// trusted root.
fn trusted(
    globals: &Globals,
    settings: &Settings,
    url: &Url,
    keys: &[RekorV1Key],
) -> anyhow::Result<TrustedRoot> {
    let mut trusted = TrustedRoot::default();
    for key in keys {
        match key {
            RekorV1Key::Here(key) => {
                let trust = Trust::in_keys([(**key).clone()]);
                add(&mut trusted, TrustedRoot::from(trust));
            }
            RekorV1Key::Server(url) => bail!("{url} can say anything: give the key itself"),
            RekorV1Key::File(path) => trusted.rekor_v1.push(log_in(path)?),
        }
    }
    if keys.is_empty() {
        add(&mut trusted, TrustedRoot::from(Trust::in_keys(globals.vkeys.iter().cloned())));
        if let Some(root) = &settings.trusted_root {
            let own = url.as_str().trim_end_matches('/');
            let at = listed(root)?.into_iter().find(|(url, _)| url == own);
            if let Some((_, more)) = at {
                add(&mut trusted, more);
            }
        }
    }
    let is_known = !trusted.rekor_v1.is_empty() || !trusted.trust.logs.is_empty();
    ensure!(is_known, "no key of the log {url}: give it with --rekor-v1-key, or `key` in the file");
    Ok(trusted)
}

fn add(trusted: &mut TrustedRoot, more: TrustedRoot) {
    trusted.trust.logs.extend(more.trust.logs);
    trusted.rekor_v1.extend(more.rekor_v1);
}

/// The URLs in a trusted root, each with the keys of the logs there, of either version.
pub fn listed(root: &Path) -> anyhow::Result<Vec<(String, TrustedRoot)>> {
    let logs = logs_at(&files::read(root, TRUSTED_ROOT_BYTES_MAX)?);
    let mut places: Vec<(String, TrustedRoot)> = Vec::new();
    for log in logs.with_context(|| root.display().to_string())? {
        let url = log.url.trim_end_matches('/').to_owned();
        let place = places.iter().position(|(known, _)| *known == url);
        let place = place.unwrap_or_else(|| {
            places.push((url, TrustedRoot::default()));
            places.len() - 1
        });
        let trusted = &mut places[place].1;
        trusted.trust.logs.extend(log.tiled);
        trusted.rekor_v1.extend(log.rekor_v1);
    }
    Ok(places)
}

/// Whether a URL of a trusted root is that of Rekor v1's API, now or when it was watched before.
pub async fn is_there(
    globals: &Globals,
    url: &str,
    trusted: &TrustedRoot,
    state: &Path,
) -> anyhow::Result<bool> {
    let memory = Monitor::new(state.to_owned());
    if trusted.rekor_v1.is_empty() || trusted.rekor_v1.iter().any(|log| memory.has_seen(log)) {
        return Ok(!trusted.rekor_v1.is_empty());
    }
    Ok(RekorV1::new(&url.parse()?, globals.redirects())?.is_there().await)
}
