//! How a server begins and ends, whatever it serves.

use std::process::ExitCode;

use clap::Parser;
use fasti::causes::with_causes;
use fasti::signer::forbid_core_dumps;

use super::arenas::bound_arenas;
use super::messages::show_messages;

/// Threads that read and write files or compute. More would only wait for the same disk and
/// processors.
const BLOCKING_THREADS_MAX: usize = 32;

/// Reads the flags of the program with this name, shows its messages, and runs it to its end.
pub fn run_server<F, R>(name: &str, run: impl FnOnce(F) -> R) -> ExitCode
where
    F: Parser,
    R: Future<Output = anyhow::Result<()>>,
{
    let unbounded = bound_arenas();
    let forbidden = forbid_core_dumps();
    let flags = F::parse();
    show_messages();
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
        Ok(runtime) => runtime.block_on(run(flags)),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
