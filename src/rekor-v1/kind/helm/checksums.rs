//! The checksums in a provenance file: YAML with a map of two levels.
//!
//! `helm package --sign` writes them as a block of lines, and such blocks are all that is read:
//! keys and values are plain or quoted and stand in one line. Whatever else YAML can do is refused
//! rather than guessed, and so is a key that occurs twice.

use std::borrow::Cow;

use fasti_entry::quote;

/// Maximum number of files, of which a chart has one.
const FILES_MAX: usize = 1000;

/// Reads the map `files`, in its own order; `None` if the document lacks it.
pub(super) fn files(yaml: &str) -> Result<Option<Vec<(String, String)>>, String> {
    let mut files = None;
    let mut in_files = None;
    let mut names: Vec<Cow<'_, str>> = Vec::new();
    for line in yaml.lines() {
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let indent = line.len() - content.len();
        if content.starts_with('\t') {
            return Err(format!("a tab before {}", quote(content.trim_start())));
        }
        if indent > 0 {
            // The lines of other maps are not looked at.
            match in_files {
                Some(expected) if expected != 0 && expected != indent => {
                    return Err(format!("{} is not in line with the others", quote(content)));
                }
                Some(_) => {
                    in_files = Some(indent);
                    add(files.get_or_insert_default(), content)?;
                }
                None if names.is_empty() => return Err(format!("{} is in no map", quote(content))),
                None => {}
            }
            continue;
        }
        if content == "---" && names.is_empty() {
            continue;
        }
        let (name, value) = pair(content)?;
        let is_files = name == "files";
        if names.contains(&name) || names.len() == FILES_MAX {
            return Err(format!("another {}", quote(&name)));
        }
        in_files = (is_files && value.is_empty()).then_some(0);
        if is_files && !value.is_empty() {
            // An empty map in one line.
            match &value[..] {
                "{}" => files = Some(Vec::new()),
                _ => return Err("files is not a map of lines".to_owned()),
            }
        }
        names.push(name);
    }
    Ok(files)
}

fn add(files: &mut Vec<(String, String)>, content: &str) -> Result<(), String> {
    let (name, value) = pair(content)?;
    if files.iter().any(|(found, _)| *found == name) {
        return Err(format!("another {}", quote(&name)));
    }
    if files.len() == FILES_MAX {
        return Err(format!("more than {FILES_MAX} files"));
    }
    files.push((name.into_owned(), value.into_owned()));
    Ok(())
}

/// A key and a value in one line.
fn pair(content: &str) -> Result<(Cow<'_, str>, Cow<'_, str>), String> {
    let malformed = || format!("{} is not a key with a value", quote(content));
    let (name, rest) = if content.starts_with(['"', '\'']) {
        quoted(content).ok_or_else(malformed)?
    } else {
        let is_end = |at: usize| content[at + 1..].is_empty() || content[at + 1..].starts_with(' ');
        let end = content.match_indices(':').map(|(at, _)| at).find(|at| is_end(*at));
        let (name, rest) = content.split_at(end.ok_or_else(malformed)?);
        (plain(name.trim_end()).ok_or_else(malformed)?, rest)
    };
    let value = rest.trim_start().strip_prefix(':').ok_or_else(malformed)?;
    if !value.is_empty() && !value.starts_with(' ') {
        return Err(malformed());
    }
    Ok((name, scalar(value.trim()).ok_or_else(malformed)?))
}

/// A value in what is left of a line.
fn scalar(value: &str) -> Option<Cow<'_, str>> {
    if value.starts_with(['"', '\'']) {
        let (text, rest) = quoted(value)?;
        let rest = rest.trim_start();
        return (rest.is_empty() || rest.starts_with('#')).then_some(text);
    }
    if value.starts_with('#') {
        return Some(Cow::Borrowed(""));
    }
    let value = value.split(" #").next().unwrap_or(value).trim_end();
    match value {
        "~" | "null" | "Null" | "NULL" | "" => Some(Cow::Borrowed("")),
        "{}" => Some(Cow::Borrowed(value)),
        _ if value.contains(": ") || value.ends_with(':') => None,
        _ => plain(value),
    }
}

/// Text without quotes, if it means itself.
fn plain(text: &str) -> Option<Cow<'_, str>> {
    let is_other = |first: char| "&*!|>{}[],#%@`\"'".contains(first);
    let is_list = ["- ", "? ", "<<"].iter().any(|start| text.starts_with(start));
    let is_plain = text.chars().next().is_some_and(|first| !is_other(first));
    (is_plain && !is_list && !text.contains(char::is_control)).then_some(Cow::Borrowed(text))
}

/// Text in quotes of either kind, without escapes, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let quote = text.chars().next()?;
    let end = 1 + text[1..].find(quote)?;
    let (content, rest) = (&text[1..end], &text[end + 1..]);
    // Two single quotes stand for one; a backslash escapes in double quotes.
    let is_odd = rest.starts_with(quote) || quote == '"' && content.contains('\\');
    (!is_odd).then_some((Cow::Borrowed(content), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Option<Vec<(String, String)>> {
        files(yaml).unwrap_or_else(|fault| panic!("{yaml}: {fault}"))
    }

    #[test]
    fn blocks_are_read() {
        let one = Some(vec![("a-1.tgz".to_owned(), "sha256:00".to_owned())]);
        for yaml in [
            "files:\n  a-1.tgz: sha256:00\n",
            "---\n# comment\nfiles: # comment\n\n    a-1.tgz: sha256:00 # comment",
            "files:\r\n  a-1.tgz: sha256:00\r\n",
            "files:\n  \"a-1.tgz\": 'sha256:00'\nimages:\n  b: c\n    d",
            "other: x\nfiles:\n  a-1.tgz : sha256:00\n",
            "other:\n  - x\nfiles:\n a-1.tgz:   sha256:00\n",
        ] {
            assert_eq!(read(yaml), one, "{yaml}");
        }
        assert_eq!(read("files: {}\n"), Some(vec![]));
        for yaml in ["", "files:\n", "files: null", "images:\n  files: x\n"] {
            assert_eq!(read(yaml), None, "{yaml}");
        }
        let two = read("files:\n  b: x\n  a: ~\n").unwrap();
        assert_eq!(two, [("b".to_owned(), "x".to_owned()), ("a".to_owned(), String::new())]);
    }

    #[test]
    fn what_else_yaml_can_do_is_refused() {
        for yaml in [
            "files: {a: b}",
            "files:\n  a: b: c",
            "files:\n  a: &x b",
            "files:\n  a: |\n    b",
            "files:\n  - a: b",
            "files:\n  a: b\n    c: d",
            "files:\n\ta: b",
            "files:\n  a: b\n  a: c",
            "files:\n  a: b\nfiles:\n  c: d",
            "files:\n  \"a\\n\": b",
            "files:\n  'a''b': c",
            "files:\n  a\n",
            "  a: b",
            "files",
            "[]",
            "? a",
            "files:\n  a: \"b",
        ] {
            assert!(files(yaml).is_err(), "{yaml}: {:?}", files(yaml));
        }
        let many: Vec<_> = (0..=FILES_MAX).map(|n| format!("  f{n}: x\n")).collect();
        assert!(files(&format!("files:\n{}", many.concat())).is_err());
    }
}
