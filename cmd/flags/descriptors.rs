//! File descriptors: each connection takes one, so the system's limit bounds connections too.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for everything but connections: the store, the index, requests to a bucket.
const KEPT: u64 = 512;

/// Raises the limit as far as the system allows. Returns how many of the `wanted` connections that
/// is enough for.
pub fn enough_for(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    let Some(limit) = limit else { return wanted };
    let room = usize::try_from(limit.saturating_sub(KEPT).max(limit / 2)).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(
            "the system allows {limit} open files: accepting at most {room} connections, \
             not {wanted}"
        );
    }
    wanted.min(room)
}
