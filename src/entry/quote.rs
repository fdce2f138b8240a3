//! Quoting: text from others in a message, escaped and truncated, so that it cannot pass for the
//! message itself, control a terminal or fill a log.

/// The most characters in quotation marks.
const QUOTED_CHARS_MAX: usize = 64;

/// The text in quotation marks.
pub fn quote(text: &str) -> String {
    let (escaped, dots) = escape(text, QUOTED_CHARS_MAX);
    format!("\"{escaped}\"{dots}")
}

/// The beginning of the text without quotation marks, for where the message has its own or needs
/// none: at most `chars_max` characters.
pub fn excerpt(text: &str, chars_max: usize) -> String {
    let (escaped, dots) = escape(text, chars_max);
    escaped + dots
}

/// The beginning of the text, and dots if there is more.
fn escape(text: &str, chars_max: usize) -> (String, &'static str) {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(chars_max).collect();
    let quoted = format!("{head:?}");
    let escaped = quoted[1..quoted.len() - 1].to_owned();
    (escaped, if chars.next().is_some() { "..." } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        let evil = "\"; \u{1b}[31m\n\u{202e}it's";
        assert_eq!(quote(evil), r#""\"; \u{1b}[31m\n\u{202e}it's""#);
        assert_eq!(excerpt(evil, 100), r#"\"; \u{1b}[31m\n\u{202e}it's"#);
        assert_eq!(excerpt(evil, 2), r#"\";..."#);
        assert_eq!(quote(&"\u{e4}".repeat(64)), format!("\"{}\"", "\u{e4}".repeat(64)));
        assert_eq!(quote(&"\u{e4}".repeat(65)), format!("\"{}\"...", "\u{e4}".repeat(64)));
        assert_eq!((quote(""), excerpt("", 0)), ("\"\"".to_owned(), String::new()));
    }
}
