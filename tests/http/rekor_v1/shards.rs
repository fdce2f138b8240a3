//! Inactive shards: logs that have ended, read below the same API as the one after them.
//!
//! | file | what it tests |
//! |---|---|
//! | `rotated` | three logs whose v1 clients know one key: every route, every edge |
//! | `unsigned` | shards for which no key is here |
//! | `found` | searches over all shards |
//! | `refused` | what a start refuses |
//! | `damaged` | a shard that is damaged or gone |
//!
//! `scene` makes logs that have ended.

mod damaged;
mod found;
mod refused;
mod rotated;
mod scene;
mod unsigned;
