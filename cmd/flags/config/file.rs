//! The configuration file: TOML with one key for each flag, of its name. Every error names the file
//! and the line.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::known::{CONFIG, Kind, Known};

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How alike a name must be to one that exists to be taken for a misspelling of it.
const LIKENESS_MIN: f64 = 0.8;

/// The configuration file.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub entries: Vec<Entry>,
}

/// The values of one flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Clap's name for the flag.
    pub id: String,
    /// The flag's name.
    pub key: String,
    /// The line of the key.
    pub line: usize,
    /// The type of the values.
    pub kind: Kind,
    /// The values, as they would be on a command line.
    pub values: Vec<String>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration file {path}")]
    Read {
        /// The file.
        path: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("{place}: {reason}")]
    Syntax {
        /// The file and line.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such flag.
    #[error("{place}: unknown key {key:?}{}", alike.as_ref().map(|key| format!("; did you mean {key:?}?")).unwrap_or_default())]
    Unknown {
        /// The file and line.
        place: String,
        /// The key.
        key: String,
        /// The one that is most like it.
        alike: Option<String>,
    },
    /// A table.
    #[error("{place}: [{key}] is a table; every flag stands by its name at the top of the file")]
    Table {
        /// The file and line.
        place: String,
        /// The table's name.
        key: String,
    },
    /// A value of another type.
    #[error("{place}: {key} must be {expected}, not {found}")]
    Type {
        /// The file and line.
        place: String,
        /// The key.
        key: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: &'static str,
    },
}

impl ConfigFile {
    /// Reads a file with these flags.
    pub fn read(path: &Path, known: &[Known]) -> Result<Self, ConfigError> {
        let mut text = String::new();
        let read = File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
        let read = match read {
            Ok(read) if read as u64 > FILE_BYTES_MAX => {
                Err(std::io::Error::other("it is longer than 1 MiB"))
            }
            read => read,
        };
        let shown = || path.display().to_string();
        read.map_err(|source| ConfigError::Read { path: shown(), source })?;
        Ok(Self { path: path.to_owned(), entries: entries(&text, &shown(), known)? })
    }

    /// An error of clap, with the file and line if it is about one of these values.
    pub fn explain(&self, error: clap::Error, command: &mut clap::Command) -> clap::Error {
        let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
            return error;
        };
        let name = argument.trim_start_matches('-').split([' ', '=', '[']).next();
        let Some(entry) = self.entries.iter().find(|entry| Some(&*entry.key) == name) else {
            return error;
        };
        let words = error.to_string();
        let words = words.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
        let place = format!("{}, line {}", self.path.display(), entry.line);
        command.error(error.kind(), format!("{place}: {words}"))
    }
}

impl Entry {
    /// The same on a command line.
    pub fn arguments(&self) -> Vec<OsString> {
        let key = &self.key;
        match self.kind {
            Kind::Switch if self.values == ["true"] => vec![format!("--{key}").into()],
            Kind::Switch => Vec::new(),
            _ => self.values.iter().map(|value| format!("--{key}={value}").into()).collect(),
        }
    }
}

/// The entries of a file, in the order of their lines.
fn entries(text: &str, path: &str, known: &[Known]) -> Result<Vec<Entry>, ConfigError> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let place = |at: usize| format!("{path}, line {}", line(at));
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: place(error.span().map_or(0, |span| span.start)),
        reason: error.message().lines().collect::<Vec<_>>().join(" "),
    })?;
    let mut entries = Vec::new();
    for (key, value) in table.get_ref() {
        let (at, key) = (key.span().start, key.get_ref().to_string());
        let Some(known) = known.iter().find(|known| known.key == key) else {
            if let DeValue::Table(_) = value.get_ref() {
                return Err(ConfigError::Table { place: place(at), key });
            }
            let alike = alike(&key, known);
            return Err(ConfigError::Unknown { place: place(at), key, alike });
        };
        let values = values(known, value).map_err(|found| ConfigError::Type {
            place: place(at),
            key,
            expected: expected(known),
            found,
        })?;
        let Known { id, key, kind, .. } = known.clone();
        entries.push(Entry { id, key, line: line(at), kind, values });
    }
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

/// The values as texts; an error names a type that does not belong there.
fn values(known: &Known, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, &'static str> {
    match value.get_ref() {
        DeValue::Array(values) if known.is_list => {
            values.iter().map(|value| one(known.kind, value.get_ref())).collect()
        }
        value => one(known.kind, value).map(|value| vec![value]),
    }
}

fn one(kind: Kind, value: &DeValue<'_>) -> Result<String, &'static str> {
    match (kind, value) {
        (Kind::Switch | Kind::Truth, DeValue::Boolean(value)) => Ok(value.to_string()),
        (Kind::Fraction, DeValue::Float(number)) => Ok(number.as_str().to_owned()),
        (Kind::Number | Kind::Fraction, DeValue::Integer(number)) => {
            let value = i128::from_str_radix(number.as_str(), number.radix());
            Ok(value.map_or_else(|_| number.as_str().to_owned(), |value| value.to_string()))
        }
        (Kind::Text, DeValue::String(text)) => Ok(text.to_string()),
        (_, other) => Err(found(other)),
    }
}

fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn expected(known: &Known) -> String {
    let one = known.kind.words();
    if known.is_list { format!("{one}, or an array of such") } else { one.to_owned() }
}

/// The key that this one may be a misspelling of.
fn alike(key: &str, known: &[Known]) -> Option<String> {
    let likeness = |known: &Known| strsim::jaro_winkler(&known.key, &key.replace('_', "-"));
    let rated = known.iter().filter(|_| key != CONFIG).map(|known| (likeness(known), known));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN).map(|(_, known)| known.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(key: &str, kind: Kind, is_list: bool) -> Known {
        Known {
            id: key.to_owned(),
            key: key.to_owned(),
            kind,
            is_list,
            is_secret: false,
            variable: None,
            heading: None,
        }
    }

    fn read(text: &str) -> Result<Vec<(usize, Vec<OsString>)>, String> {
        let known = [
            flag("listen", Kind::Text, false),
            flag("connections-max", Kind::Number, false),
            flag("allow-keys", Kind::Text, true),
            flag("accept-opaque", Kind::Switch, false),
            flag("store-path-style", Kind::Truth, false),
        ];
        let read = entries(text, "w.toml", &known).map_err(|error| error.to_string())?;
        Ok(read.iter().map(|entry| (entry.line, entry.arguments())).collect())
    }

    #[test]
    fn every_type_of_flag_becomes_an_argument() {
        let text = "# a comment\nlisten = \"[::]:3000\"\nconnections-max = 0x1_0\n\
                    allow-keys = [\n  \"a.pem\",\n  \"b.pem\",\n]\naccept-opaque = true\n\
                    store-path-style = false\n";
        let expected: [(usize, &[&str]); 5] = [
            (2, &["--listen=[::]:3000"]),
            (3, &["--connections-max=16"]),
            (4, &["--allow-keys=a.pem", "--allow-keys=b.pem"]),
            (8, &["--accept-opaque"]),
            (9, &["--store-path-style=false"]),
        ];
        let expected =
            expected.map(|(line, all)| (line, all.iter().map(OsString::from).collect::<Vec<_>>()));
        assert_eq!(read(text).expect("it is well-formed"), expected);
        assert_eq!(read("accept-opaque = false"), Ok(vec![(1, vec![])]));
        assert_eq!(read("allow-keys = 'a.pem'"), Ok(vec![(1, vec!["--allow-keys=a.pem".into()])]));
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, words) in [
            ("\nlisten = 3000", "w.toml, line 2: listen must be a string, not an integer"),
            ("connections-max = \"9\"", "line 1: connections-max must be an integer, not a string"),
            ("connections-max = 9.0", "must be an integer, not a float"),
            ("accept-opaque = 1", "must be true or false, not an integer"),
            ("allow-keys = [1]", "must be a string, or an array of such, not an integer"),
            ("listen = ['a']", "must be a string, not an array"),
            ("\n\nlisten_ = 'a'", "line 3: unknown key \"listen_\"; did you mean \"listen\"?"),
            ("connection_max = 1", "did you mean \"connections-max\"?"),
            ("[writer]\nlisten = 'a'", "line 1: [writer] is a table"),
            ("config = 'other.toml'", "unknown key \"config\""),
            ("listen = 'a'\nlisten = 'b'", "line 2: "),
            ("listen", "line 1: "),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.contains(words), "{text:?}: {said}");
        }
        assert!(!read("xyzzy = 1").expect_err("unknown").contains("did you mean"));
    }
}
