//! The configuration of a program: its command line, its environment, and a file.
//!
//! Every flag can stand in the file under its own name. A flag wins over its variable, that over
//! the file, and that over the default. This is clap's own order but for the file: what it says is
//! put on the command line, unless the same flag is there already or its variable is set. So values
//! from all places are judged by the same parsers, and a new flag needs nothing more.

mod file;
mod known;
mod settings;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, Command, CommandFactory, FromArgMatches, Subcommand};
use fasti::causes::with_causes;

pub use file::{ConfigError, ConfigFile, Entry};
pub use known::{Kind, Known, known};
pub use settings::Settings;

/// The configuration file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Configuration")]
pub struct ConfigFlags {
    /// Read flags from this TOML file too: every flag by its name. The command line and the
    /// environment win over it
    #[arg(long, global = true, env = "FASTI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What a server does besides serving.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check the configuration, or print what is in effect
    #[command(subcommand)]
    Config(ConfigAction),
}

/// What to do with the configuration.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigAction {
    /// Check flags, variables and the file; nothing is opened
    Check,
    /// Print what is in effect, and where each value comes from, as a configuration file
    Print,
}

impl ConfigAction {
    /// Says that the configuration is well-formed, which it is if there are settings; or prints
    /// them. A closed standard output is not an error.
    pub fn run(self, settings: &Settings) {
        let text = match self {
            Self::Check => "the configuration is well-formed\n".to_owned(),
            Self::Print => settings.to_toml(),
        };
        drop(std::io::stdout().write_all(text.as_bytes()));
    }
}

/// A program's flags, and where they come from.
pub struct Loaded<F> {
    /// The flags.
    pub flags: F,
    /// The same, one by one.
    pub settings: Settings,
}

/// Reads the flags of a program from its command line, its environment and its file.
pub fn load<F: CommandFactory + FromArgMatches>(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Loaded<F>, clap::Error> {
    let mut command = F::command();
    let (arguments, file) = with_file(&mut command, None, arguments.into_iter().collect())?;
    let explain = |error, command: &mut Command| match &file {
        Some(file) => file.explain(error, command),
        None => error,
    };
    let matches = command.clone().try_get_matches_from(arguments);
    let matches = matches.map_err(|error| explain(error, &mut command))?;
    let flags = F::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let settings = Settings::of(known(&F::command(), None), &matches, file.as_ref());
    Ok(Loaded { flags, settings })
}

/// The command line with what the file adds, if one is named; and the file, with what it adds. With
/// a `verb`, only its command lines have a file.
pub fn with_file(
    command: &mut Command,
    verb: Option<&str>,
    mut arguments: Vec<OsString>,
) -> Result<(Vec<OsString>, Option<ConfigFile>), clap::Error> {
    if verb.is_some_and(|verb| !arguments.iter().any(|word| word == verb)) {
        return Ok((arguments, None));
    }
    let lenient = command.clone().ignore_errors(true);
    // Help is asked for, or the version.
    let Ok(said) = lenient.try_get_matches_from(&arguments) else { return Ok((arguments, None)) };
    let said = match (verb, said.subcommand()) {
        (None, _) => &said,
        (Some(verb), Some((found, said))) if found == verb => said,
        (Some(_), _) => return Ok((arguments, None)),
    };
    let Some(path) = said.get_one::<PathBuf>(known::CONFIG) else { return Ok((arguments, None)) };
    let read = ConfigFile::read(path, &known(command, verb));
    let mut file =
        read.map_err(|error| command.error(ErrorKind::ValueValidation, with_causes(&error)))?;
    let is_set = |entry: &Entry| {
        let source = said.value_source(&entry.id);
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    file.entries.retain(|entry| !is_set(entry));
    let at =
        verb.map_or(Some(0), |verb| arguments.iter().position(|word| word == OsStr::new(verb)));
    let at = at.map_or(arguments.len(), |at| (at + 1).min(arguments.len()));
    arguments.splice(at..at, file.entries.iter().flat_map(Entry::arguments));
    Ok((arguments, Some(file)))
}
