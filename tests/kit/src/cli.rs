//! A command that runs to its end, and what it said.

use std::process::Command;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said besides.
    pub stderr: String,
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(mut command: Command) -> Self {
        let ended = command.output().expect("the command runs");
        Self {
            status: ended.status.code().expect("it was not killed"),
            stdout: String::from_utf8(ended.stdout).expect("it prints text"),
            stderr: String::from_utf8(ended.stderr).expect("it prints text"),
        }
    }

    /// The output of a command that must have succeeded.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Asserts that the command refused, for this reason.
    #[track_caller]
    pub fn refused(&self, reason: &str) {
        self.failed(1, reason);
    }

    /// Asserts that the command failed without a verdict, for this reason.
    #[track_caller]
    pub fn broken(&self, reason: &str) {
        self.failed(2, reason);
    }

    #[track_caller]
    fn failed(&self, status: i32, reason: &str) {
        let words = format!("{}{}", self.stdout, self.stderr);
        assert!(words.contains(reason), "not {reason:?}: {words}");
        assert_eq!(self.status, status, "{words}");
    }
}
