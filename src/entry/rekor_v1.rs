//! Entries of Rekor v1 in bundles: does an entry's body state what a verifier has verified?
//! (`hashedrekord_v0_0_1_schema.json` and its like in github.com/sigstore/rekor.)
//!
//! The body is the leaf. Unlike a leaf of Rekor v2, it cannot be rebuilt in general: Rekor keeps
//! some texts as clients sent them, such as digests in upper case, chains of certificates, and
//! hashes of envelopes that nobody else has in the same spelling. So a verifier takes the body
//! from the bundle. That is safe, because [`V1Kind::expect`] compares all that it states with what
//! was verified: the signature, the key or certificate, and what was signed. What is left are
//! fields that nothing relies on.
//!
//! Bodies are read strictly: a field that the kind does not have is refused, and so is one that is
//! given twice. Kinds that bundles do not have are missing here: the crate `fasti-rekor-v1` takes
//! them all.

mod dsse;
mod hashedrekord;
mod intoto;
mod signature;
mod verified;

pub use signature::verify_as_v1;

use super::bundle::BundleContent;
use super::error::EntryError;
use super::json::{self, Value};
use super::protojson::{Unknown, fields, required};
use super::signed_digest::SignedDigest;
use verified::{Verified, same};

/// A kind of entry of Rekor v1 that can be verified with a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum V1Kind {
    /// `hashedrekord` 0.0.1: a signature over the digest of an artifact.
    HashedRekord,
    /// `dsse` 0.0.1: an envelope.
    Dsse,
    /// `intoto` 0.0.1: an envelope, sent as a text.
    IntotoText,
    /// `intoto` 0.0.2: an envelope, sent as an object.
    IntotoObject,
}

impl V1Kind {
    /// The kind with this name and version, if it is one of these.
    pub fn find(kind: &str, version: &str) -> Option<Self> {
        match (kind, version) {
            ("hashedrekord", "0.0.1") => Some(Self::HashedRekord),
            ("dsse", "0.0.1") => Some(Self::Dsse),
            ("intoto", "0.0.1") => Some(Self::IntotoText),
            ("intoto", "0.0.2") => Some(Self::IntotoObject),
            _ => None,
        }
    }

    /// Checks that `body` is of this kind and states this signature with this key over this
    /// content.
    pub fn expect(
        self,
        body: &[u8],
        content: &BundleContent,
        signed: &SignedDigest,
    ) -> Result<(), EntryError> {
        let names = ["apiVersion", "kind", "spec"];
        let [version, kind, spec] = fields(json::parse(body)?, names, Unknown::Refuse)?;
        let kind = required(kind, "kind", "a kind", Value::string)?;
        let version = required(version, "apiVersion", "a version", Value::string)?;
        same(&Self::find(&kind, &version), &Some(self), "kind").map_err(|e| e.within("kind"))?;
        let verified = Verified { content, signed };
        required(spec, "spec", "the entry itself", |spec| match self {
            Self::HashedRekord => hashedrekord::expect(spec, &verified),
            Self::Dsse => dsse::expect(spec, &verified),
            Self::IntotoText => intoto::expect_text(spec, &verified),
            Self::IntotoObject => intoto::expect_object(spec, &verified),
        })
    }
}

#[cfg(test)]
mod tests;
