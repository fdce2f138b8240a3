//! Object paths: relative names below a log's prefix, `/` between segments.
//!
//! An [`ObjectPath`] cannot name anything outside the prefix: segments are non-empty, consist of
//! ASCII letters, digits, `-`, `_` and `.`, and do not start with a dot. The `.p` of partial tiles
//! (`tile/0/001.p/5`) is a suffix, so it passes.

use fasti_lookup_spec::LookupPath;
use fasti_objects::Published;
use tiles_spec::{BundleCoord, ResourcePath, TileCoord};

use super::record_number::RecordNumber;

/// The longest path that is accepted, in bytes; the longest path of a log is under 80.
const PATH_BYTES_MAX: usize = 255;

/// A checked relative path of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath(String);

/// The text is not an object path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an object path: {0:?}")]
pub struct InvalidPath(pub String);

impl ObjectPath {
    /// Checks `path` and wraps it.
    pub fn new(path: impl Into<String>) -> Result<Self, InvalidPath> {
        let path = path.into();
        let valid = path.len() <= PATH_BYTES_MAX && path.split('/').all(segment_is_valid);
        if valid { Ok(Self(path)) } else { Err(InvalidPath(path)) }
    }

    /// `checkpoint`, the only object that changes.
    pub fn checkpoint() -> Self {
        Published::CHECKPOINT.into()
    }

    /// `log.json`: what a client needs to start.
    pub fn log_json() -> Self {
        Published::Description.into()
    }

    /// `_writer/commit/<k>`, where object stores keep commit record `k`.
    pub fn commit_record(number: RecordNumber) -> Self {
        Self(format!("_writer/commit/{:020}", number.get()))
    }

    /// `_writer/trimmed`, where the writer notes how far it has removed old objects.
    pub fn trimmed() -> Self {
        Self("_writer/trimmed".to_owned())
    }

    /// `_writer/freezing`, a request to the leader to give way to a process that wants to freeze
    /// the log.
    pub fn freezing() -> Self {
        Self("_writer/freezing".to_owned())
    }

    /// The number of the record at this path, if it is the path of one.
    pub fn record_number(&self) -> Option<RecordNumber> {
        let number = self.0.strip_prefix("_writer/commit/")?;
        RecordNumber::new(number.parse().ok()?).filter(|n| Self::commit_record(*n) == *self)
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn segment_is_valid(segment: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain)
}

impl From<TileCoord> for ObjectPath {
    fn from(tile: TileCoord) -> Self {
        Self(tile.to_string())
    }
}

impl From<BundleCoord> for ObjectPath {
    fn from(bundle: BundleCoord) -> Self {
        Self(bundle.to_string())
    }
}

impl From<ResourcePath> for ObjectPath {
    fn from(resource: ResourcePath) -> Self {
        Self(resource.to_string())
    }
}

impl From<Published> for ObjectPath {
    fn from(object: Published) -> Self {
        Self(object.to_string())
    }
}

impl From<LookupPath> for ObjectPath {
    fn from(path: LookupPath) -> Self {
        Self(path.to_string())
    }
}

impl std::fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_leave_the_prefix() {
        for bad in
            ["", "/", "a//b", "/a", "a/", ".", "..", "a/../b", ".hidden", "a b", "a\\b", "a%2e"]
        {
            assert!(ObjectPath::new(bad).is_err(), "{bad:?}");
        }
        for good in ["checkpoint", "tile/0/x001/067.p/8", "tile/entries/000", "_writer/commit/1"] {
            assert_eq!(ObjectPath::new(good).map(|p| p.to_string()), Ok(good.to_owned()));
        }
    }
}
