//! Text from others that is shown whole: in verdicts, and on terminals.
//!
//! A certificate, a bundle, an entry or a server can say anything. Shown as it is, it could clear
//! the screen, begin a line that looks like ours, reverse the order of what is read, or hide
//! letters. [`quote`](super::quote()) is for the beginning of a text within a message.

use std::fmt::{self, Write as _};

/// Text from others. As `Display` it is one line, in which everything that is not seen as it is
/// written is escaped, as in `\n` or `\u{202e}`.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a>(pub &'a str);

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_hidden(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Whether a character has an effect of its own in place of a shape: controls, line separators,
/// directions (bidi), and what has no width or no shape (Unicode's Default_Ignorable_Code_Point,
/// language tags and variation selectors among it).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_as_it_is_written_is_escaped() {
        let shown = |text: &str| Foreign(text).to_string();
        for harmless in ["", "dev@example.com", "J\u{f6}rg \u{4e2d}\u{6587} \u{928}\u{93f}", "\\n"]
        {
            assert_eq!(shown(harmless), harmless);
        }
        for (text, escaped) in [
            ("a\nVerified OK", r"a\nVerified OK"),
            ("a\r\t\0\u{1b}[2J\u{9b}", r"a\r\t\u{0}\u{1b}[2J\u{9b}"),
            ("\u{202e}moc.elpmaxe@ved\u{2069}", r"\u{202e}moc.elpmaxe@ved\u{2069}"),
            ("dev\u{200b}@\u{feff}example\u{ad}.com", r"dev\u{200b}@\u{feff}example\u{ad}.com"),
            ("a\u{2028}b\u{2029}c", r"a\u{2028}b\u{2029}c"),
            ("\u{61c}\u{200e}\u{3164}\u{e0061}", r"\u{61c}\u{200e}\u{3164}\u{e0061}"),
        ] {
            assert_eq!(shown(text), escaped);
        }
    }
}
