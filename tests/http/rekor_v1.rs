//! Rekor v1's API, for clients that were written for it.
//!
//! | file | what it tests |
//! |---|---|
//! | `searching` | entry IDs by what entries have, and what headers say beside them |
//! | `listing` | entries of every kind, found by key and name; too many names |
//! | `reading` | entries by ID, UUID and index; the log, its key, its growth |
//! | `submitting` | proposals become entries, once, with one time |
//! | `keys` | what signs for v1's clients, and what it signs |
//! | `admitting` | who may propose what |
//! | `attesting` | what was signed, kept beside its entry on request |
//! | `refusing` | statuses, codes and words for what is not in order |
//! | `shards` | several logs, read as one |
//! | `replay` | the recorded answers of Rekor itself |
//!
//! `client` is a client that trusts one key; `proposals` has what it sends.

mod admitting;
mod attesting;
mod client;
mod keys;
mod listing;
mod proposals;
mod reading;
mod refusing;
mod replay;
mod searching;
mod shards;
mod submitting;
