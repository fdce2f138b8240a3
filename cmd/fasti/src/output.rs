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
    warnings: Vec<String>,
    then: Option<Then>,
}

/// What is due when the outcome was printed; what it did not do, it warns of.
type Then = Box<dyn FnOnce() -> Vec<String>>;

impl Output {
    /// An outcome that is in order.
    pub fn good(lines: Vec<String>, json: Value) -> Self {
        Self { lines, json, status: 0, warnings: Vec::new(), then: None }
    }

    /// An outcome that is in order or not.
    pub fn judged(good: bool, lines: Vec<String>, json: Value) -> Self {
        Self::good(lines, json).with_status(u8::from(!good))
    }

    /// The same with another exit status.
    pub fn with_status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// The same, with warnings that follow it on standard error, a line each.
    pub fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The same, with something to do when it was printed.
    pub fn then(self, then: impl FnOnce() -> Vec<String> + 'static) -> Self {
        Self { then: Some(Box::new(then)), ..self }
    }

    /// Prints it.
    pub fn print(self, format: Format) -> Result<ExitCode, Failure> {
        let text = match format {
            Format::Default => plain(&self.lines.join("\n")) + "\n",
            Format::Json => format!("{:#}\n", self.json),
        };
        write(&text).context("cannot write to standard output")?;
        let not_done = self.then.map(|then| then()).unwrap_or_default();
        for warning in self.warnings.iter().chain(&not_done) {
            eprintln!("fasti: warning: {}", plain(warning));
        }
        Ok(ExitCode::from(self.status))
    }
}

/// A text for a terminal, on which others' words in it must not act.
pub fn plain(text: &str) -> String {
    let is_harmless = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) {
            plain.push(c);
        } else {
            plain.extend(c.escape_default());
        }
    }
    plain
}

/// Writes to standard output. That nobody reads on is no error.
pub fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
