//! A request to the log, `dev.sigstore.rekor.v2.CreateEntryRequest`: the body of
//! `POST /api/v2/log/entries`, and the message of the gRPC method `CreateEntry`.

use super::algorithm::KeyDetails;
use super::canonical::{CanonicalEntry, EntryKind, dsse_leaf, hashedrekord_leaf};
use super::dsse::DsseRequest;
use super::error::EntryError;
use super::hashedrekord::HashedRekord;
use super::json::{self, Value};
use super::key::PublicKey;
use super::protobuf;
use super::protojson::{Unknown, fields, optional};
use super::verifier::KeyMaterial;

/// A well-formed request. Its signatures are verified by [`Submission::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// `hashedRekordRequestV002`
    HashedRekord(HashedRekord),
    /// `dsseRequestV002`, which Rekor v2 has retired
    Dsse(DsseRequest),
}

const HASHED_REKORD: &str = "hashedRekordRequestV002";
const DSSE: &str = "dsseRequestV002";

impl Submission {
    /// Parses the JSON. The caller bounds the length of `body`.
    pub fn parse(body: &[u8]) -> Result<Self, EntryError> {
        Self::from_value(json::parse(body)?)
    }

    /// Parses the protobuf encoding. The caller bounds the length of `message`.
    pub fn parse_protobuf(message: &[u8]) -> Result<Self, EntryError> {
        Self::from_value(protobuf::parse(&protobuf::CREATE_ENTRY_REQUEST, message)?)
    }

    fn from_value(request: Value<'_>) -> Result<Self, EntryError> {
        let [hashed_rekord, dsse] = fields(request, [HASHED_REKORD, DSSE], Unknown::Refuse)?;
        match (
            optional(hashed_rekord, HASHED_REKORD, HashedRekord::from_request)?,
            optional(dsse, DSSE, DsseRequest::from_request)?,
        ) {
            (Some(request), None) => Ok(Self::HashedRekord(request)),
            (None, Some(request)) => Ok(Self::Dsse(request)),
            (None, None) => {
                Err(EntryError::Missing { expected: "a hashedrekord request" }
                    .within(HASHED_REKORD))
            }
            (Some(_), Some(_)) => Err(EntryError::Conflict { first: HASHED_REKORD, second: DSSE }),
        }
    }

    /// Verifies every signature and returns the entry to log. This takes as long as verifying one
    /// signature for a hashedrekord, and at most a hundred for a DSSE envelope.
    pub fn verify(&self) -> Result<CanonicalEntry, EntryError> {
        // Sizes first, as that check is cheaper.
        self.expect_modest()?;
        match self {
            Self::HashedRekord(request) => {
                let leaf = hashedrekord_leaf(request)?;
                request.verify().map_err(|e| e.within(HASHED_REKORD))?;
                Ok(CanonicalEntry::of_verified(EntryKind::HashedRekord, leaf))
            }
            Self::Dsse(request) => {
                let entry = request.verify().map_err(|e| e.within(DSSE))?;
                Ok(CanonicalEntry::of_verified(EntryKind::Dsse, dsse_leaf(&entry)?))
            }
        }
    }

    /// Rejects certificates that are larger, or have more names, than the log accepts. Entries
    /// already in the log are read whatever their size.
    pub fn expect_modest(&self) -> Result<(), EntryError> {
        let mut names = 0;
        match self {
            Self::HashedRekord(HashedRekord { signature, .. }) => signature
                .verifier
                .material
                .expect_modest(&mut names)
                .map_err(|e| e.within("verifier").within("signature").within(HASHED_REKORD)),
            Self::Dsse(request) => request.verifiers.iter().enumerate().try_for_each(|(n, one)| {
                let modest = one.material.expect_modest(&mut names);
                modest.map_err(|e| e.within_index(n).within("verifiers").within(DSSE))
            }),
        }
    }

    /// The kind of entry that it requests.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::HashedRekord(_) => EntryKind::HashedRekord,
            Self::Dsse(_) => EntryKind::Dsse,
        }
    }

    /// The signers that the request claims: each key with the material it came in. Nothing is
    /// verified.
    pub fn signers(&self) -> Result<Vec<(PublicKey, &KeyMaterial)>, EntryError> {
        match self {
            Self::HashedRekord(request) => {
                let verifier = &request.signature.verifier;
                let key = verifier.public_key().map_err(|e| e.within("verifier"));
                let key = key.map_err(|e| e.within("signature").within(HASHED_REKORD))?;
                Ok(vec![(key, &verifier.material)])
            }
            Self::Dsse(request) => {
                let keys = request.keys().map_err(|e| e.within(DSSE))?;
                let materials = request.verifiers.iter().map(|verifier| &verifier.material);
                Ok(keys.into_iter().zip(materials).collect())
            }
        }
    }

    /// The algorithms of its signatures, for logs that admit only some of them.
    pub fn key_details(&self) -> Vec<KeyDetails> {
        match self {
            Self::HashedRekord(request) => vec![request.signature.verifier.key_details],
            Self::Dsse(request) => {
                request.verifiers.iter().map(|verifier| verifier.key_details).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
