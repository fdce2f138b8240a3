//! What a submitter has: an artifact, and perhaps a signature and keys.

use fasti_x509::ArtifactDigest;

use super::error::KindError;

/// What a proposal is made of. Each kind takes some of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Material<'a> {
    /// What is signed: a file, a package, an envelope, a message.
    pub artifact: Option<&'a [u8]>,
    /// Its digest, for a kind that [takes no more](super::Kind::takes_digest).
    pub digest: Option<ArtifactDigest>,
    /// The signature, if it is not inside.
    pub signature: Option<&'a [u8]>,
    /// The keys or certificates; for metadata of TUF, its root.
    pub keys: &'a [Vec<u8>],
    /// The format of signature and key, for kinds with several; X.509 if it is missing.
    pub format: Option<&'a str>,
    /// What a COSE message was signed together with.
    pub aad: Option<&'a [u8]>,
}

/// Why no proposal can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// Something is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The kind takes one key.
    #[error("this kind of entry takes one key, and there are {0}")]
    Keys(usize),
    /// The kind has no such version.
    #[error("there is no such version of this kind of entry")]
    Version,
    /// The kind takes keys of another format.
    #[error("this kind of entry takes keys of the format x509 only")]
    Format,
    /// Not text.
    #[error("the envelope is not text")]
    Text,
    /// What is there does not fit together.
    #[error(transparent)]
    Kind(#[from] KindError),
}

impl<'a> Material<'a> {
    /// The artifact.
    pub(crate) fn artifact(&self) -> Result<&'a [u8], MakeError> {
        self.artifact.ok_or(MakeError::Missing("the artifact"))
    }

    /// The artifact, which is text.
    pub(crate) fn text(&self) -> Result<&'a str, MakeError> {
        std::str::from_utf8(self.artifact()?).map_err(|_| MakeError::Text)
    }

    /// The signature.
    pub(crate) fn signature(&self) -> Result<&'a [u8], MakeError> {
        self.signature.ok_or(MakeError::Missing("the signature"))
    }

    /// The only key.
    pub(crate) fn key(&self) -> Result<&'a [u8], MakeError> {
        match self.keys {
            [key] => Ok(key),
            [] => Err(MakeError::Missing("the public key")),
            keys => Err(MakeError::Keys(keys.len())),
        }
    }

    /// The format of signature and key.
    pub(crate) fn format(&self) -> &'a str {
        self.format.unwrap_or("x509")
    }
}
