//! Errors in requests to Rekor v1's API, in that server's words where it has some.

use std::borrow::Cow;
use std::fmt;

use fasti_rekor_v1::ProposalError;
use tiles_spec::TreeSize;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum V1Error {
    /// The body is not JSON of the required form.
    #[error("parsing {name} body from \"\" failed, because {reason}")]
    Body {
        /// What the body is.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// A parameter or a member does not have the required form.
    #[error("{name} in {place} {fault}")]
    Form {
        /// The parameter's name; that of an element of a list ends in its place there.
        name: Cow<'static, str>,
        /// Where it is: body, path or query.
        place: &'static str,
        /// What it should be.
        fault: FormFault,
    },
    /// The request's body is not JSON by its own account.
    #[error("unsupported media type {0:?}, only [application/json] are allowed")]
    MediaType(String),
    /// The client does not take what there is.
    #[error("unsupported media type requested, only [{0}] are available")]
    NotAcceptable(&'static str),
    /// The proposed entry is refused.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// An index would have to list the entry under more keys than this.
    #[error(
        "error processing entry: it names more digests, keys and identities than the log takes: an \
         index would list it under more than {0} keys"
    )]
    TooManyKeys(usize),
    /// An entry that is asked for is refused.
    #[error("{}", without_prefix(.0))]
    AskedFor(#[source] ProposalError),
    /// This log does not take entries of the kind.
    #[error(
        "error processing entry: entry kind '{0}' is not enabled for submission on this server"
    )]
    KindOff(&'static str),
    /// The entry is in the log already.
    #[error("an equivalent entry already exists in the transparency log with UUID {id}")]
    Exists {
        /// Its entry ID.
        id: String,
        /// The query of the request, which comes back with the location.
        query: Option<String>,
    },
    /// The key to search for cannot be read.
    #[error("public key provided could not be parsed")]
    PublicKey,
    /// More entries than one request can ask for.
    #[error("more than max allowed {0} entries in request")]
    TooMany(usize),
    /// The tree ID in an entry ID is not one.
    #[error("validation error: invalid TreeID: {0}{why}", why = tree_id_fault(.0))]
    TreeIdRange(String),
    /// The same in a list.
    #[error("invalid entryID {0}")]
    EntryId(String),
    /// Another log's tree.
    #[error("no log range found for tree ID {0}")]
    NoTree(String),
    /// Another log's tree, where the server says nothing else.
    #[error("Bad Request")]
    NoKey,
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
    /// The log has no such entry.
    #[error("the log has no such entry")]
    NoEntry,
    /// The entry may be among leaves that were not searched.
    #[error("no entry was found, and the newest {0} entries are not indexed yet; try again")]
    Unsearched(u64),
}

/// What is wrong with the form of a parameter or member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// It is missing.
    Required,
    /// It is of another type.
    Type(&'static str, String),
    /// It does not match a pattern.
    Pattern(&'static str),
    /// It is not one of these.
    OneOf(&'static str),
    /// It is less than this.
    AtLeast(u64),
    /// It has more characters than this.
    Longer(usize),
    /// It has more elements than this.
    TooMany(usize),
    /// It has fewer elements than this.
    TooFew(usize),
    /// It is given more than once.
    Twice,
}

impl fmt::Display for FormFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("is required"),
            Self::Type(expected, found) => write!(f, "must be of type {expected}: {found:?}"),
            Self::Pattern(pattern) => write!(f, "should match '{pattern}'"),
            Self::OneOf(allowed) => write!(f, "should be one of [{allowed}]"),
            Self::AtLeast(least) => write!(f, "should be greater than or equal to {least}"),
            Self::Longer(most) => write!(f, "should be at most {most} chars long"),
            Self::TooMany(most) => write!(f, "should have at most {most} items"),
            Self::TooFew(least) => write!(f, "should have at least {least} items"),
            Self::Twice => f.write_str("is given more than once"),
        }
    }
}

/// Why digits are not those of a tree ID.
fn tree_id_fault(digits: &str) -> &'static str {
    if digits.bytes().all(|digit| digit == b'0') {
        " must be positive"
    } else {
        ": value out of range"
    }
}

/// What v1 says about an entry that is only asked for.
fn without_prefix(error: &ProposalError) -> String {
    let text = error.to_string();
    text.strip_prefix("error processing entry: ").unwrap_or(&text).to_owned()
}
