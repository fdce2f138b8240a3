//! Revisions: manifests with what vouches for them, as files.
//!
//! Each revision of an index is a leaf of a small tiled log of its own, whose origin is `<origin of
//! the log>/lookup`. Two kinds of files hold manifests:
//! - `lookup/revision/<n>`: the manifest, and the log's own signed checkpoint of its size or, while
//!   an index catches up, of a larger one. It is created once, and makes the manifest leaf `n`.
//! - `lookup/latest`: the newest revision in the same form, with the inclusion proof of its leaf in
//!   the lookup log and that log's checkpoint (a C2SP tlog-proof). A client needs nothing else.
//!
//! A file is a line with the lengths of its parts, followed by the parts. Nothing in it is
//! verified.

use thiserror::Error;
use tiles_spec::checkpoint::{CHECKPOINT_BYTES_MAX, Origin, OriginError};
use tiles_spec::size::parse_decimal;
use tiles_spec::tlog_proof::{TLOG_PROOF_BYTES_MAX, TlogProof, TlogProofError};

use crate::manifest::{MANIFEST_BYTES_MAX, Manifest, ManifestError};

/// Maximum size of a revision file in bytes.
pub const REVISION_BYTES_MAX: usize = LINE_BYTES_MAX + MANIFEST_BYTES_MAX + CHECKPOINT_BYTES_MAX;
/// Maximum size of `lookup/latest` in bytes.
pub const LATEST_BYTES_MAX: usize = REVISION_BYTES_MAX + TLOG_PROOF_BYTES_MAX;

const REVISION: &str = "fasti/lookup-revision-file/v1";
const LATEST: &str = "fasti/lookup-latest/v1";
const LINE_BYTES_MAX: usize = 128;

/// A manifest, and a checkpoint that its tree belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionFile {
    /// The manifest.
    pub manifest: Manifest,
    /// The log's signed checkpoint, byte for byte.
    pub checkpoint: Vec<u8>,
}

/// The newest revision, and the proof that it is a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatestFile {
    /// The revision.
    pub revision: RevisionFile,
    /// The proof of its leaf in the lookup log.
    pub proof: TlogProof,
}

/// Why bytes are not a revision file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RevisionError {
    /// Longer than the maximum.
    #[error("file of {0} bytes, more than a revision of an index can have")]
    TooLong(usize),
    /// The first line does not have the expected format.
    #[error("file does not begin with {0:?} and the lengths of its parts")]
    Header(&'static str),
    /// The length of the file contradicts its first line.
    #[error("file is not as long as its first line says")]
    Length,
    /// The manifest is malformed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The proof is malformed.
    #[error("malformed proof of the revision")]
    Proof(#[from] TlogProofError),
}

/// The origin of the log of an index's revisions.
pub fn lookup_origin(origin: &Origin) -> Result<Origin, OriginError> {
    format!("{origin}/lookup").parse()
}

impl RevisionFile {
    /// Parses a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, RevisionError> {
        let [manifest, checkpoint] = split(bytes, REVISION, REVISION_BYTES_MAX)?;
        Ok(Self { manifest: Manifest::parse(manifest)?, checkpoint: checkpoint.to_vec() })
    }

    /// Encodes the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        join(REVISION, [&self.manifest.to_bytes(), &self.checkpoint])
    }
}

impl LatestFile {
    /// Parses a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, RevisionError> {
        let [manifest, checkpoint, proof] = split(bytes, LATEST, LATEST_BYTES_MAX)?;
        let manifest = Manifest::parse(manifest)?;
        let revision = RevisionFile { manifest, checkpoint: checkpoint.to_vec() };
        Ok(Self { revision, proof: TlogProof::parse(proof)? })
    }

    /// Encodes the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let RevisionFile { manifest, checkpoint } = &self.revision;
        join(LATEST, [&manifest.to_bytes(), checkpoint, &self.proof.to_bytes()])
    }
}

fn join<const N: usize>(format: &str, parts: [&Vec<u8>; N]) -> Vec<u8> {
    let lengths = parts.map(|part| format!(" {}", part.len())).concat();
    let mut bytes = format!("{format}{lengths}\n").into_bytes();
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

fn split<'a, const N: usize>(
    bytes: &'a [u8],
    format: &'static str,
    max: usize,
) -> Result<[&'a [u8]; N], RevisionError> {
    if bytes.len() > max {
        return Err(RevisionError::TooLong(bytes.len()));
    }
    let end = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n');
    let (line, mut rest) = bytes.split_at(end.ok_or(RevisionError::Header(format))?);
    let line = std::str::from_utf8(line).map_err(|_| RevisionError::Header(format))?;
    let lengths = line.strip_prefix(format).ok_or(RevisionError::Header(format))?;
    let lengths: Option<Vec<usize>> = lengths
        .split(' ')
        .skip(1)
        .map(|length| parse_decimal(length).ok().and_then(|length| length.try_into().ok()))
        .collect();
    let lengths =
        lengths.filter(|lengths| lengths.len() == N && line.starts_with(&format!("{format} ")));
    let lengths = lengths.ok_or(RevisionError::Header(format))?;
    rest = &rest[1..];
    let mut parts = [&bytes[..0]; N];
    for (part, length) in parts.iter_mut().zip(lengths) {
        (*part, rest) = rest.split_at_checked(length).ok_or(RevisionError::Length)?;
    }
    if rest.is_empty() { Ok(parts) } else { Err(RevisionError::Length) }
}

#[cfg(test)]
mod tests;
