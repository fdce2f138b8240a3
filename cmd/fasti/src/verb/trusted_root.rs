//! `fasti trusted-root`: the log's key and address in the format of Sigstore's clients, alone or
//! together with other logs'.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use fasti::client::fetch::Location;
use fasti::verify::Span;
use fasti::verify::trusted_root::{self, LogKey, TRUSTED_ROOT_BYTES_MAX};

use crate::failure::Failure;
use crate::files;
use crate::globals::Globals;
use crate::output::Output;
use crate::rekor_v1_key::RekorV1Key;
use crate::terminal;

#[derive(Args)]
pub struct Arguments {
    /// The log's public URL [default: https:// followed by the origin]
    #[arg(long, value_name = "URL")]
    url: Option<Location>,
    /// The key by which clients of Rekor v1 know the log: a file with a public key (PEM or DER),
    /// a verifier key, or the URL of a writer, which is asked for it
    ///
    /// Needed for these clients unless the log's own key is an ECDSA key that signs for them too.
    /// Can be repeated. Without --vkey the log is described as one of Rekor v1 alone.
    #[arg(long, value_name = "FILE|NAME+ID+KEY|URL")]
    rekor_v1_key: Vec<RekorV1Key>,
    /// When the log's keys came into use (RFC 3339)
    #[arg(long, value_name = "TIME", default_value = BEGINNING)]
    valid_from: String,
    /// When the keys went out of use, usually because the log was frozen (RFC 3339)
    #[arg(long, value_name = "TIME")]
    valid_until: Option<String>,
    /// Start with everything in these trusted roots, then add this log if a key is given
    #[arg(long, value_name = "FILE", num_args = 1..)]
    merge: Vec<PathBuf>,
    /// The file to write, once all of it is known; an existing one stays as it is until then
    /// [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The default for when a key or service becomes valid.
pub const BEGINNING: &str = "1970-01-01T00:00:00Z";

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let span =
        Span { start: Some(arguments.valid_from.clone()), end: arguments.valid_until.clone() };
    let keys = log_keys(globals, arguments).await?;
    let own = if keys.is_empty() {
        None
    } else {
        let url = public_url(globals, arguments.url.as_ref())?;
        let root = trusted_root::write(&keys, &url, &span);
        Some(root.context("cannot describe this log")?)
    };
    let json = match own {
        Some(own) if arguments.merge.is_empty() => own,
        own => {
            let read = |path: &PathBuf| files::read(path, TRUSTED_ROOT_BYTES_MAX);
            let mut roots = arguments.merge.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            roots.extend(own.map(String::into_bytes));
            let merged = trusted_root::merge(&roots);
            merged.map_err(|error| Failure::Refused(anyhow!(error).context("cannot merge")))?
        }
    };
    document(&json, arguments.out.as_deref())
}

/// The keys of the log to describe; empty if the command only merges other roots.
async fn log_keys(globals: &Globals, arguments: &Arguments) -> Result<Vec<LogKey>, Failure> {
    let mut keys = Vec::new();
    let is_named = !arguments.rekor_v1_key.is_empty() || !arguments.merge.is_empty();
    if !globals.vkeys.is_empty() || !is_named {
        keys.push(LogKey::Own(globals.log_key()?));
    }
    for key in &arguments.rekor_v1_key {
        keys.push(LogKey::RekorV1(key.read(globals).await?));
    }
    Ok(keys)
}

/// Prints a JSON document, or writes it to a file.
pub fn document(json: &str, out: Option<&Path>) -> Result<Output, Failure> {
    let lines = match out {
        Some(path) => {
            files::write(path, format!("{json}\n").as_bytes())?;
            vec![format!("Written: {}", path.display())]
        }
        None => terminal::json_lines(json),
    };
    let value = serde_json::from_str(json).context("what was written is JSON")?;
    Ok(Output::good(lines, value))
}

/// The URL at which others reach the log.
pub fn public_url(globals: &Globals, url: Option<&Location>) -> anyhow::Result<String> {
    let url = match url {
        Some(location @ Location::Http(_)) => Some(location.to_string()),
        Some(location) => anyhow::bail!("--url {location}: give an http(s) URL"),
        None => None,
    };
    if globals.vkeys.is_empty() {
        return url.context("give the log's URL with --url, or its key with --vkey");
    }
    let key = globals.log_key()?;
    let origin = key.name().as_str();
    let url = url.unwrap_or_else(|| format!("https://{origin}"));
    if let Ok(Location::Http(parsed)) = url.parse::<Location>()
        && parsed.host_str() != Some(origin)
    {
        terminal::say(&format!(
            "note: Sigstore's Go and Java clients require the origin to be the URL's host; this \
             log is {origin:?} at {url}"
        ));
    }
    Ok(url)
}
