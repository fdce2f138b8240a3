//! `fasti-corpus`: writes a large log of made-up Rekor entries directly as tiles.
//!
//! Exit status: 0 if the log was written, 1 if it was not, 2 for invalid arguments.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use clap::Parser;
use fasti_corpus::distribution::Distribution;
use fasti_corpus::draw;
use fasti_corpus::entries::Entries;
use fasti_corpus::questions::{Question, questions};
use fasti_corpus::tiles::{Written, write};
use serde::Serialize;
use tiles_spec::{NoteSigningKey, Origin};

/// Writes a large log of made-up Rekor entries directly as tiles
///
/// The entries are hashedrekord 0.0.2 in canonical form, 489 bytes each (1.1 KB with a
/// certificate), as a writer would have published them. Only the signatures are made up: they are
/// random bytes. The log is for measuring size, lookup and reading. `fasti fsck` finds no fault in
/// it, but `fasti fsck --verify-signatures` does.
///
/// Each entry has three lookup keys: its leaf hash, the artifact's digest, and the public key.
/// Digests: 96 % of the entries have an artifact of their own, 4 % have one that is signed eight
/// times on average. Public keys: three keys sign 10 % of the entries each; one key per 2,500
/// entries signs hundreds (100 to 16,000 of ten million; 10 % together); the rest sign once. An
/// entry with a certificate has five keys: also the identity, and the identity with its issuer. Its
/// public key signs nothing else, and one identity per 100 certificates has 50 to thousands.
///
/// The standard output is one JSON object. It says what was written, and lists known keys with the
/// number of their entries and the sum of their leaf indices.
#[derive(Parser)]
#[command(version, about, long_about, verbatim_doc_comment)]
struct Arguments {
    /// The directory; it must be empty or not exist yet
    directory: PathBuf,
    /// Number of entries
    #[arg(long, default_value_t = 10_000_000, value_name = "N")]
    entries: u64,
    /// Seed; another seed gives another log
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Share of entries with a certificate, 0 to 1
    #[arg(long, default_value = "0", value_parser = parse_share, value_name = "SHARE")]
    certificates: u32,
    /// The log's origin
    #[arg(long, default_value = "corpus.example", value_name = "NAME")]
    origin: Origin,
    /// File with the log's key (PRIVATE+KEY+...), whose name becomes the origin [default: a key
    /// derived from the seed]
    #[arg(long, conflicts_with = "origin", value_name = "FILE")]
    key: Option<PathBuf>,
    /// Number of keys to list for each large class of keys
    #[arg(long, default_value_t = 200, value_name = "N")]
    questions: u64,
}

/// The printed summary.
#[derive(Serialize)]
struct Summary {
    origin: String,
    verifier_key: String,
    seed: u64,
    certificates_per_million: u32,
    entries: u64,
    entry_bytes: u64,
    root: String,
    questions: Vec<Question>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!((1..=ENTRIES_MAX).contains(&arguments.entries), "--entries: 1 to {ENTRIES_MAX}");
    ensure!(arguments.questions <= QUESTIONS_MAX, "--questions: at most {QUESTIONS_MAX}");
    let key = signing_key(&arguments)?;
    let entries = Entries::new(Distribution {
        seed: arguments.seed,
        entries: arguments.entries,
        certificates_per_million: arguments.certificates,
    });
    let started = Instant::now();
    let Written { head, entry_bytes, census } = write(&arguments.directory, &entries, &key)?;
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("{} entries, {entry_bytes} bytes, in {seconds:.1} s", arguments.entries);
    let summary = Summary {
        origin: key.verifier_key().name().to_string(),
        verifier_key: key.verifier_key().to_string(),
        seed: arguments.seed,
        certificates_per_million: arguments.certificates,
        entries: arguments.entries,
        entry_bytes,
        root: head.root.to_base64(),
        questions: questions(&entries, &census, arguments.questions),
    };
    println!("{}", serde_json::to_string_pretty(&summary)?);
    Ok(())
}

fn signing_key(arguments: &Arguments) -> anyhow::Result<NoteSigningKey> {
    let Some(path) = &arguments.key else {
        let seed = draw::bytes(arguments.seed, "log key", 0);
        return Ok(NoteSigningKey::from_seed(arguments.origin.key_name(), &seed));
    };
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    NoteSigningKey::parse(text.trim()).with_context(|| format!("the key in {}", path.display()))
}

/// Parses a share into a number per million.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a million")]
fn parse_share(text: &str) -> Result<u32, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok((share * 1e6).round() as u32),
        _ => Err("a number from 0 to 1, as in 0.05".to_owned()),
    }
}

/// A hundred times the intended size, which takes hours.
const ENTRIES_MAX: u64 = 1_000_000_000;
/// Each takes several lines of JSON.
const QUESTIONS_MAX: u64 = 100_000;
