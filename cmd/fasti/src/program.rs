//! What the command does, from its arguments to its exit status.

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::parser::ValueSource;
use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use fasti::signer::forbid_core_dumps;
use fasti_flags::config;

use crate::failure::Failure;
use crate::globals::Globals;
use crate::output::Output;
use crate::runtime::runtime;
use crate::terminal;
use crate::verb::{
    doctor, freeze, fsck, get, heads, index, keygen, loginfo, mirror, monitor, prove, search,
    serve, signing_config, top, trusted_root, upload, verify, verify_evidence,
};

/// What `--version` says.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    fasti_flags::long_version(fasti_flags::features![
        "aws-kms", "azure", "gcp-kms", "gcs", "pgp", "s3", "tls"
    ])
});

/// Uploads to, verifies against, searches and audits a transparency log of software signatures.
///
/// Exit status: 0 proved or done, 1 refused, 2 no result (usage error, or something out of reach).
#[derive(Parser)]
#[command(
    name = "fasti",
    version,
    long_version = LONG_VERSION.as_str(),
    max_term_width = 100,
    propagate_version = true
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Add the signature of an artifact to the log
    Upload(upload::Arguments),
    /// Verify offline that an artifact is signed and logged, or that a log has an entry
    Verify(verify::Arguments),
    /// Print an entry, with proof that it is in the log
    Get(get::Arguments),
    /// Find entries by artifact, key, identity or UUID, with proof that none was left out
    Search(Box<search::Arguments>),
    /// Print the log's signed head, with proof that it extends the one last seen
    Loginfo(loginfo::Arguments),
    /// Prove that an entry is in the log, or that one tree extends another
    #[command(alias = "logproof")]
    Prove(prove::Arguments),
    /// List the heads that the log had over time, each verified
    Heads(heads::Arguments),
    /// Make a key for a log
    Keygen(keygen::Arguments),
    /// Print what Sigstore's clients need to trust the log
    TrustedRoot(trusted_root::Arguments),
    /// Print the signing config that tells Sigstore's clients which logs to submit to
    SigningConfig(signing_config::Arguments),
    /// Recompute the whole log and list everything that differs from what was signed
    Fsck(fsck::Arguments),
    /// Watch logs: prove that they grow, check every new entry, report what matches
    ///
    /// Exit status with --once: 0 nothing, 1 something is wrong with a log, 2 a log was not read to
    /// its end, 3 entries matched. The smallest that is not 0 counts.
    Monitor(Box<monitor::Arguments>),
    /// Judge offline whether two signed checkpoints convict a log of having changed its past
    VerifyEvidence(verify_evidence::Arguments),
    /// Build the lookup index that makes a log searchable
    Index(index::Arguments),
    /// Copy a log, verified, to any store: entries, tiles, times, heads and index; or push it to a
    /// mirror
    Mirror(mirror::Arguments),
    /// Serve a log and its search from static files, without keys
    Serve(serve::Arguments),
    /// Check whether several writers can safely share a store
    Doctor(doctor::Arguments),
    /// Watch the writers of a log work, from their metrics
    Top(top::Arguments),
    /// Close a log for good: it stays readable, but accepts no more entries
    Freeze(freeze::Arguments),
}

/// The program's command line.
pub fn command() -> Command {
    Cli::command()
}

/// Runs the program.
pub fn main() -> ExitCode {
    // Some verbs load private keys.
    if let Err(error) = forbid_core_dumps() {
        terminal::say(&format!("cannot disable core dumps: {error}"));
    }
    let Cli { globals, verb } = parsed();
    let format = match &verb {
        Verb::Fsck(arguments) => arguments.format(globals.format),
        _ => globals.format,
    };
    match run(&globals, &verb).and_then(|output| output.print(format)) {
        Ok(code) => code,
        Err(failure) => failure.report(format),
    }
}

/// The command line, with what a configuration file adds.
fn parsed() -> Cli {
    let mut command = Cli::command();
    let arguments = std::env::args_os().collect();
    let (arguments, file) = config::with_file(&mut command, Some(serve::NAME), arguments)
        .unwrap_or_else(|error| error.exit());
    let matches =
        command.clone().try_get_matches_from(arguments).unwrap_or_else(|error| match &file {
            Some(file) => file.explain(error, &mut command).exit(),
            None => error.exit(),
        });
    // A flag common to all verbs is known in each of them.
    let of_verb = matches.subcommand().map_or(&matches, |(_, matches)| matches);
    let is_log_named = of_verb.value_source("log") == Some(ValueSource::CommandLine);
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.globals.is_log_named = is_log_named;
    cli
}

fn run(globals: &Globals, verb: &Verb) -> Result<Output, Failure> {
    match verb {
        Verb::Verify(arguments) => verify::run(globals, arguments),
        Verb::Keygen(arguments) => keygen::run(arguments),
        Verb::TrustedRoot(arguments) => runtime()?.block_on(trusted_root::run(globals, arguments)),
        Verb::SigningConfig(arguments) => signing_config::run(globals, arguments),
        Verb::Upload(arguments) => runtime()?.block_on(upload::run(globals, arguments)),
        Verb::Get(arguments) => runtime()?.block_on(get::run(globals, arguments)),
        Verb::Search(arguments) => runtime()?.block_on(search::run(globals, arguments)),
        Verb::Loginfo(arguments) => runtime()?.block_on(loginfo::run(globals, arguments)),
        Verb::Prove(arguments) => runtime()?.block_on(prove::run(globals, arguments)),
        Verb::Heads(arguments) => runtime()?.block_on(heads::run(globals, arguments)),
        Verb::Fsck(arguments) => fsck::run(globals, arguments, &runtime()?),
        Verb::Monitor(arguments) => runtime()?.block_on(monitor::run(globals, arguments)),
        Verb::VerifyEvidence(arguments) => verify_evidence::run(globals, arguments),
        Verb::Index(arguments) => runtime()?.block_on(index::run(globals, arguments)),
        Verb::Mirror(arguments) => runtime()?.block_on(mirror::run(globals, arguments)),
        Verb::Serve(arguments) => serve::run(globals, arguments),
        Verb::Freeze(arguments) => runtime()?.block_on(freeze::run(globals, arguments)),
        Verb::Top(arguments) => runtime()?.block_on(top::run(globals, arguments)),
        Verb::Doctor(arguments) => runtime()?.block_on(doctor::run(globals, arguments)),
    }
}
