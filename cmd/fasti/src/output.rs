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
    status: u8,
    then: Option<Then>,
}

/// What is due when the outcome was printed.
type Then = Box<dyn FnOnce() -> Result<(), Failure>>;

impl Output {
    /// An outcome that is in order.
    pub fn good(lines: Vec<String>, json: Value) -> Self {
        Self { lines, json, status: 0, then: None }
    }

    /// An outcome that is in order or not.
    pub fn judged(good: bool, lines: Vec<String>, json: Value) -> Self {
        Self::good(lines, json).with_status(u8::from(!good))
    }

    /// The same with another exit status.
    pub fn with_status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// The same, with something to do when it was printed.
    pub fn then(self, then: impl FnOnce() -> Result<(), Failure> + 'static) -> Self {
        Self { then: Some(Box::new(then)), ..self }
    }

    /// Prints it.
    pub fn print(self, format: Format) -> Result<ExitCode, Failure> {
        let text = match format {
            Format::Default => self.lines.join("\n") + "\n",
            Format::Json => format!("{:#}\n", self.json),
        };
        write(&text).context("cannot write to standard output")?;
        self.then.map_or(Ok(()), |then| then())?;
        Ok(ExitCode::from(self.status))
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
