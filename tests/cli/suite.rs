//! The `fasti` command as its users see it: real binaries, a real writer on the loopback address,
//! real keys; exit status, output and files.
//!
//! `golden/` holds outputs that must not change unnoticed; `FASTI_GOLDEN=write` rewrites them.

mod attesting;
mod buckets;
mod colours;
mod describing;
mod downloads;
mod egress;
mod freshness;
mod fsck;
mod fsck_again;
mod fsck_lookup;
mod fsck_repair;
mod heads;
mod irreversible;
mod key_service;
mod key_services;
mod keys;
mod log_keys;
mod mirroring;
mod monitoring;
mod operating;
mod origins;
mod policies;
mod reading;
mod rekor_cli;
mod remembering;
mod searching;
mod searching_attested;
mod searching_formats;
mod secrets;
mod serving;
mod signature_files;
mod signing;
mod succession;
mod world;
