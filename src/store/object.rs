//! Objects, and the outcomes of writing them.

use std::ops::Range;

use bytes::Bytes;

use super::error::StoreError;
use super::path::ObjectPath;

/// The version of an object, as reported by a store; it is passed to `Store::replace`.
///
/// Opaque; two versions of one object never compare equal unless their bytes are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(pub(crate) String);

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Object {
    /// The whole content.
    pub bytes: Bytes,
    /// The version that was read.
    pub version: Version,
}

impl Object {
    /// An object from where nothing is ever replaced, and so of no version.
    pub fn only_read(bytes: Bytes) -> Self {
        Self { bytes, version: Version(String::new()) }
    }

    /// A part of its bytes, as returned by `Store::get_range`; `place` names the object in
    /// errors.
    pub fn part(&self, range: &Range<u64>, place: &str) -> Result<Bytes, StoreError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let length = self.bytes.len();
        match (usize::try_from(range.start), usize::try_from(range.end)) {
            (Ok(start), Ok(end)) if end <= length => Ok(self.bytes.slice(start..end)),
            _ => Err(StoreError::ends_before(place, range.end, Some(length as u64))),
        }
    }
}

/// The outcome of a create-only write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object did not exist and now does, with exactly these bytes.
    Now,
    /// Something already existed and is unchanged. The caller finds out by reading whose bytes it
    /// holds: after an ambiguous answer they may be its own.
    Already,
}

/// The outcome of a conditional replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The object has the new bytes, under this version.
    Now(Version),
    /// The object is not at the expected version; it is unchanged.
    Conflict,
}

/// One immutable object to be written.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Its path.
    pub path: ObjectPath,
    /// Its whole content.
    pub bytes: Bytes,
}

/// Whether these immutable objects may have been written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// They were not written by an earlier, interrupted run.
    First,
    /// They may have been, without having become durable: existing ones are rewritten. A file torn
    /// by a power cut is replaced; other content is still a conflict.
    Again,
}
