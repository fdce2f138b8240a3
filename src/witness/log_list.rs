//! The list of the logs that a witness knows, as the witness network publishes such lists.
//!
//! ```text
//! logs/v0
//!
//! # A comment.
//! vkey log.example.org+0123abcd+AQ...
//! origin log.example.org/2026
//! qpd 86400
//! ```
//!
//! A `vkey` line begins a log; what follows is about it. `origin` is the key's name if it is
//! missing or says `none`; `qpd` is how many requests the log may make a day; `bastion` and
//! `contact` are for others. The first line is optional. Two keys with one origin are keys of one
//! log.
//!
//! Invariants: a list is bounded in bytes and logs. Each log has at least one key that signs
//! checkpoints, and no key twice.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::str::FromStr;

use thiserror::Error;
use tiles_spec::{KeyError, PublicKey, VerifierKey};

/// Maximum size of a list in bytes: enough for the most logs, each with an Ed25519 key, or for some
/// 30,000 with ML-DSA-44 keys.
pub const LIST_BYTES_MAX: usize = 64 << 20;
/// Maximum number of logs.
pub const LOGS_MAX: usize = 200_000;
/// Maximum number of keys of one log.
const KEYS_MAX: usize = 16;
/// Maximum length of an origin in bytes, as signatures store it.
const ORIGIN_BYTES_MAX: usize = 255;

const HEADER: &str = "logs/v0";
/// Where a value stands for its absence.
const NONE: &str = "none";

/// A log that a witness knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLog {
    /// The first line of its checkpoints.
    pub origin: String,
    /// The keys that sign them; any of them does.
    pub keys: Vec<VerifierKey>,
    /// How many requests it may make a day; `None` if the list does not say.
    pub per_day: Option<NonZeroU32>,
    /// Whether it is mirrored too.
    pub is_mirrored: bool,
}

/// The logs that a witness knows, by origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogList {
    logs: BTreeMap<String, ListedLog>,
    /// Keys that cannot be used, and why not.
    pub skipped: Vec<LogListError>,
}

/// A line of a list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the list of logs: {fault}")]
pub struct LogListError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: ListFault,
}

/// What can be wrong with a line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListFault {
    /// The list is too long.
    #[error("the list is longer than {LIST_BYTES_MAX} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("the list is not UTF-8")]
    Text,
    /// Not one of the words that a line can begin with.
    #[error("expected one of vkey, origin, qpd, bastion, contact, and a value after a space")]
    Word,
    /// A line about a log, without a log.
    #[error("a line about a log stands before the first vkey")]
    NoLog,
    /// A line given twice for one log.
    #[error("{0} is given twice for one log")]
    Twice(&'static str),
    /// A malformed key.
    #[error("malformed verifier key: {0}")]
    Key(#[source] KeyError),
    /// A key of a type that signs no checkpoints of a log here.
    #[error("keys of type {0:#04x} are not used for logs here")]
    KeyType(u8),
    /// An origin that no checkpoint can have.
    #[error("an origin has 1 to {ORIGIN_BYTES_MAX} bytes")]
    Origin,
    /// Not a number of requests.
    #[error("qpd must be a number from 1 to 4294967295")]
    Rate,
    /// The same key twice for one log.
    #[error("this key is given twice for its log")]
    SameKey,
    /// Too many keys for one log.
    #[error("a log has at most {KEYS_MAX} keys")]
    TooManyKeys,
    /// Too many logs.
    #[error("there are more than {LOGS_MAX} logs")]
    TooManyLogs,
}

/// What was read of the log that begins with the last `vkey` line.
struct Begun {
    line: usize,
    key: Result<VerifierKey, u8>,
    /// The key's name, if the key cannot be used: unknown.
    origin: Option<String>,
    per_day: Option<NonZeroU32>,
}

impl LogList {
    /// Parses a list.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogListError> {
        let whole = |fault| LogListError { line: 1, fault };
        if bytes.len() > LIST_BYTES_MAX {
            return Err(whole(ListFault::TooLong));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| whole(ListFault::Text))?;
        let mut list = Self::default();
        let mut begun: Option<Begun> = None;
        let mut is_first = true;
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim_end();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if !std::mem::replace(&mut is_first, false) || text != HEADER {
                list.take_line(&mut begun, line, text)
                    .map_err(|fault| LogListError { line, fault })?;
            }
        }
        list.finish(begun)?;
        Ok(list)
    }

    /// A list of these keys, each of the log of its name.
    pub fn of_keys(keys: impl IntoIterator<Item = VerifierKey>) -> Result<Self, LogListError> {
        let mut list = Self::default();
        for (position, key) in (1..).zip(keys) {
            let origin = key.name().to_string();
            let added = list.add(origin, key, None);
            added.map_err(|fault| LogListError { line: position, fault })?;
        }
        Ok(list)
    }

    /// The logs, by origin.
    pub fn logs(&self) -> impl ExactSizeIterator<Item = &ListedLog> {
        self.logs.values()
    }

    /// The same list of logs that are mirrored too.
    #[must_use]
    pub fn mirrored(mut self) -> Self {
        self.logs.values_mut().for_each(|log| log.is_mirrored = true);
        self
    }

    /// Adds the logs of another list.
    pub fn extend(&mut self, other: Self) -> Result<(), LogListError> {
        self.skipped.extend(other.skipped);
        for log in other.logs.into_values() {
            // A log can be listed to be witnessed, and again to be mirrored.
            let known = self.logs.get(&log.origin).map_or(&[][..], |known| &known.keys);
            let is_new = |key: &VerifierKey| !log.is_mirrored || !known.contains(key);
            for key in log.keys.iter().filter(|key| is_new(key)).cloned().collect::<Vec<_>>() {
                let added = self.add(log.origin.clone(), key, log.per_day);
                added.map_err(|fault| LogListError { line: 1, fault })?;
            }
            if let Some(known) = self.logs.get_mut(&log.origin) {
                known.is_mirrored |= log.is_mirrored;
                known.per_day = known.per_day.max(log.per_day);
            }
        }
        Ok(())
    }

    fn take_line(
        &mut self,
        begun: &mut Option<Begun>,
        line: usize,
        text: &str,
    ) -> Result<(), ListFault> {
        let (word, value) = text.split_once(' ').ok_or(ListFault::Word)?;
        let value = value.trim_start();
        if word == "vkey" {
            let key = match value.parse() {
                Ok(key) => Ok(key),
                Err(KeyError::Type(other)) => Err(other),
                Err(error) => return Err(ListFault::Key(error)),
            };
            let next = Begun { line, key, origin: None, per_day: None };
            return self.finish(begun.replace(next)).map_err(|error| error.fault);
        }
        let log = begun.as_mut();
        match word {
            "origin" => set(&mut log.ok_or(ListFault::NoLog)?.origin, "origin", value.to_owned()),
            "qpd" => {
                let per_day = NonZeroU32::from_str(value).map_err(|_| ListFault::Rate)?;
                set(&mut log.ok_or(ListFault::NoLog)?.per_day, "qpd", per_day)
            }
            "bastion" | "contact" => log.map(drop).ok_or(ListFault::NoLog),
            _ => Err(ListFault::Word),
        }
    }

    /// Adds the log that was begun, if one was.
    fn finish(&mut self, begun: Option<Begun>) -> Result<(), LogListError> {
        let Some(Begun { line, key, origin, per_day }) = begun else { return Ok(()) };
        let at = |fault| LogListError { line, fault };
        let key = match key {
            Ok(key) => key,
            Err(other) => {
                self.skipped.push(at(ListFault::KeyType(other)));
                return Ok(());
            }
        };
        let origin = origin.filter(|origin| origin != NONE);
        let origin = origin.unwrap_or_else(|| key.name().to_string());
        match self.add(origin, key, per_day) {
            Err(fault @ ListFault::KeyType(_)) => self.skipped.push(at(fault)),
            added => added.map_err(at)?,
        }
        Ok(())
    }

    fn add(
        &mut self,
        origin: String,
        key: VerifierKey,
        per_day: Option<NonZeroU32>,
    ) -> Result<(), ListFault> {
        if let PublicKey::Ed25519Cosignature(_) = key.public_key() {
            return Err(ListFault::KeyType(key.public_key().signature_type()));
        }
        if origin.is_empty() || origin.len() > ORIGIN_BYTES_MAX {
            return Err(ListFault::Origin);
        }
        let is_new = !self.logs.contains_key(&origin);
        if is_new && self.logs.len() == LOGS_MAX {
            return Err(ListFault::TooManyLogs);
        }
        let log = self.logs.entry(origin).or_insert_with_key(|origin| ListedLog {
            origin: origin.clone(),
            keys: Vec::new(),
            per_day,
            is_mirrored: false,
        });
        if log.keys.contains(&key) {
            return Err(ListFault::SameKey);
        }
        if log.keys.len() == KEYS_MAX {
            return Err(ListFault::TooManyKeys);
        }
        log.keys.push(key);
        // A log with two keys is one log: what either line allows it may do.
        log.per_day = log.per_day.max(per_day);
        Ok(())
    }
}

fn set<T>(place: &mut Option<T>, word: &'static str, value: T) -> Result<(), ListFault> {
    if place.is_some() {
        return Err(ListFault::Twice(word));
    }
    *place = Some(value);
    Ok(())
}

#[cfg(test)]
mod tests;
