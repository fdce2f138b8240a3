//! Proposals for Rekor v1: from flags and files to what is posted, and to the entry that it has to
//! become.
//!
//! Nothing is ever removed from a log. So a proposal is verified here as the log will do it, before
//! it is sent anywhere.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use fasti::client::artifact::ArtifactFile;
use fasti::entry::{ArtifactDigest, HashAlgorithm, SignedDigest};
use fasti::rekor_v1::{KINDS, Kind, Limits, MakeError, Material, Proposal, Setting, make};
use fasti::verify::{Artifact as _, NamedDigest};
use tempfile::TempDir;
use tiles_spec::{Hash, leaf_hash};

use crate::failure::Failure;
use crate::files;
use crate::globals::Globals;
use crate::inputs::{self, Inputs};

/// The maximum size of an artifact that is sent along, and of a proposal.
const ARTIFACT_BYTES_MAX: usize = 64 << 20;
/// The maximum size of a key or a signature. The root of a TUF repository counts as a key.
const KEY_BYTES_MAX: usize = 4 << 20;

/// What is proposed to a log of Rekor v1.
#[derive(Args)]
pub struct ProposalFlags {
    /// The kind of entry of Rekor v1, such as rekord or intoto:0.0.1; without it, what is uploaded
    /// is an entry of Rekor v2
    ///
    /// The kinds are alpine, cose, dsse, hashedrekord, helm, intoto, jar, rekord, rfc3161, rpm and
    /// tuf. The artifact is the package, envelope, message, provenance, timestamp or metadata
    /// itself. What has its signature inside needs no --signature; a root of TUF is given with
    /// --public-key.
    #[arg(long = "type", value_name = "KIND[:VERSION]", value_parser = Asked::parse)]
    pub kind: Option<Asked>,
    /// The format of signature and key, for kinds with several [default: x509]
    #[arg(long, value_name = "FORMAT", alias = "pki_format",
          value_parser = ["pgp", "minisign", "x509", "ssh"])]
    pki_format: Option<String>,
    /// What a COSE message was signed together with, in base64
    #[arg(long, value_name = "BASE64", requires = "kind")]
    aad: Option<String>,
    /// A whole proposal for Rekor v1, in JSON
    #[arg(long, value_name = "FILE|URL", conflicts_with_all = ["kind", "pki_format", "aad"])]
    pub entry: Option<PathBuf>,
}

/// A kind that is asked for by name.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The kind of Rekor v2 that a signature is logged as.
    Current,
    /// A kind of Rekor v1.
    V1(Kind, Option<String>),
}

/// What a proposal is made of, as the user names it: files, or URLs.
pub struct Named<'a> {
    /// The artifact.
    pub artifact: Option<&'a Path>,
    /// Its digest, instead or as well.
    pub digest: Option<&'a NamedDigest>,
    /// The signature.
    pub signature: Option<&'a Path>,
    /// The keys.
    pub keys: &'a [PathBuf],
}

/// The files that a proposal is made of.
pub struct Parts {
    /// The artifact.
    pub artifact: Option<PathBuf>,
    /// Its digest, instead or as well.
    pub digest: Option<NamedDigest>,
    /// The signature.
    pub signature: Option<PathBuf>,
    /// The keys.
    pub keys: Vec<PathBuf>,
    /// A whole proposal, instead of all that.
    entry: Option<PathBuf>,
    /// Holds the files that were at URLs.
    _downloaded: Option<TempDir>,
}

/// A proposal that a log can accept.
pub struct Proposed {
    /// What is posted.
    pub json: Vec<u8>,
    /// The entry that it becomes.
    pub body: Vec<u8>,
    /// The leaf hash of that.
    pub leaf: Hash,
}

impl Asked {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, version) = match text.split_once(':') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if (name, version) == (SignedDigest::KIND.name(), Some(SignedDigest::KIND.version())) {
            return Ok(Self::Current);
        }
        let Some(kind) = Kind::find(name) else {
            let names: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
            return Err(format!("there is no such kind; there are {}", names.join(", ")));
        };
        if version.is_some_and(|version| !kind.has_version(version)) {
            return Err(format!("{name} has no such version"));
        }
        Ok(Self::V1(kind, version.map(str::to_owned)))
    }
}

impl ProposalFlags {
    /// Reads what is at URLs. An artifact must have the digest that is given for it.
    pub async fn parts(&self, globals: &Globals, named: &Named<'_>) -> Result<Parts, Failure> {
        let Named { artifact, digest, signature, keys } = *named;
        let mut inputs = Inputs::new(globals);
        let (small, large) = (KEY_BYTES_MAX as u64, 2 * ARTIFACT_BYTES_MAX as u64);
        let keys = inputs.all(keys, small).await?;
        let signature = inputs.one(signature, small, None).await?;
        let entry = inputs.one(self.entry.as_deref(), large, None).await?;
        let artifact = inputs.one(artifact, inputs::ARTIFACT_BYTES_MAX, digest).await?;
        let digest = digest.cloned();
        Ok(Parts { artifact, digest, signature, keys, entry, _downloaded: inputs.downloaded() })
    }

    /// The proposal, if one for Rekor v1 is asked for.
    pub fn proposed(&self, parts: &Parts) -> Result<Option<Proposed>, Failure> {
        let json = match (&parts.entry, &self.kind) {
            (Some(path), _) => files::read(path, 2 * ARTIFACT_BYTES_MAX)?,
            (None, Some(Asked::V1(kind, version))) => {
                self.made(*kind, version.as_deref(), parts)?
            }
            (None, Some(Asked::Current) | None) => return Ok(None),
        };
        Proposed::of(json).map(Some)
    }

    fn made(&self, kind: Kind, version: Option<&str>, parts: &Parts) -> Result<Vec<u8>, Failure> {
        let read_key = |path: &PathBuf| files::read(path, KEY_BYTES_MAX);
        let keys: Vec<_> = parts.keys.iter().map(read_key).collect::<Result<_, _>>()?;
        let signature = parts.signature.as_deref();
        let signature = signature.map(|path| self.signature(path, parts)).transpose()?;
        let aad = self.aad.as_ref().map(|text| STANDARD.decode(text)).transpose();
        let aad = aad.context("--aad is not base64")?;
        let (artifact, digest) = match (&parts.artifact, &parts.digest) {
            _ if kind.takes_digest() => (None, Some(digest(parts)?)),
            (Some(path), _) => (Some(files::read(path, ARTIFACT_BYTES_MAX)?), None),
            (None, Some(_)) => {
                return Err(
                    anyhow!("this kind of entry needs the artifact: give --artifact").into()
                );
            }
            (None, None) => (None, None),
        };
        let material = Material {
            artifact: artifact.as_deref(),
            digest,
            signature: signature.as_deref(),
            keys: &keys,
            format: self.pki_format.as_deref(),
            aad: aad.as_deref(),
        };
        make(kind, version, &material).map_err(|error| match error {
            MakeError::Kind(error) => refused(error),
            error => {
                anyhow!(error).context(format!("cannot make an entry of {}", kind.name())).into()
            }
        })
    }

    /// A signature as it is in the file; one of X.509 can also be in base64 or hex there.
    fn signature(&self, path: &Path, parts: &Parts) -> anyhow::Result<Vec<u8>> {
        let bytes = files::read(path, KEY_BYTES_MAX)?;
        let is_text = bytes.iter().all(|byte| byte.is_ascii_graphic() || b" \r\n".contains(byte));
        if is_text
            && self.pki_format.as_ref().is_none_or(|format| format == "x509")
            && let [key] = parts.keys.as_slice()
            && let Ok(material) = files::read_key(key)
        {
            return files::read_signature(path, &material);
        }
        Ok(bytes)
    }
}

impl Proposed {
    /// Verifies a proposal.
    fn of(json: Vec<u8>) -> Result<Self, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let setting = Setting { limits: Limits::default(), now };
        let accepted = Proposal::parse(&json).and_then(|proposal| proposal.accept(&setting));
        let body = accepted.map_err(refused)?.into_body();
        Ok(Self { leaf: leaf_hash(&body), json, body })
    }
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Refused(anyhow!(error).context("nothing was sent: no log would accept this"))
}

/// The digest of the artifact, by the hash that the key signs.
fn digest(parts: &Parts) -> anyhow::Result<ArtifactDigest> {
    match (&parts.artifact, &parts.digest) {
        (Some(path), _) => {
            let material = parts.keys.first().and_then(|path| files::read_key(path).ok());
            let key = material.and_then(|material| material.public_key().ok());
            let hash = key.map_or(HashAlgorithm::Sha256, |key| key.algorithm().hash());
            let digest = ArtifactFile::new(path).digest(hash);
            digest.with_context(|| format!("cannot read {}", path.display()))
        }
        (None, Some(named)) => named
            .artifact_digest()
            .with_context(|| format!("--artifact-hash: entries have no {} digests", named.name())),
        (None, None) => bail!("give --artifact or --artifact-hash"),
    }
}
