//! The objects that a log publishes, in one table: where each is, what it is served as, how long it
//! can be cached, whether it is packed, and how large it can be.
//!
//! | object | content type | lifetime | packing | at most |
//! |---|---|---|---|---|
//! | `checkpoint` | text | revalidated | never | 64 KiB |
//! | `tile/<L>/...` | bytes | immutable | never | 32 bytes a hash |
//! | `tile/entries/...` | bytes | immutable | stored | 65,537 bytes an entry |
//! | `time/...` | bytes | immutable | never | 8 bytes an entry |
//! | `log.json` | JSON | revalidated | never | 64 KiB |
//! | `attestations/sha256/...` | bytes | immutable | never | 1 MiB |
//! | `heads/latest` | text | revalidated | never | 10,304 bytes |
//! | `heads/page/...` | text | immutable | never | 10,304 bytes |
//! | `heads/note/...` | text | immutable | never | 64 KiB |
//! | `heads/json/...` | JSON | immutable | never | 256 KiB |
//! | `lookup/latest` | text | revalidated | on request | as the format allows |
//! | `lookup/revision/...` | text | immutable | on request | as the format allows |
//! | `lookup/run/...` | bytes | immutable | never | 1 GiB |
//! | `lookup/checkpoint`, `lookup/tile/...` | as for the log | | | |
//!
//! Servers, buckets and clients ask this table. `src/docs/formats.md` repeats it for readers, and
//! the recipes for nginx and in `terraform/` for other programs; `tests/objects` compares them.
//!
//! `times` is the format of the files below `time/`, and `heads` of those below `heads/`.
//!
//! Invariant: pure. Of all objects, only those that are revalidated ever change.

mod heads;
mod path;
mod properties;
mod times;

pub use heads::{
    HEADS_ON_PAGE, HEADS_PAGE_BYTES_MAX, HeadNumber, HeadsPage, HeadsPageError, HeadsPath, KeptHead,
};
pub use path::{Published, PublishedPathError};
pub use properties::{ATTESTATION_BYTES_MAX, Lifetime, Packing, Properties};
pub use times::{IntegratedTime, TIME_BYTES, Times, TimesError};
