//! The head of an upload: which log, which entries, and a ticket. The packages come after it.
//!
//! ```text
//! u16 length, origin | u64 start | u64 end | u16 length, ticket
//! ```

use thiserror::Error;

use crate::size::TreeSize;

/// Maximum size of a ticket in bytes.
pub const TICKET_BYTES_MAX: usize = u16::MAX as usize;

/// Maximum size of the head in bytes.
pub const UPLOAD_HEAD_BYTES_MAX: usize = 2 * (2 + u16::MAX as usize) + 2 * 8;

/// The head of an upload. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadHead {
    /// The log's origin.
    pub origin: String,
    /// How many entries come before the upload.
    pub start: TreeSize,
    /// The size of the checkpoint up to which entries are uploaded, by this request or later ones.
    pub end: TreeSize,
    /// What the mirror has said last, or nothing.
    pub ticket: Vec<u8>,
}

/// Why bytes are not the head of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UploadError {
    /// The origin is not UTF-8.
    #[error("the origin is not text")]
    Origin,
    /// A size that no tree has.
    #[error("the upload begins or ends at {0}, a size that no tree has")]
    Size(u64),
    /// It ends before it begins.
    #[error("the upload begins at {start}, after its end at {end}")]
    Backwards {
        /// Where it begins.
        start: TreeSize,
        /// Where it ends.
        end: TreeSize,
    },
}

impl UploadHead {
    /// Reads the head that bytes begin with, and how long it is; `None` if it is not whole yet.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, UploadError> {
        let mut rest = bytes;
        let Some(fields) = Fields::take(&mut rest) else { return Ok(None) };
        let Fields { origin, start, end, ticket } = fields;
        let origin = std::str::from_utf8(origin).map_err(|_| UploadError::Origin)?.to_owned();
        let size = |size| TreeSize::new(size).ok_or(UploadError::Size(size));
        let (start, end, ticket) = (size(start)?, size(end)?, ticket.to_vec());
        if start > end {
            return Err(UploadError::Backwards { start, end });
        }
        Ok(Some((Self { origin, start, end, ticket }, bytes.len() - rest.len())))
    }

    /// Encodes the head; `None` if the origin or the ticket is too long.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let Self { origin, start, end, ticket } = self;
        let prefixed = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).ok()?.to_be_bytes();
            Some([&length, bytes].concat())
        };
        let bounds = [start, end].map(|size| size.get().to_be_bytes()).concat();
        Some([prefixed(origin.as_bytes())?, bounds, prefixed(ticket)?].concat())
    }
}

struct Fields<'a> {
    origin: &'a [u8],
    start: u64,
    end: u64,
    ticket: &'a [u8],
}

impl<'a> Fields<'a> {
    fn take(rest: &mut &'a [u8]) -> Option<Self> {
        let origin = prefixed(rest)?;
        let start = u64::from_be_bytes(*fixed(rest)?);
        let end = u64::from_be_bytes(*fixed(rest)?);
        Some(Self { origin, start, end, ticket: prefixed(rest)? })
    }
}

fn fixed<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(taken)
}

fn prefixed<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(u16::from_be_bytes(*fixed(rest)?));
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}
