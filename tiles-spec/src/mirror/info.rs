//! `text/x.tlog.mirror-info`: a checkpoint that a mirror waits for, the first entry that it lacks,
//! and a ticket. Three lines.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use thiserror::Error;

use super::upload::TICKET_BYTES_MAX;
use crate::size::{NumberError, TreeSize};

/// The content type of this body.
pub const MIRROR_INFO_MEDIA_TYPE: &str = "text/x.tlog.mirror-info";

/// Maximum size of the body in bytes: two numbers, and the longest ticket in base64.
pub const MIRROR_INFO_BYTES_MAX: usize = 2 * 20 + TICKET_BYTES_MAX.div_ceil(3) * 4 + 1;

/// Where a client should go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorInfo {
    /// The size of a checkpoint up to which entries can be uploaded.
    pub pending: TreeSize,
    /// As many entries as the mirror has, without a gap: the index of the next one.
    pub next: TreeSize,
    /// To be sent back with the next upload; can be empty.
    pub ticket: Vec<u8>,
}

/// Why bytes are not this body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InfoError {
    /// Longer than the maximum.
    #[error("it is longer than {MIRROR_INFO_BYTES_MAX} bytes")]
    TooLong,
    /// Not three lines.
    #[error("it is not three lines of text")]
    Lines,
    /// A malformed number.
    #[error("malformed size or index")]
    Number(#[source] NumberError),
    /// The ticket is not base64, or too long.
    #[error("malformed ticket")]
    Ticket,
}

impl MirrorInfo {
    /// Parses the body.
    pub fn parse(bytes: &[u8]) -> Result<Self, InfoError> {
        if bytes.len() > MIRROR_INFO_BYTES_MAX {
            return Err(InfoError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| InfoError::Lines)?;
        let lines: Vec<&str> = text.split('\n').collect();
        let [pending, next, ticket, ""] = lines[..] else { return Err(InfoError::Lines) };
        let number = |line: &str| line.parse().map_err(InfoError::Number);
        let (pending, next) = (number(pending)?, number(next)?);
        let ticket = BASE64_STANDARD.decode(ticket).map_err(|_| InfoError::Ticket)?;
        if ticket.len() > TICKET_BYTES_MAX {
            return Err(InfoError::Ticket);
        }
        Ok(Self { pending, next, ticket })
    }
}

impl std::fmt::Display for MirrorInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pending, next, ticket } = self;
        write!(f, "{pending}\n{next}\n{}\n", BASE64_STANDARD.encode(ticket))
    }
}
