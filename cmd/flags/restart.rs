//! The program replaces itself once at its start, if its environment must change: a variable can
//! only be changed for the program that comes after.
//!
//! **The allocator.** By default glibc's makes up to eight heaps ("arenas") per processor, and
//! returns none while anything in it is in use. A writer moves work between threads all the time,
//! so every heap grows to the size of the largest burst: after nine million entries a writer on two
//! processors held 450 MiB. With one heap per processor it holds 195 MiB, at the same speed. Other
//! allocators that need only a C compiler to build held more, and were slower. The bound is read
//! from the environment before `main`. Another C library ignores the variable.
//!
//! **Secrets.** A container or a function can often be given a secret only in a variable. There it
//! would stay for everyone who may read the process's environment, and for its children. So it is
//! written into a pipe, whose other end the next program inherits and reads once.

use std::ffi::OsString;
use std::io::{PipeReader, Write as _, pipe};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use fasti::offload::processors;
use rustix::io::{FdFlags, fcntl_setfd};

/// See mallopt(3).
const ARENAS: &str = "MALLOC_ARENA_MAX";
const ARENAS_MIN: usize = 2;

/// The longest secret in a variable. A pipe holds at least twice as much.
const SECRET_BYTES_MAX: usize = 32 << 10;

/// A secret that a variable can hold, and the variable that names the file with it otherwise.
#[derive(Clone, Copy, Debug)]
pub struct SecretVariable {
    /// Holds the secret.
    pub text: &'static str,
    /// Names its file.
    pub file: &'static str,
}

/// A secret in a variable cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableSecret {
    /// There are two.
    #[error("both {text} and {file} are set; set one of them")]
    Twice {
        /// The variable with the secret.
        text: &'static str,
        /// The one that names its file.
        file: &'static str,
    },
    /// It is too long.
    #[error("{0} is longer than {SECRET_BYTES_MAX} bytes; put it into a file")]
    TooLong(&'static str),
    /// The program cannot replace itself.
    #[error(
        "the program cannot start itself again, which takes {0} out of its environment; put the \
         secret into a file"
    )]
    Stuck(&'static str, #[source] std::io::Error),
}

/// Starts the program again with a bound on the allocator's heaps, unless one is set, and without
/// the secrets in its environment. Returns why the heaps could not be bounded.
pub fn restart_once(secrets: &[SecretVariable]) -> Result<Option<std::io::Error>, UnusableSecret> {
    let mut changes: Vec<(&str, Option<OsString>)> = Vec::new();
    let mut pipes = Vec::new();
    for secret in secrets {
        let Some(text) = std::env::var_os(secret.text).filter(|text| !text.is_empty()) else {
            continue;
        };
        if std::env::var_os(secret.file).is_some_and(|file| !file.is_empty()) {
            return Err(UnusableSecret::Twice { text: secret.text, file: secret.file });
        }
        if text.len() > SECRET_BYTES_MAX {
            return Err(UnusableSecret::TooLong(secret.text));
        }
        let reader = piped(text.as_bytes());
        let reader = reader.map_err(|error| UnusableSecret::Stuck(secret.text, error))?;
        let file = format!("fd:{}", reader.as_raw_fd());
        changes.extend([(secret.text, None), (secret.file, Some(file.into()))]);
        pipes.push(reader);
    }
    let secret = changes.first().map(|(text, _)| *text);
    if cfg!(target_env = "gnu") && std::env::var_os(ARENAS).is_none() {
        changes.push((ARENAS, Some(processors().max(ARENAS_MIN).to_string().into())));
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let error = start_with(&changes);
    match secret {
        Some(secret) => Err(UnusableSecret::Stuck(secret, error)),
        None => Ok(Some(error)),
    }
}

/// A pipe that holds these bytes, and whose end that is read is inherited.
fn piped(bytes: &[u8]) -> std::io::Result<PipeReader> {
    let (reader, mut writer) = pipe()?;
    writer.write_all(bytes)?;
    fcntl_setfd(&reader, FdFlags::empty())?;
    Ok(reader)
}

/// Replaces the program by itself with these variables set or removed. Returns why it could not.
fn start_with(changes: &[(&str, Option<OsString>)]) -> std::io::Error {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut command = Command::new(program);
    command.arg0(name).args(arguments);
    for (variable, value) in changes {
        match value {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    command.exec()
}
