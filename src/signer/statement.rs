//! What a log's keys sign: statements of these types and nothing else (I16).
//!
//! None can be taken for one of another type. A checkpoint is at least three lines of text, each
//! with a newline. An entry timestamp is a JSON object without a newline.

use fasti_entry::EntryTimestamp;

/// What a key signs.
#[derive(Clone, Copy, Debug)]
pub enum Statement<'a> {
    /// The text of a checkpoint, with the newline of its last line.
    Checkpoint(&'a str),
    /// When an entry entered the log.
    Timestamp(&'a EntryTimestamp),
}

impl<'a> Statement<'a> {
    /// The bytes that are signed.
    pub fn text(self) -> &'a str {
        match self {
            Self::Checkpoint(text) => text,
            Self::Timestamp(timestamp) => timestamp.as_str(),
        }
    }
}
