//! The kinds of entry, and the one table from which all that depends on the kind follows.
//!
//! A kind is a file in `kind/` with a [`Definition`], and a line in the table below. The enums
//! [`Kind`], [`Submission`] and [`RekorEntry`] are made from the table, so they are closed: whoever
//! has one of them can ask it for its name, its verification, its canonical form, its facts, its
//! cost, and what can be verified again. No other code asks which kind it is.
//!
//! [`listed`] has the kinds of Rekor v1, which another crate takes, for the index that lists their
//! entries.
//!
//! To add a kind: its file, its line, its fixtures, and its row in `src/docs/formats.md`. `made_up`
//! is a kind for the tests that was added this way.

mod dsse;
mod hashedrekord;
mod listed;
#[cfg(test)]
mod made_up;
mod table;

pub use dsse::{DsseEntry, DsseRequest};
pub(super) use hashedrekord::request as hashedrekord_request;

use super::bundle::BundleContent;
use super::error::EntryError;
use super::facts::Facts;
use super::json::Value;
use super::pki::Verifier;
use super::protobuf::{Field, FieldType};
use super::quote::quote;
use super::signed_digest::SignedDigest;
use table::table;

table! {
    /// `hashedrekord` 0.0.2
    HashedRekord: hashedrekord::V002, SignedDigest => SignedDigest;
    /// `dsse` 0.0.2, which Rekor v2 has retired
    Dsse: dsse::V002, DsseRequest => DsseEntry;
    /// For tests.
    #[cfg(test)]
    MadeUp: made_up::V001, made_up::Request => made_up::Entry;
}

/// The fields of `CreateEntryRequest`, in the table's order.
pub(super) const REQUESTS: [Field; REQUEST_COUNT] = {
    let mut fields = [Field::new(0, "", FieldType::Bytes); REQUEST_COUNT];
    let (mut row, mut count) = (0, 0);
    while row < TABLE.len() {
        if let Some(field) = TABLE[row].request {
            fields[count] = field;
            count += 1;
        }
        row += 1;
    }
    fields
};

const REQUEST_COUNT: usize = {
    let (mut row, mut count) = (0, 0);
    while row < TABLE.len() {
        count += TABLE[row].request.is_some() as usize;
        row += 1;
    }
    count
};

/// All about one kind of entry. Each function is pure.
pub(super) trait Definition {
    /// `kind` in an entry.
    const NAME: &'static str;
    /// `apiVersion` in an entry.
    const VERSION: &'static str;
    /// The only member of `spec`, with the entry in it; `None` if `spec` itself is the entry.
    const SPEC: Option<&'static str>;
    /// The field of `CreateEntryRequest` with the request; `None` if it has none.
    const REQUEST: Option<Field>;
    /// What is missing from a request of nothing, for an error.
    const WANTED: &'static str;

    /// A well-formed request.
    type Request;
    /// What the log stores.
    type Entry;

    /// Reads the value of the request's field.
    fn parse_request(value: Value<'_>) -> Result<Self::Request, EntryError>;

    /// The verifiers in a request, in its order. A kind whose keys are of another family than
    /// X.509 has none, and is not admitted by a list of keys or identities.
    fn verifiers(request: &Self::Request) -> &[Verifier];

    /// Adds the path of the verifier with this index to an error, without the request's field.
    fn at_verifier(error: EntryError, index: usize) -> EntryError;

    /// How long verifying the request takes.
    fn cost(request: &Self::Request) -> Cost;

    /// Verifies every signature in the request and returns the [`leaf`](super::canonical::leaf).
    fn verify(request: &Self::Request) -> Result<Vec<u8>, EntryError>;

    /// What was signed, if the entry has only its SHA-256 and a log may keep it beside the entry.
    fn attestation(_request: &Self::Request) -> Option<&[u8]> {
        None
    }

    /// Reads an entry in whatever spelling. The caller checks that it is the canonical one.
    fn parse_entry(value: Value<'_>) -> Result<Self::Entry, EntryError>;

    /// Appends the members of the entry's object in canonical form.
    fn push_entry(entry: &Self::Entry, json: &mut String);

    /// Collects what an entry states. Unlike [`parse_entry`](Self::parse_entry) it validates
    /// nothing, and reads each part of `spec` by itself. An index lists the entry by the result.
    fn facts(spec: &Value<'_>, facts: &mut Facts);

    /// The signature over a digest that the entry consists of, if the leaf has all of it.
    fn signed_digest(_entry: &Self::Entry) -> Option<&SignedDigest> {
        None
    }

    /// Verifies again what the leaf alone allows to verify, and returns how many signatures that
    /// were.
    fn verify_again(entry: &Self::Entry) -> Result<u64, EntryError> {
        Self::signed_digest(entry).map_or(Ok(0), |signed| signed.verify().map(|()| 1))
    }

    /// The entry for a bundle's content, whose only signature is `signed`.
    fn of_bundle(content: &BundleContent, signed: SignedDigest) -> Result<Self::Entry, EntryError>;
}

/// How long it takes to verify a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Well under a tenth of a millisecond: not worth handing to another thread.
    Quick,
    /// Anything else.
    Slow,
}

/// A row of the table.
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) spec: Option<&'static str>,
    pub(super) request: Option<Field>,
    pub(super) wanted: &'static str,
    pub(super) at_verifier: fn(EntryError, usize) -> EntryError,
    pub(super) facts: fn(&Value<'_>, &mut Facts),
}

impl Row {
    const fn of<K: Definition>(kind: Kind) -> Self {
        Self {
            kind,
            name: K::NAME,
            version: K::VERSION,
            spec: K::SPEC,
            request: K::REQUEST,
            wanted: K::WANTED,
            at_verifier: K::at_verifier,
            facts: K::facts,
        }
    }
}

impl Kind {
    pub(super) fn row(self) -> &'static Row {
        // The rows are in the order of the variants.
        &TABLE[self as usize]
    }

    /// The name in `kind` and `kindVersion.kind`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The version in `apiVersion` and `kindVersion.version`.
    pub fn version(self) -> &'static str {
        self.row().version
    }

    /// Finds the kind with this name and version.
    pub fn find(kind: &str, version: &str) -> Result<Self, EntryError> {
        let row = TABLE.iter().find(|row| row.name == kind && row.version == version);
        row.map(|row| row.kind).ok_or_else(|| EntryError::UnsupportedKind {
            kind: quote(kind),
            version: quote(version),
        })
    }

    /// The kind whose request the path of a field leads into.
    pub fn of_field(path: &str) -> Option<Self> {
        let field = path.split(['.', '[']).next()?;
        let is_it = |row: &&Row| row.request.is_some_and(|request| request.name == field);
        TABLE.iter().find(is_it).map(|row| row.kind)
    }

    /// The field of `CreateEntryRequest` with a request for it, in camelCase.
    pub fn request_field(self) -> Option<&'static str> {
        self.row().request.map(|request| request.name)
    }
}

/// The function that collects the facts of entries of this kind, which can also be one of Rekor
/// v1.
pub(super) fn facts_of(kind: &str, version: &str) -> Option<fn(&Value<'_>, &mut Facts)> {
    let row = TABLE.iter().find(|row| row.name == kind && row.version == version);
    row.map(|row| row.facts).or_else(|| listed::facts_of(kind, version))
}

/// Whether this is a kind and version of Rekor v1.
pub(super) fn is_v1(kind: &str, version: &str) -> bool {
    listed::facts_of(kind, version).is_some()
}

#[cfg(test)]
mod tests;
