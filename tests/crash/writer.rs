//! The writers of these tests: of one origin, and with opaque entries.

use std::path::Path;
use std::process::Command;

use fasti_kit::process::program;
pub use fasti_kit::process::{Ended, Process as Writer};
use tiles_spec::{NoteSigningKey, VerifierKey};

/// The origin of every log here.
pub const ORIGIN: &str = "log.test/crash";

/// Starts a writer on `store`.
pub fn start(store: &Path, more: &[&str]) -> Writer {
    let mut command = command(ORIGIN, "127.0.0.1:0");
    command.arg("--store").arg(store).args(more);
    Writer::spawn(command)
}

/// A writer's command without a store.
pub fn command(origin: &str, listen: &str) -> Command {
    let mut command = Command::new(program("fasti-writer"));
    command.env_clear().args(["--origin", origin, "--listen", listen, "--accept-opaque"]);
    command
}

/// The verifier key of a log's key file.
pub fn verifier_key(key_file: &Path) -> VerifierKey {
    let line = std::fs::read_to_string(key_file).expect("the key file");
    let key = NoteSigningKey::parse(line.trim_end()).expect("a key");
    key.verifier_key().clone()
}
