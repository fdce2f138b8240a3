//! A writer at home: in a temporary directory, with its store and what it has said, which outlive
//! it.

use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use rustix::process::Signal;
use tempfile::TempDir;
use tiles_spec::VerifierKey;

use crate::process::{Process, Started, program};

/// What outlives a writer: its store, and its standard error.
#[derive(Clone)]
pub struct Home(Rc<TempDir>);

/// For [`Home::new`].
impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self(Rc::new(tempfile::tempdir().expect("a directory")))
    }

    /// The store's directory.
    pub fn store(&self) -> PathBuf {
        self.0.path().join("log")
    }

    /// Another home, with a copy of the store.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy_dir(&self.store(), &copy.store());
        copy
    }

    /// Writes a file next to the store and returns its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    fn errors(&self) -> PathBuf {
        self.0.path().join("stderr")
    }

    /// Everything that the writers here have written to standard error.
    pub fn said(&self) -> String {
        fs::read_to_string(self.errors()).expect("standard error is UTF-8")
    }

    /// The writer's command. The system chooses a port unless `flags` name one.
    fn command(&self, flags: &[&str]) -> Command {
        self.command_of(&program("fasti-writer").display().to_string(), flags)
    }

    fn command_of(&self, program: &str, flags: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().arg("--store").arg(self.store()).args(flags);
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command
    }

    /// Starts a writer that is expected to refuse. Returns its exit code and what it said.
    pub fn refusal(&self, flags: &[&str]) -> (Option<i32>, String) {
        let mut command = self.command(flags);
        let ended = command.stdin(Stdio::null()).output().expect("the writer runs");
        let said = String::from_utf8(ended.stderr).expect("standard error is UTF-8");
        (ended.status.code(), said)
    }

    /// Starts a writer without waiting.
    pub fn spawn(&self, flags: &[&str]) -> Process {
        Process::spawn_noted(self.command(flags), &self.errors())
    }

    /// Starts a writer with these variables, without waiting.
    pub fn spawn_with(&self, variables: &[(&str, &str)], flags: &[&str]) -> Process {
        let mut command = self.command(flags);
        command.envs(variables.iter().copied());
        Process::spawn_noted(command, &self.errors())
    }

    /// Starts a writer and waits until it listens.
    pub fn start(&self, flags: &[&str]) -> Writer {
        self.started(self.spawn(flags))
    }

    /// Starts another program, such as an older release, and waits until it listens.
    pub fn start_other(&self, program: &str, flags: &[&str]) -> Writer {
        let command = self.command_of(program, flags);
        self.started(Process::spawn_noted(command, &self.errors()))
    }

    fn started(&self, mut process: Process) -> Writer {
        let Started { address, metrics, key, .. } = process.expect_started();
        Writer { process, home: self.clone(), address, key, metrics }
    }
}

/// A running writer that listens; killed when dropped.
pub struct Writer {
    process: Process,
    /// Where it lives.
    pub home: Home,
    /// Where it listens.
    pub address: SocketAddr,
    /// The log's key.
    pub key: VerifierKey,
    /// Where it serves metrics, if it does.
    pub metrics: Option<SocketAddr>,
}

impl Deref for Writer {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Writer {
    /// Starts a writer on a new store.
    pub fn start(flags: &[&str]) -> Self {
        Home::new().start(flags)
    }

    /// Asks it to reload its lists and its certificate.
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Waits for it to shut down cleanly.
    pub fn ends(mut self) -> Home {
        let ended = self.process.wait();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        self.home.clone()
    }

    /// Asks it to stop, and waits for that.
    pub fn stop(self) -> Home {
        self.terminate();
        self.ends()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let said = self.home.said();
        assert!(std::thread::panicking() || !said.contains("panicked at"), "{said}");
        assert!(std::thread::panicking() || !said.contains('\u{1b}'), "colours in a file: {said}");
    }
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
