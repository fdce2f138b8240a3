//! The options of `fasti monitor`, from flags and from a TOML file that has the same names. A flag
//! counts before the file; lists are joined.

use std::fmt;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use fasti::client::fetch::Location;
use fasti::monitor::rules::Start;
use reqwest::Url;
use serde::{Deserialize, Deserializer};
use tiles_spec::TreeSize;

use crate::files;
use crate::freshness::duration;
use crate::rekor_v1_key::RekorV1Key;

/// The largest file, in bytes.
const CONFIG_BYTES_MAX: usize = 1 << 20;
/// The pause between rounds, in seconds.
pub const EVERY: u64 = 60;
/// The most reports of a pattern in a round.
pub const REPORTS_EACH: u32 = 100;
/// The most reports of a log in a round.
pub const REPORTS_MAX: u32 = 10_000;
/// How many new entries of a round are looked up in the index.
pub const INDEX_SAMPLES: usize = 4;
/// The most entries in a feed.
pub const FEED_ENTRIES: usize = 200;

#[derive(Args)]
pub struct Arguments {
    /// Logs to watch: URLs, buckets (s3, gs, az) or directories; also --log
    #[arg(value_name = "URL|DIR")]
    pub logs: Vec<Location>,
    /// Logs of Rekor v1 to watch, by the URLs of their API; their keys are given with
    /// --rekor-v1-key, --vkey or --trusted-root
    #[arg(long, value_name = "URL")]
    pub rekor_v1: Vec<Url>,
    /// A key by which clients of Rekor v1 know the log or one of its shards: its verifier key, or a
    /// file (PEM)
    #[arg(long, value_name = "NAME+ID+KEY|FILE", requires = "rekor_v1")]
    pub rekor_v1_key: Vec<RekorV1Key>,
    /// Watch only this shard of the log of Rekor v1; can be repeated [default: all]
    #[arg(long, value_name = "NUMBER", requires = "rekor_v1")]
    pub tree_id: Vec<NonZeroU64>,
    /// Read further options, logs and patterns from this file (TOML): every flag by its name, logs
    /// in [[log]] and [[rekor-v1]], patterns in [[match]]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    patterns: PatternFlags,
}

/// What holds for all logs.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// The directory that remembers how far each log was checked [default:
    /// ~/.local/state/fasti/monitor]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Make one round and end, for cron; the exit status says what was found
    #[arg(long)]
    pub once: bool,
    /// Seconds between rounds [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub every: Option<u64>,
    /// Where to begin with a log that was never read: an index, or `beginning` [default: its end]
    #[arg(long, value_name = "INDEX|beginning")]
    pub from: Option<From>,
    /// Sigstore's trusted root: watch all tiled logs in it, unless others are named; its
    /// authorities vouch for certificates
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// The certificates of an authority that vouches for certificates, PEM, next to those of the
    /// trusted root
    #[arg(long, value_name = "FILE")]
    pub ca_roots: Option<PathBuf>,
    /// Of the logs in the trusted root, watch those to which this signing config sends entries
    #[arg(long, value_name = "FILE")]
    pub signing_config: Option<PathBuf>,
    /// Sound an alarm if a log has not grown for this long: 15m, 24h, 7d
    #[arg(long, value_name = "DURATION")]
    pub stalled_after: Option<Span>,
    /// Do not verify the entries' own signatures again
    #[arg(long)]
    pub skip_signatures: bool,
    /// How many new entries of a round to look up in the log's index, if it has one [default: 4]
    #[arg(long, value_name = "N")]
    pub index_samples: Option<usize>,
    /// The most reports of one pattern in a round; others are counted [default: 100]
    ///
    /// Of entries for which a trusted authority vouches, there can be as many again.
    #[arg(long, value_name = "N")]
    pub report_max: Option<u32>,
    /// Write reports to this Atom feed too
    #[arg(long, value_name = "FILE")]
    pub atom: Option<PathBuf>,
    /// The most entries in the feed [default: 200]
    #[arg(long, value_name = "N")]
    pub atom_entries: Option<usize>,
    /// Send reports to this URL too, signed with the secret
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// The file with the secret for the webhook: at least 16 bytes
    #[arg(long, value_name = "FILE")]
    pub webhook_secret: Option<PathBuf>,
    /// Logs in the file.
    #[arg(skip)]
    #[serde(rename = "log")]
    pub logs: Vec<LogTable>,
    /// Logs of Rekor v1 in the file.
    #[arg(skip)]
    #[serde(rename = "rekor-v1")]
    pub rekor_v1: Vec<RekorV1Table>,
    /// Groups of patterns.
    #[arg(skip)]
    #[serde(rename = "match")]
    pub matches: Vec<PatternFlags>,
}

/// A log in the file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogTable {
    /// Where it is.
    pub log: String,
    /// Its verifier key, and those of witnesses.
    #[serde(default)]
    pub vkey: Vec<String>,
    /// A policy for it.
    pub policy: Option<PathBuf>,
    /// Where to begin.
    pub from: Option<From>,
}

/// A log of Rekor v1 in the file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RekorV1Table {
    /// The URL of its API.
    pub url: String,
    /// The keys of its shards: verifier keys or files.
    #[serde(default)]
    pub key: Vec<String>,
    /// The shards to watch; empty for all.
    #[serde(default)]
    pub tree_id: Vec<TreeNumber>,
    /// Where to begin.
    pub from: Option<From>,
}

/// The number of a tree, as a number or a text.
#[derive(Clone, Copy, Debug)]
pub struct TreeNumber(pub NonZeroU64);

/// What is looked for. A value that begins with `@` names a file with one value a line.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PatternFlags {
    /// Report entries with this name in a certificate or OpenPGP key; @FILE has one a line
    #[arg(long, value_name = "NAME|@FILE")]
    pub identity: Vec<String>,
    /// Report entries with a name that this regular expression matches as a whole
    #[arg(long, value_name = "REGEX|@FILE")]
    pub identity_regex: Vec<String>,
    /// Only names that this OIDC issuer vouched for
    #[arg(long, value_name = "URL", conflicts_with = "issuer_regex")]
    pub issuer: Option<String>,
    /// Only names that an issuer vouched for whose URL this regular expression matches
    #[arg(long, value_name = "REGEX")]
    pub issuer_regex: Option<String>,
    /// Report entries signed by the key with this SHA-256 (of its DER SubjectPublicKeyInfo)
    #[arg(long, value_name = "HEX|@FILE")]
    pub key: Vec<String>,
    /// Report entries about the artifact, payload or envelope with this digest
    #[arg(long, value_name = "[sha256:]HEX|@FILE")]
    pub digest: Vec<String>,
    /// Report entries whose certificate has an extension with this text: Fulcio's name for it, such
    /// as source-repository-uri, or an object identifier
    #[arg(long, value_name = "NAME=VALUE|@FILE")]
    pub extension: Vec<String>,
    /// Report entries with a certificate that none of the authorities issued that are trusted
    #[arg(long)]
    pub unvouched: bool,
}

/// Where to begin.
#[derive(Clone, Copy, Debug)]
pub struct From(pub TreeSize);

/// A span of time.
#[derive(Clone, Copy, Debug)]
pub struct Span(pub Duration);

impl Arguments {
    /// The options of the command line, joined with those of the file.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let mut file = match &self.config {
            Some(path) => read(path)?,
            None => Settings::default(),
        };
        let flags = self.settings.clone();
        file.matches.push(self.patterns.clone());
        Ok(Settings {
            state: flags.state.or(file.state),
            once: flags.once || file.once,
            every: flags.every.or(file.every),
            from: flags.from.or(file.from),
            trusted_root: flags.trusted_root.or(file.trusted_root),
            ca_roots: flags.ca_roots.or(file.ca_roots),
            signing_config: flags.signing_config.or(file.signing_config),
            stalled_after: flags.stalled_after.or(file.stalled_after),
            skip_signatures: flags.skip_signatures || file.skip_signatures,
            index_samples: flags.index_samples.or(file.index_samples),
            report_max: flags.report_max.or(file.report_max),
            atom: flags.atom.or(file.atom),
            atom_entries: flags.atom_entries.or(file.atom_entries),
            webhook: flags.webhook.or(file.webhook),
            webhook_secret: flags.webhook_secret.or(file.webhook_secret),
            logs: file.logs,
            rekor_v1: file.rekor_v1,
            matches: file.matches,
        })
    }
}

impl Settings {
    /// Whether certificates are to be reported for which nobody vouches.
    pub fn wants_unvouched(&self) -> bool {
        self.matches.iter().any(|group| group.unvouched)
    }
}

/// Where to begin.
pub fn start(from: Option<From>) -> Start {
    from.map_or(Start::Now, |From(from)| Start::At(from))
}

fn read(path: &Path) -> anyhow::Result<Settings> {
    let name = || path.display().to_string();
    let text = String::from_utf8(files::read(path, CONFIG_BYTES_MAX)?).with_context(name)?;
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text[..at].matches('\n').count() + 1;
        let words = error.message().lines().collect::<Vec<_>>().join(" ");
        anyhow!("{}, line {line}: {words}", path.display())
    })
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "beginning" {
            return Ok(Self(TreeSize::ZERO));
        }
        text.parse().map(Self).map_err(|_| format!("{text:?} is neither an index nor `beginning`"))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        duration(text).map(Self)
    }
}

impl FromStr for TreeNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("{text:?} is not the number of a tree"))
    }
}

impl<'de> Deserialize<'de> for TreeNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parsed(from)
    }
}

impl<'de> Deserialize<'de> for From {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parsed(from)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parsed(from)
    }
}

/// A value that is written like a flag: a text, or a number.
fn parsed<'de, T: FromStr<Err: fmt::Display>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a number")]
    enum Written {
        Text(String),
        Number(u64),
    }
    let text = match Written::deserialize(from)? {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
    };
    text.parse().map_err(serde::de::Error::custom)
}
