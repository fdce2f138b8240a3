//! The environment of one test: a directory, a writer with a fixed key that can be stopped, and the
//! command.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use fasti_kit::cli::Ended;
use fasti_kit::process::{Process, program};
use tempfile::TempDir;
use tiles_spec::{KeyName, NoteSigningKey};

pub const ORIGIN: &str = "localhost";

/// A directory and what runs in it.
pub struct World {
    directory: TempDir,
    origin: String,
    vkey: String,
    writer: Option<Writer>,
}

/// A running writer.
struct Writer {
    process: Process,
    url: String,
}

impl World {
    /// An empty directory with a log's key in it. The key is always the same, and so are its
    /// signatures.
    pub fn new() -> Self {
        Self::of(ORIGIN, 1)
    }

    /// A directory for a log with this origin, with a key from this seed.
    pub fn of(origin: &str, seed: u8) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let key = NoteSigningKey::from_seed(origin.parse().expect("a key name"), &[seed; 32]);
        let path = directory.path().join("log.key");
        write_private(&path, &key.to_private_string());
        let (origin, vkey) = (origin.to_owned(), key.verifier_key().to_string());
        Self { directory, origin, vkey, writer: None }
    }

    /// A directory with a running writer.
    pub fn with_writer(flags: &[&str]) -> Self {
        let mut world = Self::new();
        world.start(flags);
        world
    }

    /// The log's verifier key.
    pub fn vkey(&self) -> &str {
        &self.vkey
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).expect("the file can be written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Starts a writer on `log/`.
    pub fn start(&mut self, flags: &[&str]) {
        self.start_with(&[], &[&["--store", "log", "--key", "log.key"], flags].concat());
    }

    /// Starts a writer with these variables; the flags must name its store and key.
    pub fn start_with(&mut self, variables: &[(&str, &str)], flags: &[&str]) {
        let mut process = Process::spawn(self.writer_command(variables, flags));
        let url = process.expect_started().url;
        self.writer = Some(Writer { process, url });
    }

    /// What a writer prints when it refuses to start.
    pub fn start_refused(&self, variables: &[(&str, &str)], flags: &[&str]) -> String {
        let ended = self.writer_command(variables, flags).output().expect("the writer runs");
        assert!(matches!(ended.status.code(), Some(1..=3)), "{ended:?}");
        String::from_utf8(ended.stderr).expect("it prints text")
    }

    fn writer_command(&self, variables: &[(&str, &str)], flags: &[&str]) -> Command {
        let mut command = Command::new(program("fasti-writer"));
        command
            .args(["--listen", "127.0.0.1:0", "--origin", &self.origin])
            .args(flags)
            .env("FASTI_LOG_FILTER", "warn")
            .env("XDG_STATE_HOME", self.path("writer-state"))
            .envs(variables.iter().copied())
            .current_dir(self.directory.path());
        command
    }

    /// Waits until the writer has ended by itself, and returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let mut writer = self.writer.take().expect("a writer runs");
        writer.process.wait().status.code()
    }

    /// Sets the log's verifier key, if it is not the fixed one.
    pub fn trust(&mut self, vkey: &str) {
        vkey.clone_into(&mut self.vkey);
    }

    /// Shuts the writer down cleanly. What follows works on files alone.
    pub fn stop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.process.stop();
        }
    }

    pub fn url(&self) -> &str {
        &self.writer.as_ref().expect("a writer runs").url
    }

    /// Adds opaque entries to the log, one after another.
    pub fn add(&self, entries: impl IntoIterator<Item = String>) {
        let address = self.url().strip_prefix("http://").expect("an http URL");
        let mut stream = TcpStream::connect(address).expect("the writer listens");
        for entry in entries {
            let answer = post(&mut stream, address, &entry);
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }
    }

    /// The writer's answer to an opaque entry; empty if it ends first.
    pub fn offer(&self, entry: &str) -> String {
        let address = self.url().strip_prefix("http://").expect("an http URL");
        let mut stream = TcpStream::connect(address).expect("the writer listens");
        post(&mut stream, address, entry)
    }

    /// Runs the command with the log's key in the environment, and with its URL while a writer
    /// runs, otherwise its directory.
    pub fn fasti(&self, arguments: &[&str]) -> Ended {
        self.fasti_with(&[("FASTI_VKEY", &self.vkey)], arguments)
    }

    /// Runs the command with these variables.
    pub fn fasti_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        Ended::of(self.command(variables, arguments))
    }

    /// The command with these variables, not yet run.
    pub fn command(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let log = self.writer.as_ref().map_or("log", |writer| &writer.url);
        let mut command = Command::new(env!("CARGO_BIN_EXE_fasti"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("FASTI_VKEY")
            .env("FASTI_LOG", log)
            .env("XDG_STATE_HOME", self.path("state"))
            .envs(variables.iter().copied());
        command
    }
}

fn post(stream: &mut TcpStream, address: &str, entry: &str) -> String {
    let length = entry.len();
    let head = format!("POST /add HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{entry}").as_bytes()).expect("it takes the request");
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Compares an output with its golden file.
#[track_caller]
pub fn golden(name: &str, output: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cli/golden").join(name);
    if std::env::var_os("FASTI_GOLDEN").is_some_and(|mode| mode == "write") {
        std::fs::write(&path, output).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; FASTI_GOLDEN=write creates it", path.display()));
    assert_eq!(output, expected, "{name} has changed; FASTI_GOLDEN=write accepts it");
}

/// The key of a log, made from a seed.
pub fn signing_key(seed: u8) -> NoteSigningKey {
    let name: KeyName = ORIGIN.parse().expect("a key name");
    NoteSigningKey::from_seed(name, &[seed; 32])
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, format!("{text}\n")).expect("the key can be written");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, mode).expect("its mode can be set");
}
