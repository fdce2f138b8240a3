//! The flags of a program as a configuration file has them: taken from clap's own list, so that no
//! flag can be left out.

use std::any::TypeId;

use clap::{Arg, ArgAction, Command};
use tiles_spec::TreeSize;

/// The flag that names the file, which a file does not have.
pub const CONFIG: &str = "config";

/// A flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Clap's name for it.
    pub id: String,
    /// Its name.
    pub key: String,
    /// The type of its values.
    pub kind: Kind,
    /// Whether it can be repeated.
    pub is_list: bool,
    /// Whether its value is a secret.
    pub is_secret: bool,
    /// The variable that sets it.
    pub variable: Option<String>,
    /// The heading under which help lists it.
    pub heading: Option<String>,
}

/// The type of a flag's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is given or not.
    Switch,
    /// True or false.
    Truth,
    /// An integer.
    Number,
    /// A number that need not be one.
    Fraction,
    /// Anything else.
    Text,
}

impl Kind {
    /// In words, for errors.
    pub fn words(self) -> &'static str {
        match self {
            Self::Switch | Self::Truth => "true or false",
            Self::Number => "an integer",
            Self::Fraction => "a number",
            Self::Text => "a string",
        }
    }
}

impl Known {
    fn of(argument: &Arg) -> Option<Self> {
        let key = argument.get_long()?.to_owned();
        let is_secret = argument.is_hide_env_values_set();
        // What is hidden for another reason does nothing.
        if key == CONFIG || argument.is_hide_set() && !is_secret {
            return None;
        }
        let (kind, is_list) = match argument.get_action() {
            ArgAction::SetTrue => (Kind::Switch, false),
            ArgAction::Set => (kind(argument), false),
            ArgAction::Append => (kind(argument), true),
            _ => return None,
        };
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        Some(Self {
            id: argument.get_id().to_string(),
            key,
            kind,
            is_list,
            is_secret,
            variable: argument.get_env().map(text),
            heading: argument.get_help_heading().map(str::to_owned),
        })
    }
}

fn kind(argument: &Arg) -> Kind {
    let id = argument.get_value_parser().type_id();
    let numbers = [
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<TreeSize>(),
    ];
    if numbers.iter().any(|number| id == *number) {
        Kind::Number
    } else if id == TypeId::of::<f64>() {
        Kind::Fraction
    } else if id == TypeId::of::<bool>() {
        Kind::Truth
    } else {
        Kind::Text
    }
}

/// The flags of a command, or of one of its verbs together with those that all verbs have.
pub fn known(command: &Command, verb: Option<&str>) -> Vec<Known> {
    let Some(verb) = verb else { return command.get_arguments().filter_map(Known::of).collect() };
    let common = command.get_arguments().filter(|argument| argument.is_global_set());
    let own = command.find_subcommand(verb).into_iter().flat_map(Command::get_arguments);
    common.chain(own).filter_map(Known::of).collect()
}
