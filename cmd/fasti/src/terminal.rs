//! The way to the terminal. Nothing else writes to standard output or standard error, so whatever
//! others put into their certificates, entries and answers is escaped here.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use fasti::entry::{Foreign, is_hidden};

/// The most that is read of an answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64;

/// Prints lines. What is not seen as it is written is escaped, also line breaks: no text can make a
/// line of its own.
pub fn print(lines: &[String]) -> io::Result<()> {
    let shown: Vec<_> = lines.iter().map(|line| Foreign(line).to_string()).collect();
    write(&(shown.join("\n") + "\n"))
}

/// Prints a JSON document.
pub fn print_json(document: &str) -> io::Result<()> {
    write(&(json_lines(document).join("\n") + "\n"))
}

/// The lines of a JSON document. What is not seen as it is written is escaped as JSON does it, so
/// the document has the same meaning as before.
pub fn json_lines(document: &str) -> Vec<String> {
    document.lines().map(escaped_for_json).collect()
}

/// Only within strings can a line of a JSON document have such characters.
fn escaped_for_json(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        if !is_hidden(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// Whether somebody is there to answer.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on standard error, and returns whether the answer was yes.
pub fn ask(question: &str) -> io::Result<bool> {
    eprint!("fasti: {} [y/N] ", Foreign(question));
    let mut answer = String::new();
    io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Says something on standard error, in one line.
pub fn say(words: &str) {
    complain(&format!("fasti: {}", Foreign(words)));
}

/// Says something on standard error, as a JSON document in one line.
pub fn say_json(document: &str) {
    complain(&json_lines(document).concat());
}

fn complain(line: &str) {
    eprintln!("{line}");
}

/// Shows lines in place of those that were shown last; below them, if standard output is not a
/// terminal. Returns whether anybody still reads.
pub fn show(lines: &[String]) -> io::Result<bool> {
    let lines = lines.iter().map(|line| Foreign(line).to_string());
    if io::stdout().is_terminal() {
        // From the upper left corner: each line and nothing to its right, and nothing below.
        let lines: String = lines.map(|line| line + "\x1b[K\n").collect();
        return write_to_reader(&format!("\x1b[H{lines}\x1b[J"));
    }
    write_to_reader(&(lines.collect::<Vec<_>>().join("\n") + "\n\n"))
}

/// Prints a JSON document, as one of several. Returns whether anybody still reads.
pub fn show_json(document: &str) -> io::Result<bool> {
    write_to_reader(&(json_lines(document).join("\n") + "\n"))
}

/// Writes to standard output. It is not an error if the reader closes the pipe.
fn write(text: &str) -> io::Result<()> {
    write_to_reader(text).map(|_| ())
}

/// Writes to standard output. Returns whether anybody still reads it.
fn write_to_reader(text: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_meaning() {
        let json = serde_json::json!({"a": "\u{202e}b\n\u{7f}\u{9b}\u{e0061}", "c\u{200b}": ["é"]});
        let shown = json_lines(&format!("{json:#}")).join("\n");
        assert!(!shown.chars().any(|c| c != '\n' && is_hidden(c)), "{shown:?}");
        assert!(shown.contains(r#""\u202eb\n\u007f\u009b\udb40\udc61""#), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), json);
    }
}
