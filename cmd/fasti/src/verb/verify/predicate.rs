//! A predicate on its way to the terminal: as it was signed, only in lines.
//!
//! Numbers, the order of members, and members that are given twice stay as they are. Readers of
//! JSON differ in all three.

use fasti::verify::StatementSeen;

use crate::terminal;

/// The predicate, below a line that says whose word it is.
pub fn lines(statement: Option<&StatementSeen>) -> Vec<String> {
    let Some(statement) = statement else {
        return vec!["There is no predicate: what was signed is no in-toto statement".to_owned()];
    };
    let mut lines = vec![format!(
        "Predicate, of the type {}, claimed by the signer, not checked:",
        statement.predicate_type
    )];
    let predicate = indented(statement.predicate.as_deref().unwrap_or("null"));
    lines.extend(terminal::json_lines(&predicate).into_iter().map(|line| format!("  {line}")));
    lines
}

/// A JSON document with one element in each line.
fn indented(json: &str) -> String {
    let mut lines = String::with_capacity(json.len());
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut before = ' ';
    for c in json.chars() {
        if in_string {
            lines.push(c);
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        let opens = before == '{' || before == '[';
        match c {
            ' ' | '\t' | '\n' | '\r' => continue,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !opens {
                    break_line(&mut lines, depth);
                }
            }
            _ if opens || before == ',' => break_line(&mut lines, depth),
            _ if before == ':' => lines.push(' '),
            _ => {}
        }
        lines.push(c);
        depth += usize::from(c == '{' || c == '[');
        in_string = c == '"';
        before = c;
    }
    lines
}

/// Starts a line. Deep nesting would fill the screen with spaces.
fn break_line(lines: &mut String, depth: usize) {
    lines.push('\n');
    lines.extend(std::iter::repeat_n("  ", depth.min(32)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predicate_is_shown_as_it_was_signed() {
        for document in [
            r#"{"b":1.00,"a":[],"b":{},"c":[1,{"d":"x, {\"y\": \\"},null]}"#,
            r#"{ "b" : 1.00 , "a":[ ],"b":{ }, "c": [1,{"d":"x, {\"y\": \\"},null] } "#,
        ] {
            let expected = "{\n  \"b\": 1.00,\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    \
                            {\n      \"d\": \"x, {\\\"y\\\": \\\\\"\n    },\n    null\n  ]\n}";
            assert_eq!(indented(document), expected);
        }
        assert_eq!(indented("\"a\u{202e}\""), "\"a\u{202e}\"");
    }

    #[test]
    fn nothing_in_it_passes_for_a_verdict() {
        let statement = StatementSeen {
            statement_type: "https://in-toto.io/Statement/v1".to_owned(),
            predicate_type: "x\nVerified OK".to_owned(),
            predicate: Some("{\"a\":\"\u{202e}b\"}".to_owned()),
        };
        let shown = lines(Some(&statement));
        assert!(shown[1..].iter().all(|line| line.starts_with("  ")), "{shown:?}");
        assert_eq!(shown[2], r#"    "a": "\u202eb""#);
        assert_eq!(lines(None).len(), 1);
    }
}
