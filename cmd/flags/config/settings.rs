//! What is in effect: the value of each flag, and where it comes from.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::file::ConfigFile;
use super::known::{Kind, Known};

/// What is in effect.
#[derive(Clone, Debug)]
pub struct Settings {
    file: Option<PathBuf>,
    list: Vec<Setting>,
}

/// One flag.
#[derive(Clone, Debug)]
struct Setting {
    known: Known,
    /// `None` if it is not set and has no default.
    values: Option<Vec<String>>,
    source: Source,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    CommandLine,
    Variable,
    /// A line of the file.
    File(usize),
    Default,
}

impl Settings {
    /// The values that clap has found. Those that `file` still has were given to it as arguments.
    pub fn of(known: Vec<Known>, matches: &ArgMatches, file: Option<&ConfigFile>) -> Self {
        let line_of = |known: &Known| {
            let entry = file?.entries.iter().find(|entry| entry.id == known.id)?;
            Some(entry.line)
        };
        let list = known.into_iter().map(|known| {
            let source = match (line_of(&known), matches.value_source(&known.id)) {
                (Some(line), _) => Source::File(line),
                (None, Some(ValueSource::CommandLine)) => Source::CommandLine,
                (None, Some(ValueSource::EnvVariable)) => Source::Variable,
                (None, _) => Source::Default,
            };
            let values = matches.get_raw(&known.id);
            let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
            let values = values.map(|values| values.map(text).collect());
            Setting { known, values, source }
        });
        Self { file: file.map(|file| file.path.clone()), list: list.collect() }
    }

    /// As a configuration file, with comments that say where each value comes from. Secrets are
    /// left out.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# What is in effect. A flag wins over its variable, that over the file, and that over \
             the default.\n",
        );
        let mut heading = None;
        for setting in &self.list {
            if setting.known.heading.as_ref() != heading {
                heading = setting.known.heading.as_ref();
                // Writing to a string cannot fail.
                let _ = write!(text, "\n## {}\n", heading.map_or("Others", |heading| heading));
            }
            text += &self.line(setting);
        }
        text
    }

    fn line(&self, setting: &Setting) -> String {
        let Setting { known, values, source } = setting;
        let key = &known.key;
        let from = match source {
            Source::CommandLine => "command line".to_owned(),
            Source::Variable => known.variable.clone().unwrap_or_default(),
            Source::File(line) => {
                let path = self.file.as_ref().map(|path| path.display().to_string());
                format!("{}, line {line}", path.unwrap_or_default().escape_debug())
            }
            Source::Default => "default".to_owned(),
        };
        match values {
            Some(_) if known.is_secret => format!("# {key}: {from}, not shown\n"),
            Some(values) => format!("{key} = {}  # {from}\n", value(known, values)),
            None if known.is_list => format!("{key} = []  # {from}\n"),
            None => format!("# {key} is not set\n"),
        }
    }

    /// The names of the flags whose values are not those of `other`.
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let pairs = self.list.iter().zip(&other.list);
        let differing = pairs.filter(|(one, other)| one.values != other.values);
        differing.map(|(one, _)| &*one.known.key).collect()
    }
}

fn value(known: &Known, values: &[String]) -> String {
    let one = |value: &String| match known.kind {
        Kind::Switch | Kind::Truth | Kind::Number | Kind::Fraction => value.clone(),
        Kind::Text => quoted(value),
    };
    let values: Vec<String> = values.iter().map(one).collect();
    if known.is_list { format!("[{}]", values.join(", ")) } else { values.concat() }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\U{:08X}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back_as_it_was() {
        for text in ["", "plain", "a \"quote\" and \\", "tab\tand\nline\u{7f}", "ß→\u{85}"] {
            let read: toml::Table = format!("key = {}", quoted(text)).parse().expect("TOML");
            assert_eq!(read["key"].as_str(), Some(text));
        }
    }
}
