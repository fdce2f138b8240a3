//! How much is read of an object.

use fasti_objects::Published;

/// The most bytes that [`Fetch::fetch_part`](super::Fetch::fetch_part) reads at a time, and how far into an object it reads
/// if the server can send only the whole object.
pub const PART_BYTES_MAX: u64 = 64 << 20;

/// The file in which a log describes itself.
pub(super) const DESCRIPTION: Published = Published::Description;

/// The maximum size of an object that is read whole, in bytes.
pub fn bytes_max(object: impl Into<Published>) -> usize {
    let at_once = usize::try_from(PART_BYTES_MAX).unwrap_or(usize::MAX);
    object.into().properties().bytes_max.min(at_once)
}
