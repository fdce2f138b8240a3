//! A writer process: started, awaited, killed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The name of every log here.
pub const ORIGIN: &str = "log.test/crash";

/// A running writer. Killed when dropped.
pub struct Writer {
    child: Child,
    /// Open as long as the writer runs: it may have more to print.
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
}

/// What a writer that ended by itself has left.
pub struct Ended {
    pub status: ExitStatus,
    /// Everything it said.
    pub stderr: String,
}

impl Writer {
    /// Starts a writer on `store`. What it says goes to a file beside.
    pub fn start(store: &Path, more: &[&str]) -> Self {
        let stderr = store.with_extension("stderr");
        let said = File::create(&stderr).expect("a file for what the writer says");
        let mut child = Command::new(env!("CARGO_BIN_EXE_fasti-writer"))
            .env_clear()
            .arg("--store")
            .arg(store)
            .args(["--origin", ORIGIN, "--listen", "127.0.0.1:0", "--accept-opaque"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .expect("the writer starts");
        let stdout = BufReader::new(child.stdout.take().expect("is piped"));
        Self { child, stdout, stderr }
    }

    /// Waits until the writer listens.
    pub fn address(&mut self) -> Result<SocketAddr, Ended> {
        for line in self.stdout.by_ref().lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once("listening on  http://") {
                return Ok(address.trim().parse().expect("an address"));
            }
        }
        Err(self.wait())
    }

    /// Waits until the writer listens, which it has to.
    pub fn expect_address(&mut self) -> SocketAddr {
        self.address().unwrap_or_else(|ended| panic!("the writer refuses: {}", ended.stderr))
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the writer is there to be killed");
        self.wait();
    }

    /// SIGTERM, as soon as the writer listens to it, and waits for the end.
    pub fn stop(mut self) {
        while !self.takes_sigterm() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), Signal::TERM).expect("the writer is there");
        let ended = self.wait();
        assert!(ended.status.success(), "the writer ends in order: {}", ended.stderr);
    }

    fn takes_sigterm(&self) -> bool {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the writer is there");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        caught.expect("a mask of signals") & (1 << (Signal::TERM.as_raw() - 1)) != 0
    }

    /// Waits for the writer to end by itself.
    pub fn wait(&mut self) -> Ended {
        let status = self.child.wait().expect("the writer can be waited for");
        let stderr = std::fs::read(&self.stderr).expect("a file");
        Ended { status, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
