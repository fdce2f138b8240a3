//! The flag for inactive shards: logs that have ended, which clients of Rekor v1 read together with
//! the one that is served.

use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use fasti::client::fetch::{Fetch, FetchError, IndexElsewhere, Location};
use fasti::client::trust::Trust;
use fasti::grow::RekorV1Guard;
use fasti::http::{InactiveShards, ShardSource};
use tiles_spec::{TreeSize, VerifierKey};

/// The inactive shards.
#[derive(Args, Clone, Debug, Default)]
pub struct ShardFlags {
    /// A frozen log that clients of Rekor v1 read together with this one, as an inactive shard: its
    /// URL, bucket or directory, and after commas what is known of it
    ///
    /// vkey=KEY is its verifier key, and size=N its size, for a log that does not say itself that
    /// it is frozen. index=PLACE is where its lookup index is, if not next to it, and
    /// lookup-key=KEY the verifier key that signs the index, if it is not the log's. With `sign`, a
    /// writer signs for its entries with --rekor-v1-key, by which these clients must have known
    /// that log; only do that with files that nobody else can change.
    ///
    /// Can be repeated, oldest first: the indices of each log continue those of the one before. So
    /// shards are only ever added, at the end. In the environment variable, separate shards with
    /// semicolons.
    #[arg(
        long = "rekor-v1-shard",
        env = "FASTI_REKOR_V1_SHARD",
        value_name = "PLACE[,OPTION]...",
        value_delimiter = ';',
        help_heading = "Rekor v1"
    )]
    pub shards: Vec<ShardFlag>,
}

impl ShardFlags {
    /// The shards as opened, one line each, for what a program says when it is ready.
    pub fn lines(&self, opened: &InactiveShards) -> Vec<String> {
        let shards = self.shards.iter().enumerate();
        let lines = shards.map(|(number, shard)| {
            let first = opened.ranges().first(number).get();
            format!("  shard         {}, from index {first}", shard.place)
        });
        lines.collect()
    }
}

/// One inactive shard.
#[derive(Clone, Debug)]
pub struct ShardFlag {
    /// Where it is.
    pub place: Location,
    /// Its key.
    pub vkey: Option<VerifierKey>,
    /// Whether to sign for its entries.
    pub sign: bool,
    size: Option<TreeSize>,
    index: Option<Location>,
    lookup_key: Option<VerifierKey>,
}

/// Not an inactive shard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadShard {
    /// The place is not one.
    #[error(transparent)]
    Place(#[from] FetchError),
    /// An option that does not exist.
    #[error("{0:?} is not an option; there are vkey=, size=, index=, lookup-key= and sign")]
    Unknown(String),
    /// An option is given twice.
    #[error("{0} is given twice")]
    Twice(String),
    /// An option's value is not one.
    #[error("{option}: {reason}")]
    Value {
        /// The option.
        option: String,
        /// Why not.
        reason: String,
    },
}

impl FromStr for ShardFlag {
    type Err = BadShard;

    fn from_str(text: &str) -> Result<Self, BadShard> {
        let mut parts = text.split(',');
        let place = parts.next().unwrap_or_default().parse()?;
        let mut shard =
            Self { place, vkey: None, sign: false, size: None, index: None, lookup_key: None };
        for part in parts {
            let (option, value) = part.split_once('=').map_or((part, None), |(o, v)| (o, Some(v)));
            let is_again = match (option, value) {
                ("vkey", Some(value)) => shard.vkey.replace(read(option, value)?).is_some(),
                ("size", Some(value)) => shard.size.replace(read(option, value)?).is_some(),
                ("index", Some(value)) => shard.index.replace(value.parse()?).is_some(),
                ("lookup-key", Some(value)) => {
                    shard.lookup_key.replace(read(option, value)?).is_some()
                }
                ("sign", None) => std::mem::replace(&mut shard.sign, true),
                _ => return Err(BadShard::Unknown(part.chars().take(100).collect())),
            };
            if is_again {
                return Err(BadShard::Twice(option.to_owned()));
            }
        }
        Ok(shard)
    }
}

fn read<T: FromStr<Err: std::fmt::Display>>(option: &str, value: &str) -> Result<T, BadShard> {
    let bad =
        |error: T::Err| BadShard::Value { option: option.to_owned(), reason: error.to_string() };
    value.parse().map_err(bad)
}

impl ShardFlag {
    /// The shard, to be opened: its files by `open`, signed by the key that the flag names, or else
    /// by one of those in `trust`.
    pub fn source<E>(
        &self,
        open: impl Fn(&Location) -> Result<Arc<dyn Fetch>, E>,
        trust: Trust,
        guard: Option<Arc<RekorV1Guard>>,
    ) -> Result<ShardSource, E> {
        let mut trust = match self.vkey.clone() {
            // What else is demanded of a checkpoint is demanded of this one too.
            Some(key) => Trust { logs: Trust::in_keys([key]).logs, ..trust },
            None => trust,
        };
        trust.indexers.extend(self.lookup_key.clone());
        let log = open(&self.place)?;
        let files: Arc<dyn Fetch> = match &self.index {
            Some(index) => Arc::new(IndexElsewhere { log, index: open(index)? }),
            None => log,
        };
        Ok(ShardSource { place: self.place.to_string(), files, trust, size: self.size, guard })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "localhost+e3b4bce2+AVnx2MLvqPdtBJCMaHj3rcXaLvqd9/3CjJKJTMqAyqGT";

    fn said(text: &str) -> String {
        text.parse::<ShardFlag>().expect_err(text).to_string()
    }

    #[test]
    fn a_shard_is_a_place_with_options() {
        let shard: ShardFlag = "s3://bucket/log".parse().expect("a place is enough");
        assert_eq!(shard.place.to_string(), "s3://bucket/log");
        assert!(shard.vkey.is_none() && shard.size.is_none() && !shard.sign);
        let shard: ShardFlag = "./log,size=7,sign,index=/srv/index".parse().expect("options");
        assert_eq!(shard.size, TreeSize::new(7));
        assert!(shard.sign);
        assert_eq!(shard.index.expect("an index").to_string(), "/srv/index");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(said("").contains("is not the location of a log"));
        assert!(said("./log,vkey=x").starts_with("vkey: "));
        assert!(said("./log,size=-1").starts_with("size: "));
        assert_eq!(said("./log,size=1,size=1"), "size is given twice");
        assert_eq!(said("./log,sign,sign"), "sign is given twice");
        for unknown in ["x", "sign=yes", "vkey", KEY] {
            let words = said(&format!("./log,{unknown}"));
            assert!(words.contains("is not an option; there are vkey="), "{words}");
        }
    }
}
