//! What is wrong with a request to Rekor v1's API, in that server's words where it has some.

use tiles_spec::TreeSize;

use super::tree_id::TreeId;

/// A request that is not answered with what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body is not JSON of the form that is wanted.
    #[error("parsing {name} body failed, because {reason}")]
    Body {
        /// What the body is.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// A parameter or a member does not have the form that is wanted.
    #[error("{name} in {place} {reason}")]
    Form {
        /// The parameter's name.
        name: &'static str,
        /// body, path or query.
        place: &'static str,
        /// What it should be.
        reason: String,
    },
    /// Nothing to search for.
    #[error("nothing is asked for: name at least one of {0}")]
    NothingAsked(&'static str),
    /// Entries of such keys have no key in the index.
    #[error(
        "the PKI format requested is not supported by this server: entries with keys of the format \
         {0:?} are found by the digest of what was signed"
    )]
    PkiFormat(&'static str),
    /// Neither a public key nor a certificate.
    #[error("public key provided could not be parsed: it has to be PEM, PUBLIC KEY or CERTIFICATE")]
    PublicKey,
    /// More than one request may ask for.
    #[error("more than max allowed {0} entries in request")]
    TooMany(usize),
    /// A v1 entry is asked for by itself.
    #[error(
        "this log holds no entries as Rekor v1 writes them, so a proposed entry is not compared \
         with them; ask by entryUUIDs or logIndexes, or search the index for its digest"
    )]
    ProposedEntries,
    /// Another log's ID.
    #[error("invalid tree ID specified: {0}; this log's is {1}")]
    TreeId(String, TreeId),
    /// The tree has not been that large yet.
    #[error(
        "the tree size requested({wanted}) was greater than what is currently observable({observable})"
    )]
    Beyond {
        /// What was asked for.
        wanted: u64,
        /// The newest tree.
        observable: TreeSize,
    },
    /// Sizes in the wrong order.
    #[error("firstSize({first}) must be less than lastSize({last})")]
    Backwards {
        /// From.
        first: u64,
        /// To.
        last: u64,
    },
    /// The log has no such leaf.
    #[error("the log has no entry with UUID {0}")]
    NoEntry(String),
    /// The tree ends before that.
    #[error("the log has no entry with index {index}: it has {size} entries")]
    NoIndex {
        /// What was asked for.
        index: u64,
        /// How many there are.
        size: TreeSize,
    },
    /// The entry may be among leaves that nobody has looked at.
    #[error("no entry was found, and the newest {0} entries are not indexed yet; try again")]
    Unsearched(u64),
}
