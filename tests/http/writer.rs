//! A writer under test: the real binary in its own process, on a temporary store.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::rc::Rc;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tiles_spec::VerifierKey;

/// What outlives a writer: its store, and its standard error.
#[derive(Clone)]
pub struct Home(Rc<TempDir>);

impl Home {
    pub fn new() -> Self {
        Self(Rc::new(tempfile::tempdir().expect("a directory")))
    }

    /// The store's directory.
    pub fn store(&self) -> PathBuf {
        self.0.path().join("log")
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
        self.command_of(env!("CARGO_BIN_EXE_fasti-writer"), flags)
    }

    fn command_of(&self, program: &str, flags: &[&str]) -> Command {
        let mut command = Command::new(program);
        let errors = File::options().create(true).append(true).open(self.errors());
        command.env_clear().stderr(errors.expect("a file")).stdin(Stdio::null());
        command.arg("--store").arg(self.store()).args(flags);
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command
    }

    /// Starts a writer that is expected to refuse. Returns its exit code and what it said.
    pub fn refusal(&self, flags: &[&str]) -> (Option<i32>, String) {
        let before = if self.errors().exists() { self.said().len() } else { 0 };
        let status = self.command(flags).stdout(Stdio::null()).status().expect("the writer runs");
        (status.code(), self.said().split_off(before))
    }

    /// Starts a writer without waiting.
    pub fn spawn(&self, flags: &[&str]) -> Child {
        self.command(flags).stdout(Stdio::piped()).spawn().expect("the writer starts")
    }

    /// Starts a writer and waits until it listens.
    pub fn start(&self, flags: &[&str]) -> Writer {
        self.started(self.spawn(flags))
    }

    /// Starts another program, such as an older release, and waits until it listens.
    pub fn start_other(&self, program: &str, flags: &[&str]) -> Writer {
        let mut command = self.command_of(program, flags);
        self.started(command.stdout(Stdio::piped()).spawn().expect("the program starts"))
    }

    fn started(&self, mut process: Child) -> Writer {
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let (mut key, mut metrics) = (None, None);
        let address = loop {
            let mut line = String::new();
            let read = stdout.read_line(&mut line).expect("standard output is UTF-8");
            assert!(read > 0, "the writer does not start: {}", self.said());
            if let Some(value) = value_of(&line, "verifier key") {
                key = Some(VerifierKey::parse(value).expect("a verifier key"));
            } else if let Some(value) = value_of(&line, "metrics on") {
                let address = value.trim_start_matches("http://").trim_end_matches("/metrics");
                metrics = Some(address.parse().expect("an address"));
            } else if let Some(value) = value_of(&line, "listening on") {
                let (_, address) = value.split_once("://").expect("a URL");
                break address.parse().expect("an address");
            }
        };
        let key = key.expect("the verifier key is printed");
        Writer { process, _stdout: stdout, home: self.clone(), address, key, metrics }
    }
}

fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.trim().strip_prefix(name).map(str::trim)
}

/// A running writer; killed when dropped.
pub struct Writer {
    process: Child,
    /// Open until the end: the writer keeps printing.
    _stdout: BufReader<ChildStdout>,
    pub home: Home,
    pub address: SocketAddr,
    pub key: VerifierKey,
    pub metrics: Option<SocketAddr>,
}

impl Writer {
    /// Starts a writer on a new store.
    pub fn start(flags: &[&str]) -> Self {
        Home::new().start(flags)
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        kill_process(self.id(), Signal::TERM).expect("the process is ours");
    }

    /// Asks it to reload its lists and its certificate.
    pub fn hang_up(&self) {
        kill_process(self.id(), Signal::HUP).expect("the process is ours");
    }

    /// Waits for it to shut down cleanly.
    pub fn ends(mut self) -> Home {
        let status = self.process.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{}", self.home.said());
        self.home.clone()
    }

    /// Asks it to stop, and waits for that.
    pub fn stop(self) -> Home {
        self.terminate();
        self.ends()
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> usize {
        self.memory("VmRSS:")
    }

    /// The peak of resident memory since the last [`forget_peak`](Self::forget_peak).
    pub fn peak(&self) -> usize {
        self.memory("VmHWM:")
    }

    /// Resets [`peak`](Self::peak).
    pub fn forget_peak(&self) {
        let path = format!("/proc/{}/clear_refs", self.process.id());
        fs::write(path, "5").expect("the process is ours");
    }

    fn memory(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(Path::new(&path)).expect("the process is alive");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kibibytes.and_then(|n| n.parse::<usize>().ok()).expect("a number") * 1024
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        let said = self.home.said();
        assert!(std::thread::panicking() || !said.contains("panicked at"), "{said}");
        assert!(std::thread::panicking() || !said.contains('\u{1b}'), "colours in a file: {said}");
    }
}
