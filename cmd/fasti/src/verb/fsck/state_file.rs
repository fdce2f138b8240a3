//! The file that says how far a check got, so that the next one goes on from there.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use fasti::audit::fsck::{State, StateError};
use fasti::causes::with_causes;

/// How often the file is written during a check.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct StateFlags {
    /// Keep in this file how far the check got. The next one goes on from there, even if this one
    /// is killed, and reads only what the log has beyond that
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Check from the beginning, whatever the file says, and begin the file anew
    #[arg(long, requires = "state")]
    full: bool,
}

impl StateFlags {
    /// The file, if there is to be one.
    pub fn open(&self) -> Option<StateFile> {
        let path = self.state.clone()?;
        Some(StateFile { path, full: self.full, written: Mutex::default() })
    }
}

/// The file of one check.
pub struct StateFile {
    path: PathBuf,
    full: bool,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    at: Option<Instant>,
    failed: Option<StateError>,
}

impl StateFile {
    /// How far an earlier check got.
    pub fn load(&self) -> anyhow::Result<Option<State>> {
        if self.full {
            return Ok(None);
        }
        State::load(&self.path).context("nothing was checked")
    }

    /// Writes the file, unless it was written a moment ago.
    pub fn save_now_and_then(&self, state: &State) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = *written.at.get_or_insert(now);
        if now - at >= PAUSE {
            written.at = Some(now);
            written.failed = state.save(&self.path).err();
        }
    }

    /// Writes the file.
    pub fn save(&self, state: &State) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.failed = state.save(&self.path).err();
    }

    /// A warning, if the file could not be written.
    pub fn into_warning(self) -> Option<String> {
        let written = self.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failed = written.failed.as_ref().map(|error| with_causes(error));
        failed.map(|why| format!("the next check cannot go on from here: {why}"))
    }
}
