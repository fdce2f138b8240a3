//! Logs that have ended, and writers after them.

use fasti_kit::writer::{Home, Writer};
use serde_json::Value;
use tiles_spec::VerifierKey;

use super::super::client::{Client, Verified};
use crate::reader::Reader;
use crate::rekor_tiles::end;

/// A log that has ended.
pub struct Ended {
    pub home: Home,
    pub key: VerifierKey,
    /// Knows it as its clients did.
    pub client: Client,
    pub entries: Vec<Verified>,
    /// The last checkpoint, as published.
    pub checkpoint: String,
}

impl Ended {
    /// A log of these proposals, written with these flags. `client` knows the writer.
    pub fn of(flags: &[&str], proposals: &[Value], client: impl Fn(&Writer) -> Client) -> Self {
        let writer = Writer::start(flags);
        let client = client(&writer);
        let entries = proposals.iter().map(|proposal| client.submit(proposal)).collect();
        Self::after(writer, client, entries)
    }

    /// The log of a writer, which has these entries.
    pub fn after(writer: Writer, client: Client, entries: Vec<Verified>) -> Self {
        let checkpoint = Reader::of(&writer).checkpoint();
        let key = writer.key.clone();
        let home = writer.stop();
        end(&home);
        Self { home, key, client, entries, checkpoint }
    }

    /// The value of the flag that makes it an inactive shard.
    pub fn flag(&self) -> String {
        format!("{},vkey={}", self.home.store().display(), self.key)
    }
}

/// The flags of a writer with these inactive shards.
pub fn flags<'a>(shards: &'a [String], further: &[&'a str]) -> Vec<&'a str> {
    let shards = shards.iter().flat_map(|shard| ["--rekor-v1-shard", shard]);
    shards.chain(further.iter().copied()).collect()
}
