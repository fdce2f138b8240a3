//! What must hold of every parser of foreign bytes, whatever the bytes are.
//!
//! A module is a family of parsers, with a `check` that takes any bytes and panics if a promise is
//! broken, and `seeds` that it accepts. Two programs run them: `tests/fuzz` with bytes that
//! libFuzzer finds, and the tests of this crate with the seeds and with damaged copies of them.
//!
//! "No panic" is the least that a check asks. Where a format is canonical, what was read is written
//! again as the same bytes. Where there are two readers of one thing, ours or somebody else's, they
//! must agree. Whatever a reader promises of what it returns is asserted, and so are its bounds.
//!
//! | module | formats |
//! |---|---|
//! | [`note`] | signed notes, checkpoints, cosignatures |
//! | [`keys`] | verifier keys, private keys, PEM |
//! | [`tiles`] | paths, hash tiles, entry bundles |
//! | [`policy`] | policies of logs and witnesses |
//! | [`witness`] | what logs and witnesses say to each other |
//! | [`mirror`] | what logs and mirrors say to each other |
//! | [`log_list`] | lists of the logs that a witness knows |
//! | [`proof`] | `.tlog-proof` files, inclusion and consistency proofs |
//! | [`evidence`] | what convicts a log, or does not |
//! | [`state`] | how far a monitor has checked a log |
//! | [`revision`] | manifests and revisions of the lookup index |
//! | [`pages`] | parts of the lookup index |
//! | [`record`] | commit records, segments of a directory |
//! | [`certificate`] | certificates, public keys, names, authorities |
//! | [`timestamp`] | timestamps, and those of certificate logs |
//! | [`request`] | requests to log an entry, in JSON and protobuf |
//! | [`proposal`] | proposals to Rekor v1, of every kind |
//! | [`entry`] | entries as a log stores them |
//! | [`bundle`] | Sigstore bundles, envelopes, a log's answers |
//! | [`trust`] | trusted roots, signing configurations, `log.json` |
//! | [`rekor_v1`] | what Rekor v1's API says of trees and entries |
//! | [`peers`] | messages between writers |
//! | [`requests`] | HTTP requests |
//! | [`flags`] | the small languages of flags |

pub mod bundle;
pub mod certificate;
pub mod entry;
pub mod evidence;
pub mod flags;
pub mod keys;
pub mod log_list;
pub mod mirror;
pub mod note;
pub mod pages;
pub mod peers;
pub mod policy;
pub mod proof;
pub mod proposal;
pub mod record;
pub mod rekor_v1;
pub mod request;
pub mod requests;
pub mod revision;
mod signed;
pub mod state;
pub mod tiles;
pub mod timestamp;
pub mod trust;
pub mod witness;

/// Well-formed inputs, each with a name.
pub type Seeds = Vec<(&'static str, Vec<u8>)>;

/// A family of parsers.
pub struct Parser {
    /// Its name, which is that of its fuzz target.
    pub name: &'static str,
    /// Panics if the bytes break a promise.
    pub check: fn(&[u8]),
    /// Makes its seeds.
    pub seeds: fn() -> Seeds,
}

macro_rules! parsers {
    ($($name:ident)+) => {
        /// All of them.
        pub const PARSERS: &[Parser] = &[$(Parser {
            name: stringify!($name),
            check: $name::check,
            seeds: $name::seeds,
        }),+];
    };
}

parsers! {
    note keys tiles proof revision pages record certificate timestamp request proposal entry bundle
    trust rekor_v1 peers requests flags policy witness mirror log_list evidence state
}
