//! Patterns that match a text exactly or by a regular expression.
//!
//! A regular expression must match the whole text. It is first compiled on its own, so that an
//! unbalanced bracket cannot escape the anchors. Its length and the size of its automaton are
//! bounded. Matching takes time linear in the text.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// Longest regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 4096;
/// Maximum memory of a compiled expression, and of its cache while matching.
const REGEX_MEMORY_MAX: usize = 256 << 10;

/// What a text must match.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This exact text.
    Exact(String),
    /// An expression that must match the whole text.
    Regex(Regex),
}

/// A pattern as written in a policy: `"text"` or `{ regex = 'expression' }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected \"text\" or { regex = 'expression' }")]
pub enum PatternText {
    /// This exact text.
    Exact(String),
    /// A regular expression.
    Regex(RegexText),
}

/// The table of a regular expression.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegexText {
    regex: String,
}

/// Why a regular expression is refused.
#[derive(Debug, thiserror::Error)]
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
    /// Compiles a pattern.
    pub fn new(text: PatternText) -> Result<Self, PatternError> {
        let text = match text {
            PatternText::Exact(text) => return Ok(Self::Exact(text)),
            PatternText::Regex(RegexText { regex }) => regex,
        };
        if text.len() > REGEX_BYTES_MAX {
            return Err(PatternError::TooLong);
        }
        compile(&text)?;
        Ok(Self::Regex(compile(&format!(r"\A(?:{text})\z"))?))
    }

    /// Whether the whole text matches.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Regex(regex) => regex.is_match(text),
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

    fn regex(text: &str) -> Result<Pattern, PatternError> {
        Pattern::new(PatternText::Regex(RegexText { regex: text.to_owned() }))
    }

    #[test]
    fn the_whole_text_has_to_fit() {
        let exact = Pattern::new(PatternText::Exact("a.c".to_owned())).unwrap();
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
            assert_eq!(regex(expression).unwrap().fits(text), fits, "{expression:?} {text:?}");
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
            let message = regex(expression).unwrap_err().to_string();
            assert!(message.contains(why), "{expression:.20}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}
