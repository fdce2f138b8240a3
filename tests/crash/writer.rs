//! A writer process: started, awaited, killed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tiles_spec::{NoteSigningKey, VerifierKey};

/// The origin of every log here.
pub const ORIGIN: &str = "log.test/crash";

/// A running writer. Killed when dropped.
pub struct Writer {
    child: Child,
    /// Open as long as the writer runs: it may have more to print.
    stdout: BufReader<ChildStdout>,
    stderr: File,
}

/// What a writer that stopped by itself has left.
pub struct Ended {
    pub status: ExitStatus,
    /// Everything it wrote to standard error.
    pub stderr: String,
}

impl Writer {
    /// Starts a writer on `store`.
    pub fn start(store: &Path, more: &[&str]) -> Self {
        let mut command = Self::command(ORIGIN, "127.0.0.1:0");
        command.arg("--store").arg(store).args(more);
        Self::spawn(command)
    }

    /// A writer's command without a store.
    pub fn command(origin: &str, listen: &str) -> Command {
        let mut command = Command::new(programs().join("fasti-writer"));
        command.env_clear().args(["--origin", origin, "--listen", listen, "--accept-opaque"]);
        command
    }

    /// Starts a writer.
    pub fn spawn(mut command: Command) -> Self {
        let stderr = tempfile::tempfile().expect("a file for what the writer says");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().expect("a second descriptor"))
            .spawn()
            .expect("the writer starts");
        let stdout = BufReader::new(child.stdout.take().expect("is piped"));
        Self { child, stdout, stderr }
    }

    /// Waits until the writer is listening.
    pub fn address(&mut self) -> Result<SocketAddr, Ended> {
        for line in self.stdout.by_ref().lines().map_while(Result::ok) {
            let url = line.split_once("listening on  ").and_then(|(_, url)| url.split_once("://"));
            if let Some((_, address)) = url {
                return Ok(address.trim().parse().expect("an address"));
            }
        }
        Err(self.wait())
    }

    /// Waits until the writer is listening. Returns its metrics address and its own address.
    pub fn expect_addresses(&mut self) -> (SocketAddr, SocketAddr) {
        let lines = self.stdout.by_ref().lines().map_while(Result::ok);
        let metrics = lines.filter_map(|line| {
            let (_, address) = line.split_once("metrics on    http://")?;
            address.strip_suffix("/metrics")?.parse().ok()
        });
        let metrics = { metrics }.next().expect("the writer serves metrics");
        (metrics, self.expect_address())
    }

    /// Waits until the writer is listening; it must not fail.
    pub fn expect_address(&mut self) -> SocketAddr {
        self.address().unwrap_or_else(|Ended { status, stderr }| {
            panic!("the writer refuses, {status}: {stderr}");
        })
    }

    /// Sends SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the writer is there to be killed");
        self.wait();
    }

    /// Sends SIGTERM as soon as the writer handles it, and waits for the end.
    pub fn stop(mut self) {
        while !self.takes_sigterm() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.signal(Signal::TERM);
        let ended = self.wait();
        assert!(ended.status.success(), "the writer shuts down cleanly: {}", ended.stderr);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the writer is there");
    }

    /// What it said, if it has ended.
    pub fn ended(&mut self) -> Option<Ended> {
        let has_ended = self.child.try_wait().expect("the writer can be waited for").is_some();
        has_ended.then(|| self.wait())
    }

    fn takes_sigterm(&self) -> bool {
        let caught = u64::from_str_radix(&self.status("SigCgt:"), 16).expect("a mask of signals");
        caught & (1 << (Signal::TERM.as_raw() - 1)) != 0
    }

    /// Its resident memory, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let resident = self.status("VmRSS:");
        resident.trim_end_matches(" kB").parse().expect("a number")
    }

    /// A resource limit of the process: soft and hard.
    pub fn limit(&self, name: &str) -> Vec<String> {
        let path = format!("/proc/{}/limits", self.child.id());
        let limits = std::fs::read_to_string(path).expect("the writer is there");
        let said = limits.lines().find_map(|line| line.strip_prefix(name));
        let words = said.expect("the system says it").split_whitespace();
        words.take(2).map(str::to_owned).collect()
    }

    /// A field of the process's status in `/proc`.
    fn status(&self, field: &str) -> String {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the writer is there");
        let said = status.lines().find_map(|line| line.strip_prefix(field));
        said.expect("the system says it").trim().to_owned()
    }

    /// Waits for the writer to end by itself.
    pub fn wait(&mut self) -> Ended {
        let status = self.child.wait().expect("the writer can be waited for");
        Ended { status, stderr: self.said() }
    }

    /// What it has said so far. It must have ended, or be no longer needed: the file is shared.
    pub fn said(&mut self) -> String {
        let mut said = Vec::new();
        self.stderr.rewind().expect("a file");
        self.stderr.read_to_end(&mut said).expect("a file");
        String::from_utf8_lossy(&said).into_owned()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The directory of the programs: of this build, unless the environment names another.
pub fn programs() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_fasti-writer")).parent().expect("a directory");
    std::env::var_os("FASTI_PROGRAMS").map_or_else(|| built.to_owned(), PathBuf::from)
}

/// The verifier key of a log's key file.
pub fn verifier_key(key_file: &Path) -> VerifierKey {
    let line = std::fs::read_to_string(key_file).expect("the key file");
    let key = NoteSigningKey::parse(line.trim_end()).expect("a key");
    key.verifier_key().clone()
}
