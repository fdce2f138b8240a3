//! Reads policy files, strictly.
//!
//! Words are separated by spaces and tabs. A line that begins with `#` is a comment; nothing else
//! is. The last line may lack its newline.

use std::collections::{HashMap, HashSet};

use thiserror::Error;

use super::rules::{Policy, PolicyLog, PolicyWitness, Quorum, Rule};
use crate::note::{KeyError, PublicKey, VerifierKey};
use crate::size::parse_decimal;

/// Maximum size of a policy in bytes.
pub const POLICY_BYTES_MAX: usize = 4 << 20;
/// Maximum number of logs, of witnesses, and of groups in a policy.
pub const POLICY_LINES_MAX: usize = 1024;

/// The name that stands for no witness.
const NONE: &[u8] = b"none";

/// Why a policy is malformed, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the policy: {fault}")]
pub struct PolicyError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub fault: PolicyFault,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyFault {
    /// The whole is larger than the maximum size; holds its size.
    #[error("the policy has {0} bytes, more than {POLICY_BYTES_MAX}")]
    TooLarge(usize),
    /// More lines of one kind than are read.
    #[error("more than {POLICY_LINES_MAX} lines of this kind")]
    TooMany,
    /// A control character other than tab and newline.
    #[error("byte {0:#04x} is not allowed; lines end with a newline alone")]
    Byte(u8),
    /// The first word is not a known keyword.
    #[error("it begins with {0:?}, not with log, witness, group or quorum")]
    Word(String),
    /// A word is missing.
    #[error("it ends too early: {0}")]
    Short(&'static str),
    /// More words than such a line has.
    #[error("{0:?} is one word too many; a comment needs a line of its own")]
    Long(String),
    /// Not a verifier key.
    #[error("malformed verifier key")]
    Key(#[source] KeyError),
    /// A key of a type that does not fit.
    #[error("a key of type {0:#04x} is not one of a {1}")]
    KeyType(u8, &'static str),
    /// Two logs, or two witnesses, with one public key.
    #[error("this public key was given before, on line {0}")]
    SameKey(usize),
    /// A URL that is not UTF-8.
    #[error("the URL is not UTF-8")]
    Url,
    /// A name that was given before, or `none`.
    #[error("the name {0:?} is taken")]
    Taken(String),
    /// A name that no line before this one defines.
    #[error("no line before this one defines {0:?}")]
    Undefined(String),
    /// A member of two groups, or twice of one.
    #[error("{0:?} is already a member of a group")]
    SecondGroup(String),
    /// A threshold that is not a number from 1 to the number of members.
    #[error("{0:?} is not \"all\", \"any\" or a number from 1 to the number of members")]
    Threshold(String),
    /// Two quorum lines.
    #[error("it is the second quorum line")]
    SecondQuorum,
    /// No quorum line.
    #[error("the policy ends without a quorum line")]
    NoQuorum,
}

/// What the lines so far have defined.
#[derive(Default)]
struct Parser<'a> {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    /// The lines of public keys.
    log_keys: HashMap<Vec<u8>, usize>,
    witness_keys: HashMap<Vec<u8>, usize>,
    rules: Vec<Rule>,
    /// The rules by name.
    names: HashMap<&'a [u8], usize>,
    /// The rules that are members of a group.
    members: HashSet<usize>,
    groups: usize,
    quorum: Option<Quorum>,
}

impl Policy {
    /// Parses a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(PolicyError { line: 1, fault: PolicyFault::TooLarge(bytes.len()) });
        }
        let mut parser = Parser::default();
        let mut lines = 0;
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            parser.line(number, line).map_err(|fault| PolicyError { line: number, fault })?;
            lines = number;
        }
        let no_quorum = PolicyError { line: lines, fault: PolicyFault::NoQuorum };
        let quorum = parser.quorum.ok_or(no_quorum)?;
        let Parser { logs, witnesses, rules, .. } = parser;
        Ok(Self { logs, witnesses, rules, quorum })
    }
}

impl<'a> Parser<'a> {
    fn line(&mut self, number: usize, line: &'a [u8]) -> Result<(), PolicyFault> {
        if let Some(byte) = line.iter().find(|byte| !matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)) {
            return Err(PolicyFault::Byte(*byte));
        }
        let words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let mut words = words.filter(|word| !word.is_empty());
        match words.next() {
            None => Ok(()),
            Some(word) if word.starts_with(b"#") => Ok(()),
            Some(b"log") => self.log(number, words),
            Some(b"witness") => self.witness(number, words),
            Some(b"group") => self.group(words),
            Some(b"quorum") => self.quorum(words),
            Some(word) => Err(PolicyFault::Word(lossy(word))),
        }
    }

    fn log(
        &mut self,
        number: usize,
        mut words: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), PolicyFault> {
        expect_room(self.logs.len())?;
        let key = verifier_key(&mut words)?;
        if matches!(key.public_key(), PublicKey::Ed25519Cosignature(_)) {
            return Err(PolicyFault::KeyType(key.public_key().signature_type(), "log"));
        }
        expect_new(&mut self.log_keys, &key, number)?;
        self.logs.push(PolicyLog { key, url: url(words)? });
        Ok(())
    }

    fn witness(
        &mut self,
        number: usize,
        mut words: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), PolicyFault> {
        expect_room(self.witnesses.len())?;
        let name = words.next().ok_or(PolicyFault::Short("a witness needs a name"))?;
        let key = verifier_key(&mut words)?;
        if !key.public_key().cosigns() {
            return Err(PolicyFault::KeyType(key.public_key().signature_type(), "witness"));
        }
        expect_new(&mut self.witness_keys, &key, number)?;
        self.define(name, Rule::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name: name.to_vec(), key, url: url(words)? });
        Ok(())
    }

    fn group(&mut self, mut words: impl Iterator<Item = &'a [u8]>) -> Result<(), PolicyFault> {
        expect_room(self.groups)?;
        self.groups += 1;
        let name = words.next().ok_or(PolicyFault::Short("a group needs a name"))?;
        let threshold = words.next().ok_or(PolicyFault::Short("a group needs a threshold"))?;
        let members = words.map(|member| self.member(member)).collect::<Result<Vec<_>, _>>()?;
        if members.is_empty() {
            return Err(PolicyFault::Short("a group needs a member"));
        }
        let needed = match threshold {
            b"all" => members.len(),
            b"any" => 1,
            number => threshold_of(number, members.len())?,
        };
        self.define(name, Rule::Group { needed, members })
    }

    fn quorum(&mut self, mut words: impl Iterator<Item = &'a [u8]>) -> Result<(), PolicyFault> {
        let name = words.next().ok_or(PolicyFault::Short("a quorum needs a name"))?;
        expect_end(words)?;
        if self.quorum.is_some() {
            return Err(PolicyFault::SecondQuorum);
        }
        let is_none = name == NONE;
        let quorum = if is_none { Quorum::None } else { Quorum::Rule(self.find(name)?) };
        self.quorum = Some(quorum);
        Ok(())
    }

    fn define(&mut self, name: &'a [u8], rule: Rule) -> Result<(), PolicyFault> {
        if name == NONE || self.names.insert(name, self.rules.len()).is_some() {
            return Err(PolicyFault::Taken(lossy(name)));
        }
        self.rules.push(rule);
        Ok(())
    }

    fn find(&self, name: &[u8]) -> Result<usize, PolicyFault> {
        self.names.get(name).copied().ok_or_else(|| PolicyFault::Undefined(lossy(name)))
    }

    /// The rule of a name that becomes a member of a group. It can be that only once, so that each
    /// witness counts in one way only.
    fn member(&mut self, name: &[u8]) -> Result<usize, PolicyFault> {
        let rule = self.find(name)?;
        if self.members.insert(rule) {
            Ok(rule)
        } else {
            Err(PolicyFault::SecondGroup(lossy(name)))
        }
    }
}

fn expect_room(lines: usize) -> Result<(), PolicyFault> {
    if lines < POLICY_LINES_MAX { Ok(()) } else { Err(PolicyFault::TooMany) }
}

/// Whatever its name and type, a public key stands on one line only.
fn expect_new(
    lines: &mut HashMap<Vec<u8>, usize>,
    key: &VerifierKey,
    number: usize,
) -> Result<(), PolicyFault> {
    match lines.insert(key.public_key().material().to_vec(), number) {
        None => Ok(()),
        Some(before) => Err(PolicyFault::SameKey(before)),
    }
}

fn verifier_key<'a>(
    words: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<VerifierKey, PolicyFault> {
    let word = words.next().ok_or(PolicyFault::Short("it needs a verifier key"))?;
    let text = std::str::from_utf8(word).map_err(|_| PolicyFault::Key(KeyError::Form))?;
    text.parse().map_err(PolicyFault::Key)
}

fn url<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Result<Option<String>, PolicyFault> {
    let Some(word) = words.next() else { return Ok(None) };
    if word.starts_with(b"#") {
        return Err(PolicyFault::Long(lossy(word)));
    }
    expect_end(words)?;
    String::from_utf8(word.to_vec()).map(Some).map_err(|_| PolicyFault::Url)
}

fn expect_end<'a>(mut words: impl Iterator<Item = &'a [u8]>) -> Result<(), PolicyFault> {
    words.next().map_or(Ok(()), |word| Err(PolicyFault::Long(lossy(word))))
}

fn threshold_of(word: &[u8], members: usize) -> Result<usize, PolicyFault> {
    let number = std::str::from_utf8(word).ok().and_then(|text| parse_decimal(text).ok());
    let number = number.and_then(|number| usize::try_from(number).ok());
    let number = number.filter(|number| (1..=members).contains(number));
    number.ok_or_else(|| PolicyFault::Threshold(lossy(word)))
}

fn lossy(word: &[u8]) -> String {
    String::from_utf8_lossy(&word[..word.len().min(100)]).into_owned()
}
