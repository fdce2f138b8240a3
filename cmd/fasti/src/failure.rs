//! How a command fails: refused, or nothing found out. Both with the reason and what to do.

use std::error::Error;
use std::process::ExitCode;

use crate::advice;
use crate::globals::Format;
use crate::output;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Something was found out, and it is a no. Exit status 1.
    Refused(anyhow::Error),
    /// Nothing was found out. Exit status 2.
    Broken(anyhow::Error),
}

impl Failure {
    /// Tells what happened, and gives the exit status.
    pub fn report(&self, format: Format) -> ExitCode {
        let (error, refused) = match self {
            Self::Refused(error) => (error, true),
            Self::Broken(error) => (error, false),
        };
        let words = output::plain(&in_words(error.as_ref()));
        let advice = advice::on(error);
        if format == Format::Json {
            let json = serde_json::json!({"error": words, "refused": refused, "advice": advice});
            // Whoever closed standard output gets the exit status all the same.
            drop(output::write(&format!("{json}\n")));
        }
        eprintln!("fasti: {}{words}", if refused { "refused: " } else { "" });
        if let Some(advice) = advice {
            eprintln!("fasti: {advice}");
        }
        ExitCode::from(if refused { 1 } else { 2 })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// Sorts the errors of a library call.
pub fn refused_if<T, E>(result: Result<T, E>, is_refusal: fn(&E) -> bool) -> Result<T, Failure>
where
    E: Error + Send + Sync + 'static,
{
    result.map_err(|error| {
        let failure = if is_refusal(&error) { Failure::Refused } else { Failure::Broken };
        failure(error.into())
    })
}

/// An error and its causes on one line; a cause that the error has told already is not repeated.
pub fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !words.contains(&told) {
            words = format!("{words}: {told}");
        }
        cause = error.source();
    }
    words
}
