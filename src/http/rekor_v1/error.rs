//! Errors in requests to Rekor v1's API, in that server's words where it has some.

use tiles_spec::TreeSize;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum V1Error {
    /// The body is not JSON of the required form.
    #[error("parsing {name} body failed, because {reason}")]
    Body {
        /// What the body is.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// A parameter or a member does not have the required form.
    #[error("{name} in {place} {reason}")]
    Form {
        /// The parameter's name.
        name: &'static str,
        /// Where it is: body, path or query.
        place: &'static str,
        /// What it should be.
        reason: String,
    },
    /// Nothing to search for.
    #[error("the request is empty: give at least one of {0}")]
    NothingAsked(&'static str),
    /// The index does not list entries by such keys.
    #[error(
        "the PKI format requested is not supported by this server: search for entries with {0:?} \
         keys by the digest of what was signed"
    )]
    PkiFormat(&'static str),
    /// Neither a public key nor a certificate.
    #[error("public key provided could not be parsed: it must be a PEM PUBLIC KEY or CERTIFICATE")]
    PublicKey,
    /// More entries than one request can ask for.
    #[error("more than max allowed {0} entries in request")]
    TooMany(usize),
    /// The request gives a whole v1 entry to look for.
    #[error(
        "this log has no entries in the form of Rekor v1, so it cannot look for a proposed entry; \
         ask by entryUUIDs or logIndexes, or search the index for its digest"
    )]
    ProposedEntries,
    /// Another log's ID.
    #[error("invalid tree ID specified: {0}; this log's is {1}")]
    TreeId(String, String),
    /// The tree is not that large yet.
    #[error(
        "the tree size requested({wanted}) was greater than what is currently observable({observable})"
    )]
    Beyond {
        /// The requested size.
        wanted: u64,
        /// The newest tree.
        observable: TreeSize,
    },
    /// Sizes in the wrong order.
    #[error("firstSize({first}) must be less than lastSize({last})")]
    Backwards {
        /// The old size.
        first: u64,
        /// The new size.
        last: u64,
    },
    /// The log has no such leaf.
    #[error("the log has no entry with UUID {0}")]
    NoEntry(String),
    /// The index is beyond the end of the tree.
    #[error("the log has no entry with index {index}: it has {size} entries")]
    NoIndex {
        /// The requested index.
        index: u64,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The entry may be among leaves that were not searched.
    #[error("no entry was found, and the newest {0} entries are not indexed yet; try again")]
    Unsearched(u64),
}
