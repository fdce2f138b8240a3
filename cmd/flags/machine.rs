//! The flags for this machine, and where things are remembered on it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use fasti::state::{StateDir, StateDirError};
use fasti::store::{DirectoryOptions, FileSystemKind, StoreOptions};

use super::buckets::{BucketFlags, ConflictingEncryption};

/// The flags for this machine: where things are remembered, and what is trusted.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "This machine")]
pub struct MachineFlags {
    /// The directory for everything that is remembered outside the store, above all what the log's
    /// key has signed [default: $STATE_DIRECTORY, $XDG_STATE_HOME/fasti or ~/.local/state/fasti]
    #[arg(long, env = "FASTI_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// Accept a directory on this kind of file system, because you know that its locks and flushes
    /// are reliable
    #[arg(long, env = "FASTI_TRUST_FILE_SYSTEM", value_name = "KIND")]
    pub trust_file_system: Option<FileSystemKind>,
}

/// Nothing can be remembered outside the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoState {
    /// No state directory is given.
    #[error("no state directory is known: give --state-dir DIR, or set HOME")]
    Unnamed,
    /// It cannot be used.
    #[error("the state directory cannot be used; name another with --state-dir DIR")]
    Unusable(#[from] StateDirError),
}

impl MachineFlags {
    /// Opens the state directory, ready to be written to.
    pub fn state(&self) -> Result<StateDir, NoState> {
        let root = self.state_dir.clone().or_else(|| default_state_dir(&|n| std::env::var_os(n)));
        Ok(StateDir::open(&root.ok_or(NoState::Unnamed)?)?)
    }

    /// How to open a directory.
    pub fn directory_options(&self) -> DirectoryOptions {
        DirectoryOptions {
            trusted_file_system: self.trust_file_system,
            ..DirectoryOptions::default()
        }
    }

    /// How to open stores on this machine; `buckets` says how to open those in buckets.
    pub fn store_options(
        &self,
        buckets: &BucketFlags,
    ) -> Result<StoreOptions, ConflictingEncryption> {
        Ok(StoreOptions { bucket: buckets.options()?, directory: self.directory_options() })
    }
}

/// The state directory of the service or user.
fn default_state_dir(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // systemd separates several with colons.
    let services = variable("STATE_DIRECTORY");
    let first = services.and_then(|all| absolute(&std::env::split_paths(&all).next()?));
    first.or_else(|| user_state_dir(variable))
}

/// The state directory of the user who runs the program, as the environment names it.
pub fn own_state_dir() -> Option<PathBuf> {
    user_state_dir(&|name| std::env::var_os(name))
}

/// The user's directory for state (XDG base directory specification).
fn user_state_dir(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let of = |name| absolute(Path::new(&variable(name)?));
    let base = of("XDG_STATE_HOME").or_else(|| Some(of("HOME")?.join(".local/state")));
    Some(base?.join("fasti"))
}

fn absolute(path: &Path) -> Option<PathBuf> {
    path.is_absolute().then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_state_directory_is_where_services_and_users_expect_it() {
        let state = |variables: &[(&str, &str)]| {
            let variables: BTreeMap<_, _> = variables.iter().copied().collect();
            let found = default_state_dir(&|name| Some(variables.get(name)?.into()));
            found.map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/me");
        assert_eq!(state(&[home]), Some("/home/me/.local/state/fasti".into()));
        let xdg = ("XDG_STATE_HOME", "/state");
        assert_eq!(state(&[home, xdg]), Some("/state/fasti".into()));
        let service = ("STATE_DIRECTORY", "/var/lib/fasti:/var/lib/more");
        assert_eq!(state(&[home, xdg, service]), Some("/var/lib/fasti".into()));
        for name in ["STATE_DIRECTORY", "XDG_STATE_HOME"] {
            for none in ["", "relative"] {
                let found = state(&[home, (name, none)]);
                assert_eq!(found, Some("/home/me/.local/state/fasti".into()), "{name}={none}");
            }
        }
        assert_eq!((state(&[]), state(&[("HOME", "")])), (None, None));
    }
}
