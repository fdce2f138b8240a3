//! The file `.PKGINFO` of a package, read as an INI file, as Rekor reads it with go-ini.
//!
//! `abuild` writes lines of the form `key = value` and comments. Beyond those the library's own
//! rules count, since what it finds is stored:
//! - a key ends at `=` or `:`; the last of several of one name counts; `-` stands for `#1`, `#2`
//!   and so on,
//! - `#` and `;` begin a comment, at the start of a line and inside of a value,
//! - quotes around a value are taken off; back-quotes and three quotes hold lines together, and so
//!   does a backslash at the end of a line,
//! - a line like `[name]` begins a section, and what is in sections is ignored.
//!
//! The file must be UTF-8; Rekor replaces what is not.

use std::collections::BTreeMap;

use fasti_entry::quote;

/// Maximum number of keys; `abuild` writes about twenty.
const KEYS_MAX: usize = 4096;
/// The section outside of all sections.
const DEFAULT: &str = "DEFAULT";

/// The keys and values outside of all sections.
pub(super) type Pairs = BTreeMap<String, String>;

/// Reads the file.
pub(super) fn read(bytes: &[u8]) -> Result<Pairs, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut lines = Lines(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut pairs = Pairs::new();
    let (mut in_section, mut unnamed) = (false, 0);
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            let Some((name, _)) = section.rsplit_once(']') else {
                return Err(format!("unclosed section: {}", said(line)));
            };
            if name.is_empty() {
                return Err("error creating new section: empty section name".to_owned());
            }
            (in_section, unnamed) = (name != DEFAULT, 0);
            continue;
        }
        let (key, rest) = key(line)?;
        let mut key = key.to_owned();
        if key == "-" {
            unnamed += 1;
            key = format!("#{unnamed}");
        }
        let value = value(rest, &mut lines)?;
        if key.is_empty() {
            return Err("error creating new key: empty key name".to_owned());
        }
        if !in_section {
            pairs.insert(key, value);
        }
        if pairs.len() > KEYS_MAX {
            return Err(format!("it has more than {KEYS_MAX} keys"));
        }
    }
    Ok(pairs)
}

/// Text of the file in a message.
fn said(line: &str) -> String {
    quote(line.trim_end())
}

/// The lines of a text, with their line breaks.
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.find('\n').map_or(self.0.len(), |end| end + 1);
        let (line, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(line)
    }
}

/// The key in a line, and what follows it and the delimiter.
fn key(line: &str) -> Result<(&str, &str), String> {
    let delimiter = |text: &str| {
        let no_delimiter = || format!("key-value delimiter not found: {}", said(line));
        text.find(['=', ':']).ok_or_else(no_delimiter)
    };
    let quote = if line.starts_with("\"\"\"") && line.len() > 6 {
        "\"\"\""
    } else if line.starts_with('"') {
        "\""
    } else if line.starts_with('`') {
        "`"
    } else {
        let end = delimiter(line)?;
        return Ok((line[..end].trim(), &line[end + 1..]));
    };
    let inside = &line[quote.len()..];
    let end = inside.find(quote);
    let end = end.ok_or_else(|| format!("missing closing key quote: {}", said(line)))?;
    let after = &inside[end + quote.len()..];
    Ok((inside[..end].trim(), &after[delimiter(after)? + 1..]))
}

/// The value in what follows a key, and in as many lines as belong to it.
fn value(rest: &str, lines: &mut Lines<'_>) -> Result<String, String> {
    let line = rest.trim_start();
    if line.is_empty() {
        return Ok(String::new());
    }
    let quote = if line.starts_with("\"\"\"") && line.len() > 3 {
        "\"\"\""
    } else if line.starts_with('`') {
        "`"
    } else {
        return Ok(plain(line.trim(), lines));
    };
    let inside = &line[quote.len()..];
    match inside.rfind(quote) {
        Some(end) => Ok(inside[..end].to_owned()),
        None => quoted_lines(inside, quote, lines),
    }
}

/// A value that ends where a quote is.
fn quoted_lines(first: &str, quote: &str, lines: &mut Lines<'_>) -> Result<String, String> {
    let mut value = first.to_owned();
    while let Some(line) = lines.next() {
        if let Some(end) = line.rfind(quote) {
            return Ok(value + &line[..end]);
        }
        value += line;
    }
    Err(format!("missing closing key quote from {}", said(first)))
}

/// A value that is not in quotes, or in quotes that do not hold lines together.
fn plain(line: &str, lines: &mut Lines<'_>) -> String {
    if let Some(start) = line.strip_suffix('\\') {
        let mut value = start.to_owned();
        while let Some(line) = lines.next() {
            let line = line.trim();
            value += line;
            if line.is_empty() || !value.ends_with('\\') {
                break;
            }
            value.pop();
        }
        return value;
    }
    let line = line.find(['#', ';']).map_or(line, |end| line[..end].trim());
    let unquoted = ['\'', '"'].into_iter().find_map(|quote| {
        let inside = line.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inside.contains(quote)).then_some(inside)
    });
    unquoted.unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text.as_bytes())
            .unwrap_or_else(|fault| panic!("{text}: {fault}"))
            .into_iter()
            .collect()
    }

    #[test]
    fn one_key() {
        for (text, value) in [
            ("k = v\n", "v"),
            ("k=v", "v"),
            ("  k : v\r\n", "v"),
            ("k = a = b\n", "a = b"),
            ("k =\n", ""),
            ("k = \n", ""),
            ("k = 'v'", "v"),
            ("k = \"v\"", "v"),
            ("k = \"a\" \"b\"", "\"a\" \"b\""),
            ("k = \"v", "\"v"),
            ("k = \"", "\""),
            ("k = v # x", "v"),
            ("k = v;x", "v"),
            ("k = \"a;b\"", "\"a"),
            ("k = `a;b` x", "a;b"),
            ("k = `a\nb`c\n", "a\nb"),
            ("k = \"\"\"a\nb\"\"\"\n", "a\nb"),
            ("k = a\\\n  b\\\nc\nl = x", "abc"),
            ("k = a\\", "a"),
            ("k = a\\\n\n", "a"),
            ("`k` = v", "v"),
            ("\"k\" = v", "v"),
            ("\"\"\"k\"\"\" = v", "v"),
            ("\u{feff}k = v", "v"),
            ("k = x\nk = v", "v"),
            ("# c\n; c\n\n k = v", "v"),
            ("[DEFAULT]\nk = v", "v"),
        ] {
            let found = pairs(text).into_iter().find(|(key, _)| key == "k");
            assert_eq!(found, Some(("k".to_owned(), value.to_owned())), "{text}");
        }
    }

    #[test]
    fn sections_and_unnamed_keys() {
        let found = pairs("a = 1\n[s] # c\nb = 2\n- = 3\n[DEFAULT]\nc = 4\n- = 5\n-=6");
        let keys: Vec<_> = found.iter().map(|(key, _)| &key[..]).collect();
        assert_eq!(keys, ["#1", "#2", "a", "c"]);
        assert!(pairs("").is_empty());
    }

    #[test]
    fn what_is_no_key_with_a_value() {
        for text in [
            "just text\n",
            "= v",
            "`` = v",
            "`k = v",
            "`k` v",
            "\"k = v",
            "k = `v\nw",
            "[s\nk = v",
            "[]",
            "k = \"\"\"\"v",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"k = \xff").is_err());
        let many: Vec<_> = (0..=KEYS_MAX).map(|number| format!("k{number}=\n")).collect();
        assert!(read(many.concat().as_bytes()).is_err());
    }
}
