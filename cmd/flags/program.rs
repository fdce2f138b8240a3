//! How a server begins and ends, whatever it serves.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use fasti::causes::with_causes;
use fasti::signer::forbid_core_dumps;

use super::config::{self, ConfigVerb, Loaded};
use super::exit_codes::MISUSED;
use super::messages::{MessageFlags, Messages, show_messages};
use super::restart::{SecretVariable, restart_once};

/// Threads that read and write files or compute. More would only wait for the same disk and
/// processors.
const BLOCKING_THREADS_MAX: usize = 32;

/// The flags of a server.
pub trait ServerFlags: CommandFactory + FromArgMatches {
    /// The name of the program.
    const PROGRAM: &'static str;
    /// What can be given in variables.
    const SECRETS: &'static [SecretVariable];

    /// Refuses flags that contradict each other. Opens nothing.
    fn check(&self) -> anyhow::Result<()> {
        Ok(())
    }

    /// What to do instead of serving.
    fn verb(&self) -> Option<ConfigVerb>;

    /// How messages are shown.
    fn messages(&self) -> &MessageFlags;

    /// The exit code for what ended the program.
    fn exit_code(error: &anyhow::Error) -> u8;
}

/// Reads the flags of a program, shows its messages, and runs it to its end.
pub fn run_server<F, R>(run: impl FnOnce(Loaded<F>, Arc<Messages>) -> R) -> ExitCode
where
    F: ServerFlags,
    R: Future<Output = anyhow::Result<()>>,
{
    let misused = |error: &(dyn std::error::Error + 'static)| {
        eprintln!("{}: {}", F::PROGRAM, with_causes(error));
        ExitCode::from(MISUSED)
    };
    let unbounded = match restart_once(F::SECRETS) {
        Ok(unbounded) => unbounded,
        Err(error) => return misused(&error),
    };
    let forbidden = forbid_core_dumps();
    let loaded = config::load::<F>(std::env::args_os()).unwrap_or_else(|error| error.exit());
    if let Err(error) = loaded.flags.check() {
        return misused(error.as_ref());
    }
    if let Some(ConfigVerb::Config(action)) = loaded.flags.verb() {
        action.run(&loaded.settings);
        return ExitCode::SUCCESS;
    }
    let messages = Arc::new(show_messages(loaded.flags.messages()));
    if let Err(error) = forbidden {
        tracing::warn!(%error, "cannot disable core dumps, which would contain the key");
    }
    if let Some(error) = unbounded {
        let words = "the allocator's heaps cannot be bounded; MALLOC_ARENA_MAX=2 does so";
        tracing::warn!(%error, "{words}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(loaded, messages.clone())),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            messages.fail(F::PROGRAM, error.as_ref());
            ExitCode::from(F::exit_code(&error))
        }
    }
}
