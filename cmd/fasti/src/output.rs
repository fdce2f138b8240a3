//! What a command prints when it succeeds: the same for people and for programs.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::failure::Failure;
use crate::globals::Format;

/// An outcome in both forms.
pub struct Output {
    /// For people: lines, or a whole text without its last newline.
    pub lines: Vec<String>,
    /// For programs.
    pub json: Value,
    /// Whether what was asked for was found in order.
    pub good: bool,
}

impl Output {
    /// An outcome that is in order.
    pub fn good(lines: Vec<String>, json: Value) -> Self {
        Self { lines, json, good: true }
    }

    /// Prints it.
    pub fn print(self, format: Format) -> Result<ExitCode, Failure> {
        let text = match format {
            Format::Default => self.lines.join("\n") + "\n",
            Format::Json => format!("{:#}\n", self.json),
        };
        write(&text).context("cannot write to standard output")?;
        Ok(ExitCode::from(u8::from(!self.good)))
    }
}

/// Writes to standard output. That nobody reads on is no error.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
