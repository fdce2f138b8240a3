//! How a command fails: refused or broken, both with the reason and advice on what to do.

use std::error::Error;
use std::process::ExitCode;

use fasti::causes::with_causes;

use crate::advice;
use crate::format::Format;
use crate::terminal;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The command has a result, and it is negative. Exit status 1.
    Refused(anyhow::Error),
    /// The command has no result. Exit status 2.
    Broken(anyhow::Error),
}

impl Failure {
    /// Prints what happened, and returns the exit status.
    pub fn report(&self, format: Format) -> ExitCode {
        let (error, refused) = match self {
            Self::Refused(error) => (error, true),
            Self::Broken(error) => (error, false),
        };
        let words = with_causes(error.as_ref());
        let advice = advice::on(error);
        if format == Format::Json {
            let json = serde_json::json!({"error": words, "refused": refused, "advice": advice});
            // If standard output is closed, the exit status still tells.
            drop(terminal::print_json(&json.to_string()));
        }
        terminal::say(&format!("{}{words}", if refused { "refused: " } else { "" }));
        if let Some(advice) = advice {
            terminal::say(advice);
        }
        ExitCode::from(if refused { 1 } else { 2 })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// Turns the error of a library call into a refusal or a breakage.
pub fn refused_if<T, E>(result: Result<T, E>, is_refusal: fn(&E) -> bool) -> Result<T, Failure>
where
    E: Error + Send + Sync + 'static,
{
    result.map_err(|error| {
        let failure = if is_refusal(&error) { Failure::Refused } else { Failure::Broken };
        failure(error.into())
    })
}
