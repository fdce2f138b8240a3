//! A request to the log, `dev.sigstore.rekor.v2.CreateEntryRequest`: the body of
//! `POST /api/v2/log/entries`, and the message of the gRPC method `CreateEntry`.

use fasti_x509::PublicKey;

use super::canonical::CanonicalEntry;
use super::error::EntryError;
use super::json::{self, Value};
use super::kind::{REQUESTS, Submission, TABLE};
use super::pki::KeyMaterial;
use super::protobuf::{self, Message};
use super::protojson::{Unknown, fields};

/// `dev.sigstore.rekor.v2.CreateEntryRequest`
pub(super) const CREATE_ENTRY_REQUEST: Message = Message { fields: &REQUESTS };

impl Submission {
    /// Parses the JSON. The caller bounds the length of `body`.
    pub fn parse(body: &[u8]) -> Result<Self, EntryError> {
        Self::from_value(json::parse(body)?)
    }

    /// Parses the protobuf encoding. The caller bounds the length of `message`.
    pub fn parse_protobuf(message: &[u8]) -> Result<Self, EntryError> {
        Self::from_value(protobuf::parse(&CREATE_ENTRY_REQUEST, message)?)
    }

    fn from_value(request: Value<'_>) -> Result<Self, EntryError> {
        let names = REQUESTS.map(|field| field.name);
        let mut found: Option<(Self, &'static str)> = None;
        let requests = TABLE.iter().filter(|row| row.request.is_some());
        for ((row, name), value) in
            requests.zip(names).zip(fields(request, names, Unknown::Refuse)?)
        {
            let Some(value) = value else { continue };
            let submission = row.kind.parse_request(value).map_err(|e| e.within(name))?;
            if let Some((_, first)) = found {
                return Err(EntryError::Conflict { first, second: name });
            }
            found = Some((submission, name));
        }
        // The first kind is the usual one.
        let missing = || EntryError::Missing { expected: TABLE[0].wanted }.within(names[0]);
        found.map(|(submission, _)| submission).ok_or_else(missing)
    }

    /// Verifies every signature and returns the entry to log. How long this takes depends on the
    /// [`cost`](Self::cost): as long as verifying one signature, or at most a hundred.
    pub fn verify(&self) -> Result<CanonicalEntry, EntryError> {
        // Sizes first, as that check is cheaper.
        self.expect_modest()?;
        Ok(CanonicalEntry::of_verified(self.kind(), self.verified_leaf()?))
    }

    /// Rejects certificates that are larger, or have more names, than the log accepts. Entries
    /// already in the log are read whatever their size.
    pub fn expect_modest(&self) -> Result<(), EntryError> {
        let mut names = 0;
        self.verifiers().iter().enumerate().try_for_each(|(index, verifier)| {
            let modest = verifier.material.expect_modest(&mut names);
            modest.map_err(|e| self.at_verifier(e, index))
        })
    }

    /// The signers that the request claims: each key with the material it came in. Nothing is
    /// verified. Requests that are signed with keys of another family than X.509 have none.
    pub fn signers(&self) -> Result<Vec<(PublicKey, &KeyMaterial)>, EntryError> {
        let signers = self.verifiers().iter().enumerate().map(|(index, verifier)| {
            let key = verifier.public_key().map_err(|e| self.at_verifier(e, index))?;
            Ok((key, &verifier.material))
        });
        signers.collect()
    }

    fn at_verifier(&self, error: EntryError, index: usize) -> EntryError {
        let row = self.kind().row();
        let error = (row.at_verifier)(error, index);
        match row.request {
            Some(request) => error.within(request.name),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests;
