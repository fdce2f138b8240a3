//! Verifying an entry of a log again, by its body alone.
//!
//! Most bodies have only the hash of what was signed. A signature over a digest is the exception:
//! its body is a proposal, too.

use super::error::ProposalError;
use super::limits::{Limits, Setting};
use super::proposal::Proposal;

/// Verifies the signature in a body again; `None` if the body does not have what was signed.
pub fn verify_again(body: &[u8]) -> Option<Result<(), ProposalError>> {
    let proposal = Proposal::parse(body).ok()?;
    // Nothing about a digest expires.
    let setting = Setting { limits: Limits::default(), now: 0 };
    proposal.kind().takes_digest().then(|| proposal.accept(&setting).map(drop))
}
