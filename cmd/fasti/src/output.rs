//! What a command prints when it succeeds: the same facts for people and for programs.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::failure::Failure;
use crate::format::Format;
use crate::terminal;

/// An outcome in both forms.
pub struct Output {
    /// For people, line by line.
    pub lines: Vec<String>,
    /// For programs.
    pub json: Value,
    status: u8,
    /// Whether the JSON is one line among others.
    is_one_line: bool,
    warnings: Vec<String>,
    then: Option<Then>,
}

/// Work to do once the outcome is printed. Returns warnings about what it could not do.
type Then = Box<dyn FnOnce() -> Vec<String>>;

impl Output {
    /// A successful outcome.
    pub fn good(lines: Vec<String>, json: Value) -> Self {
        Self { lines, json, status: 0, is_one_line: false, warnings: Vec::new(), then: None }
    }

    /// An outcome with exit status 0 if `good`, otherwise 1.
    pub fn judged(good: bool, lines: Vec<String>, json: Value) -> Self {
        Self::good(lines, json).with_status(u8::from(!good))
    }

    /// Sets the exit status.
    pub fn with_status(self, status: u8) -> Self {
        Self { status, ..self }
    }

    /// Prints the JSON on one line, as one of several documents.
    pub fn on_one_line(self) -> Self {
        Self { is_one_line: true, ..self }
    }

    /// Adds warnings, which follow the outcome on standard error, one per line.
    pub fn warn(mut self, warnings: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Adds work to do once the outcome is printed.
    pub fn then(self, then: impl FnOnce() -> Vec<String> + 'static) -> Self {
        let before = self.then;
        let both = move || {
            let mut warnings = before.map(|before| before()).unwrap_or_default();
            warnings.extend(then());
            warnings
        };
        Self { then: Some(Box::new(both)), ..self }
    }

    /// Prints the outcome.
    pub fn print(self, format: Format) -> Result<ExitCode, Failure> {
        match format {
            Format::Default => terminal::print(&self.lines),
            Format::Json if self.is_one_line => terminal::print_json(&self.json.to_string()),
            Format::Json => terminal::print_json(&format!("{:#}", self.json)),
        }
        .context("cannot write to standard output")?;
        let not_done = self.then.map(|then| then()).unwrap_or_default();
        for warning in self.warnings.iter().chain(&not_done) {
            terminal::say(&format!("warning: {warning}"));
        }
        Ok(ExitCode::from(self.status))
    }
}
