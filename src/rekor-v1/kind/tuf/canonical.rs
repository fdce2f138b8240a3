//! Canonical JSON as OLPC defines it (wiki.laptop.org/go/Canonical_JSON), over which signatures in
//! TUF are made: names sorted, nothing between, and nothing escaped but quotes and backslashes.
//!
//! There are no numbers with a fraction in it. Numbers that a floating point number does not hold
//! exactly are not taken, as implementations differ over them.

use serde_json::Value;

use super::document::integer;

/// The canonical form; `None` if the value has none, as with fractions.
pub(super) fn canonical(value: &Value) -> Option<Vec<u8>> {
    let mut json = String::new();
    push(value, &mut json)?;
    Some(json.into_bytes())
}

fn push(value: &Value, json: &mut String) -> Option<()> {
    match value {
        Value::Null => json.push_str("null"),
        Value::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Value::Number(_) => json.push_str(&integer(value)?.to_string()),
        Value::String(text) => push_text(text, json),
        Value::Array(elements) => {
            json.push('[');
            for (place, element) in elements.iter().enumerate() {
                if place > 0 {
                    json.push(',');
                }
                push(element, json)?;
            }
            json.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            json.push('{');
            for (place, (name, value)) in members.into_iter().enumerate() {
                if place > 0 {
                    json.push(',');
                }
                push_text(name, json);
                json.push(':');
                push(value, json)?;
            }
            json.push('}');
        }
    }
    Some(())
}

fn push_text(text: &str, json: &mut String) {
    json.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            json.push('\\');
        }
        json.push(char);
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<String> {
        let value = serde_json::from_str(json).expect("JSON");
        canonical(&value).map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn names_are_sorted_and_little_is_escaped() {
        let json =
            r#" {"b": [1, -5, true, null, {}], "a": "\u00e9 \"q\" \\ / \n\u20ac", "B": []} "#;
        let form = "{\"B\":[],\"a\":\"\u{e9} \\\"q\\\" \\\\ / \n\u{20ac}\",\
                    \"b\":[1,-5,true,null,{}]}";
        assert_eq!(of(json).as_deref(), Some(form));
    }

    #[test]
    fn numbers() {
        for (json, form) in [
            ("0", Some("0")),
            ("1.0", Some("1")),
            ("1e3", Some("1000")),
            ("9007199254740992", Some("9007199254740992")),
            ("-9007199254740992", Some("-9007199254740992")),
            ("9007199254740993", None),
            ("18446744073709551615", None),
            ("1e300", None),
            ("1.5", None),
            ("-0.0", None),
        ] {
            assert_eq!(of(json).as_deref(), form, "{json}");
        }
    }
}
