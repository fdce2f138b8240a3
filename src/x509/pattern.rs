//! Patterns that match a text exactly or by a regular expression.
//!
//! A regular expression must match the whole text. It is first compiled on its own, so that an
//! unbalanced bracket cannot escape the anchors. Its length and the size of its automaton are
//! bounded. Matching takes time linear in the text.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// Longest regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 4096;
/// Maximum memory of a compiled expression, and of its cache while matching.
const REGEX_MEMORY_MAX: usize = 256 << 10;

/// What a text must match.
#[derive(Clone, Debug)]
pub struct Pattern(Form);

#[derive(Clone, Debug)]
enum Form {
    Exact(String),
    /// The expression as it was written, and compiled to match the whole text.
    Regex(String, Regex),
}

/// Why a regular expression is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It is too long.
    #[error("the regular expression is longer than {REGEX_BYTES_MAX} bytes")]
    TooLong,
    /// It does not compile, or becomes too large.
    #[error("the regular expression cannot be used: {}", last_line(.0))]
    Regex(#[source] Box<regex::Error>),
}

/// Returns the last line of the parser's error, which says what is wrong; the lines before it show
/// the expression.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl Pattern {
    /// This exact text.
    pub fn exact(text: impl Into<String>) -> Self {
        Self(Form::Exact(text.into()))
    }

    /// An expression that must match the whole text.
    pub fn regex(text: &str) -> Result<Self, PatternError> {
        if text.len() > REGEX_BYTES_MAX {
            return Err(PatternError::TooLong);
        }
        compile(text)?;
        Ok(Self(Form::Regex(text.to_owned(), compile(&format!(r"\A(?:{text})\z"))?)))
    }

    /// Whether the whole text matches.
    pub fn fits(&self, text: &str) -> bool {
        match &self.0 {
            Form::Exact(exact) => exact == text,
            Form::Regex(_, regex) => regex.is_match(text),
        }
    }
}

/// The pattern as it was written, quoted.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Exact(text) => write!(f, "{text:?}"),
            Form::Regex(text, _) => write!(f, "anything like {text:?}"),
        }
    }
}

fn compile(text: &str) -> Result<Regex, PatternError> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(REGEX_MEMORY_MAX).dfa_size_limit(REGEX_MEMORY_MAX);
    builder.build().map_err(|error| PatternError::Regex(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_text_has_to_fit() {
        let exact = Pattern::exact("a.c");
        for (text, fits) in [("a.c", true), ("abc", false), ("a.c\n", false), ("xa.cx", false)] {
            assert_eq!(exact.fits(text), fits, "{text:?}");
        }
        for (expression, text, fits) in [
            ("a.c", "abc", true),
            ("a.c", "xabc", false),
            ("a.c", "abcx", false),
            ("a.c", "abc\n", false),
            ("a|ab", "ab", true),
            ("a|b", "ax", false),
            ("a|b", "xb", false),
            ("(?m)^a$", "a\nb", false),
            ("(?m)a|^b$", "x\nb\nx", false),
            ("(?s).*", "a\nb", true),
            ("(?i)abc", "ABC", true),
            ("", "", true),
            ("", "a", false),
        ] {
            let pattern = Pattern::regex(expression).unwrap();
            assert_eq!(pattern.fits(text), fits, "{expression:?} {text:?}");
        }
    }

    #[test]
    fn nothing_gets_around_the_anchors_or_the_bounds() {
        for (expression, why) in [
            ("a)|(?:b", "unopened group"),
            ("a(", "unclosed group"),
            ("(?x) a # comment", "unclosed group"),
            ("[", "unclosed character class"),
            ("(a{1000}){1000}", "exceeds size limit"),
            (r"a\", "incomplete escape"),
            (&"a".repeat(5000), "longer than 4096 bytes"),
        ] {
            let message = Pattern::regex(expression).unwrap_err().to_string();
            assert!(message.contains(why), "{expression:.20}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
