//! A writer, or a witness, in a process of its own: started, awaited, signalled, killed. Killed
//! when dropped.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempPath;
use tiles_spec::VerifierKey;

/// A running writer.
pub struct Process {
    child: Child,
    /// Open as long as the writer runs: it may have more to print.
    stdout: Option<BufReader<ChildStdout>>,
    errors: PathBuf,
    /// If nobody else keeps what it says.
    kept: Option<TempPath>,
}

/// What a writer prints when it listens.
#[derive(Clone, Debug)]
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// The same as a URL.
    pub url: String,
    /// Where it serves metrics, if it does.
    pub metrics: Option<SocketAddr>,
    /// The log's key.
    pub key: VerifierKey,
}

/// What a writer that stopped by itself has left.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything it wrote to standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a writer.
    pub fn spawn(command: Command) -> Self {
        let kept = tempfile::NamedTempFile::new().expect("a file for what the writer says");
        let kept = kept.into_temp_path();
        let mut process = Self::spawn_noted(command, &kept);
        process.kept = Some(kept);
        process
    }

    /// Starts a writer whose standard error is appended to a file.
    pub fn spawn_noted(mut command: Command, errors: &Path) -> Self {
        let file = File::options().create(true).append(true).open(errors).expect("a file");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the writer starts");
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, stdout, errors: errors.to_owned(), kept: None }
    }

    /// Waits until the writer is listening.
    pub fn started(&mut self) -> Result<Started, Ended> {
        let (mut key, mut metrics) = (None, None);
        loop {
            let mut line = String::new();
            // Whatever it prints that is not text is not what is looked for.
            let stdout = self.stdout.as_mut().expect("it is piped");
            if !matches!(stdout.read_line(&mut line), Ok(1..)) {
                return Err(self.wait());
            }
            if let Some(value) = value_of(&line, "verifier key") {
                key = Some(VerifierKey::parse(value).expect("a verifier key"));
            } else if let Some(value) = value_of(&line, "metrics on") {
                let address = value.trim_start_matches("http://").trim_end_matches("/metrics");
                metrics = Some(address.parse().expect("an address"));
            } else if let Some(value) = value_of(&line, "listening on") {
                let (_, address) = value.split_once("://").expect("a URL");
                let address = address.parse().expect("an address");
                let key = key.expect("the verifier key is printed");
                return Ok(Started { address, url: value.to_owned(), metrics, key });
            }
        }
    }

    /// Waits until the writer is listening; it must not fail.
    pub fn expect_started(&mut self) -> Started {
        self.started().unwrap_or_else(|Ended { status, stderr }| {
            panic!("the writer refuses, {status}: {stderr}");
        })
    }

    /// Waits until the writer is listening, and returns its address.
    pub fn address(&mut self) -> Result<SocketAddr, Ended> {
        self.started().map(|started| started.address)
    }

    /// Closes the other end of its standard output.
    pub fn ignore_stdout(&mut self) {
        self.stdout = None;
    }

    /// Waits until the writer is listening; it must not fail. Returns its address.
    pub fn expect_address(&mut self) -> SocketAddr {
        self.expect_started().address
    }

    /// Sends SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the writer is there to be killed");
        self.wait();
    }

    /// Sends SIGTERM as soon as the writer handles it, and waits for a clean end.
    pub fn stop(mut self) {
        self.terminate();
        let ended = self.wait();
        assert!(ended.status.success(), "the writer shuts down cleanly: {}", ended.stderr);
    }

    /// Sends SIGTERM as soon as the writer handles it.
    pub fn terminate(&self) {
        while !self.takes_sigterm() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.signal(Signal::TERM);
    }

    /// Sends a signal, such as STOP and CONT, between which it is frozen.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the writer is there");
    }

    /// What it said, if it has ended.
    pub fn ended(&mut self) -> Option<Ended> {
        let has_ended = self.child.try_wait().expect("the writer can be waited for").is_some();
        has_ended.then(|| self.wait())
    }

    /// Waits for the writer to end by itself.
    pub fn wait(&mut self) -> Ended {
        let status = self.child.wait().expect("the writer can be waited for");
        Ended { status, stderr: self.said() }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.errors).expect("a file")).into_owned()
    }

    fn takes_sigterm(&self) -> bool {
        let caught = u64::from_str_radix(&self.status("SigCgt:"), 16).expect("a mask of signals");
        // A writer that has ended takes none, and is not waited for.
        caught & (1 << (Signal::TERM.as_raw() - 1)) != 0 || self.status("State:").starts_with('Z')
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
        fs::write(self.proc("clear_refs"), "5").expect("the process is ours");
    }

    fn memory(&self, name: &str) -> usize {
        let kibibytes = self.status(name);
        let kibibytes = kibibytes.trim_end_matches(" kB").parse::<usize>();
        kibibytes.expect("a number") * 1024
    }

    /// A resource limit of the process: soft and hard.
    pub fn limit(&self, name: &str) -> Vec<String> {
        let limits = fs::read_to_string(self.proc("limits")).expect("the writer is there");
        let said = limits.lines().find_map(|line| line.strip_prefix(name));
        let words = said.expect("the system says it").split_whitespace();
        words.take(2).map(str::to_owned).collect()
    }

    /// The variables with which the running program was started, if they may be read.
    pub fn environment(&self) -> String {
        let bytes = fs::read(self.proc("environ")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', "\n")
    }

    /// A field of the process's status in `/proc`.
    fn status(&self, field: &str) -> String {
        let status = fs::read_to_string(self.proc("status")).expect("the writer is there");
        let said = status.lines().find_map(|line| line.strip_prefix(field));
        said.expect("the system says it").trim().to_owned()
    }

    fn proc(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.child.id()).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(self.kept.take());
    }
}

fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.trim().strip_prefix(name).map(str::trim)
}

/// A program of the project: of this build, unless `FASTI_PROGRAMS` names another directory. It is
/// built if missing.
pub fn program(name: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let directory = std::env::var_os("FASTI_PROGRAMS").map_or_else(built, PathBuf::from);
    let path = directory.join(name);
    let _one_at_a_time = BUILDING.lock().expect("no panics");
    if !path.exists() {
        let profile = match directory.file_name().and_then(|name| name.to_str()) {
            None | Some("debug") => "dev",
            Some(profile) => profile,
        };
        let package = match name {
            "fasti" => "fasti-cli",
            "fasti-witness" => "fasti-witness-server",
            name => name,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "-p", package, "--profile", profile])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.expect("cargo runs").success(), "{name} is built");
    }
    path
}

/// Where cargo has put the programs of the build that this test belongs to.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let deps = test.parent().expect("it is in a directory");
    deps.parent().expect("tests are below the programs").to_owned()
}
