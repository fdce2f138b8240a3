//! `fasti upload`: adds a signature to the log, and verifies the log's answer. Entries of Rekor v1
//! go their own way (`proposal`).

mod known_log;
mod proposal;

use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{ArgGroup, Args};
use fasti::client::artifact::ArtifactFile;
use fasti::client::fetch::Location;
use fasti::client::private_key::PrivateKey;
use fasti::client::proven::to_transparency_log_entry;
use fasti::client::reader::ReadError;
use fasti::client::submit::{SubmitError, Submitted, submit};
use fasti::entry::{
    ArtifactDigest, Bundle, HashAlgorithm, SignedDigest, TransparencyLogEntry, VerifiableSignature,
    Verifier,
};
use fasti::verify::{Artifact as _, Logged, NamedDigest, Refusal, check_entry, digest_name};
use serde_json::json;
use tiles_spec::{BundleCoord, LeafIndex, TreeSize};

use crate::failure::{Failure, refused_if};
use crate::files::{self, Destination};
use crate::freshness::{Case, Freshness, FreshnessFlags};
use crate::globals::Globals;
use crate::memory::is_unreadable;
use crate::output::Output;
use crate::proposed::{Asked, Named, Parts, ProposalFlags};

#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["artifact", "artifact_hash", "entry"]))]
#[command(group = ArgGroup::new("how").required(true).multiple(true)
    .args(["signature", "private_key", "kind", "entry"]))]
pub struct Arguments {
    /// The artifact; only its digest is sent, unless --type names a kind that needs all of it
    ///
    /// What is at a URL is read over https, from this machine, or if --artifact-hash is given.
    #[arg(long, value_name = "FILE|URL", conflicts_with = "entry")]
    artifact: Option<PathBuf>,
    /// The artifact's digest, in hex, instead of the artifact; or the one that it must have
    #[arg(
        long,
        value_name = "[sha256:]HEX",
        alias = "artifact_hash",
        conflicts_with = "entry",
        value_parser = NamedDigest::named_or_not
    )]
    artifact_hash: Option<NamedDigest>,
    /// An existing signature: raw, in base64 or in hex; ECDSA also as the numbers r and s
    #[arg(long, value_name = "FILE|URL", requires = "public_key", conflicts_with = "private_key")]
    signature: Option<PathBuf>,
    /// The public key or X.509 certificate that verifies it (PEM or DER)
    ///
    /// Can be repeated for envelopes with several signatures.
    #[arg(long, value_name = "FILE|URL", alias = "public_key")]
    public_key: Vec<PathBuf>,
    /// Sign with this key first (PKCS #8, PEM)
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// Write a Sigstore bundle here, with everything that a verifier needs; it is verified first,
    /// which takes --vkey
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    proposal: ProposalFlags,
    /// Verify the answer with the keys of logs of Rekor v1 in this trusted_root.json
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

/// The log's answer, and what was verified of it.
struct Answer {
    index: LeafIndex,
    existed: bool,
    /// Missing if the log gave only the index, and the entry could not be looked up.
    entry: Option<TransparencyLogEntry>,
    verified: Option<Logged>,
}

pub async fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let is_for_v1 = arguments.is_for_v1()?;
    let parts = arguments.proposal.parts(globals, &arguments.named()).await?;
    if is_for_v1 {
        let proposed = arguments.proposal.proposed(&parts)?;
        let proposed = proposed.context("there is nothing to propose")?;
        let root = arguments.trusted_root.as_ref();
        return proposal::run(globals, &proposed, root, &arguments.freshness).await;
    }
    let Location::Http(url) = globals.location()? else {
        return Err(anyhow!("--log must be the URL of a writer to upload to").into());
    };
    let bundle = arguments.bundle.as_deref().map(Destination::prepare).transpose()?;
    let signed = signed(arguments, &parts)?;
    signed.verify().map_err(|error| Failure::Refused(error.into()))?;
    let leaf = signed.clone().into_entry().to_leaf();
    let leaf = leaf.map_err(|error| Failure::Refused(error.into()))?;

    expect_known_log(globals, arguments).await?;

    // Nothing is ever removed from a log, so all that can be checked was checked.
    let submitted =
        refused_if(submit(url, globals.redirects(), &signed).await, SubmitError::is_refusal)?;
    let answer = match submitted {
        Submitted::Logged { entry, existed } => answered(globals, &leaf, *entry, existed)?,
        Submitted::Exists(index) => look_up(globals, &leaf, index).await?,
    };
    if let (Some(bundle), Some(entry)) = (bundle, &answer.entry) {
        bundle.write(&Bundle::for_signed_digest(&signed, entry.clone()).to_json())?;
    }
    let output = output(globals, arguments, &answer);
    let Some(entry) = answer.entry.filter(|_| answer.verified.is_some()) else { return Ok(output) };
    Ok(match freshness(globals, arguments, &entry).await? {
        Some(fresh) => fresh.end(output, Case::Camel),
        None => output.warn([NOT_COMPARED.to_owned()]),
    })
}

const NOT_COMPARED: &str = "this tree was not compared with an earlier one: the log's tiles cannot \
                            be read at --log";

/// How new the tree of the log's answer is. `None` if it cannot be compared.
async fn freshness(
    globals: &Globals,
    arguments: &Arguments,
    entry: &TransparencyLogEntry,
) -> Result<Option<Freshness>, Failure> {
    let Some(proof) = &entry.inclusion_proof else { return Ok(None) };
    let trust = globals.trust()?;
    let checkpoint = trust.open(proof.checkpoint.as_bytes());
    let checkpoint = checkpoint.map_err(|refusal| Failure::Refused(refusal.into()))?;
    let fetch = globals.open(globals.location()?)?;
    match arguments.freshness.check(&fetch, &checkpoint, &trust).await {
        Err(Failure::Refused(error) | Failure::Broken(error)) if is_unreadable(&error) => Ok(None),
        checked => checked.map(Some),
    }
}

/// Checks that the log's answer can be verified, which a bundle takes.
async fn expect_known_log(globals: &Globals, arguments: &Arguments) -> Result<(), Failure> {
    if globals.names_keys() {
        return known_log::expect(globals).await;
    }
    if arguments.bundle.is_none() {
        return Ok(());
    }
    let words = "a bundle is only written if it was verified: give the log's verifier key with \
                 --vkey (or FASTI_VKEY). Nothing was submitted";
    Err(anyhow!(words).into())
}

impl Arguments {
    /// Whether an entry of Rekor v1 is uploaded. Refuses what only one of the two can have.
    fn is_for_v1(&self) -> anyhow::Result<bool> {
        let is_for_v1 =
            self.proposal.entry.is_some() || matches!(self.proposal.kind, Some(Asked::V1(..)));
        if is_for_v1 {
            let other = self.private_key.is_some() || self.bundle.is_some();
            ensure!(
                !other,
                "--private-key and --bundle are for entries of Rekor v2, without --type"
            );
        } else {
            ensure!(self.trusted_root.is_none(), "--trusted-root is for entries of Rekor v1");
            ensure!(self.public_key.len() < 2, "give one --public-key");
        }
        Ok(is_for_v1)
    }

    fn named(&self) -> Named<'_> {
        Named {
            artifact: self.artifact.as_deref(),
            digest: self.artifact_hash.as_ref(),
            signature: self.signature.as_deref(),
            keys: &self.public_key,
        }
    }
}

/// The signature to log, either given or made now.
fn signed(arguments: &Arguments, parts: &Parts) -> anyhow::Result<SignedDigest> {
    let material = parts.keys.first().map(|path| files::read_key(path)).transpose()?;
    let artifact = parts.artifact.as_ref().map(ArtifactFile::new);
    if let Some(path) = &arguments.private_key {
        let artifact = artifact.context("signing needs the artifact itself: give --artifact")?;
        let key = PrivateKey::open(path).with_context(|| path.display().to_string())?;
        let mut signed = key.sign(&artifact)?;
        if let Some(material) = material {
            // A certificate for the key is logged in its place.
            ensure!(
                material.public_key()? == *key.public_key(),
                "--public-key is not the public half of --private-key"
            );
            signed.signature.verifier = Verifier::new(material)?;
        }
        return Ok(signed);
    }
    let verifier = Verifier::new(material.context("give --public-key as well")?)?;
    let hash = verifier.public_key()?.algorithm().hash();
    let digest = match (artifact, &parts.digest) {
        (Some(artifact), _) => artifact
            .digest(hash)
            .with_context(|| format!("cannot read {}", artifact.path().display()))?,
        (None, Some(named)) => fitting(named, hash)?,
        (None, None) => bail!("give --artifact or --artifact-hash"),
    };
    let path = parts.signature.as_ref().context("give --signature or --private-key")?;
    let content = files::read_signature(path, &verifier.material)?;
    Ok(SignedDigest { digest, signature: VerifiableSignature { content, verifier } })
}

/// The digest, if it is by the hash that the key signs.
fn fitting(named: &NamedDigest, hash: HashAlgorithm) -> anyhow::Result<ArtifactDigest> {
    let digest = named.artifact_digest().filter(|digest| digest.algorithm() == hash);
    digest.with_context(|| {
        let (needed, given) = (digest_name(hash), named.name());
        format!("--artifact-hash: this key signs a {needed} digest, and that is {given}")
    })
}

/// Verifies the log's answer with the given keys. Without keys, nothing is verified, and the output
/// says so.
fn answered(
    globals: &Globals,
    leaf: &[u8],
    entry: TransparencyLogEntry,
    existed: bool,
) -> Result<Answer, Failure> {
    let index =
        LeafIndex::new(entry.log_index).context("the log answered with an impossible index")?;
    let verified = if globals.names_keys() {
        let checked = check_entry(&entry, leaf, &globals.trust()?);
        let checked = refused_if(checked, Refusal::is_verdict);
        Some(checked.map_err(|failure| match failure {
            Failure::Refused(error) => {
                Failure::Refused(error.context("the log's answer does not prove what it claims"))
            }
            broken @ Failure::Broken(_) => broken,
        })?)
    } else {
        None
    };
    Ok(Answer { index, existed, entry: Some(entry), verified })
}

/// Reads the entry from the log, which gave only its index.
async fn look_up(globals: &Globals, leaf: &[u8], index: LeafIndex) -> Result<Answer, Failure> {
    if !globals.names_keys() {
        return Ok(Answer { index, existed: true, entry: None, verified: None });
    }
    let mut view = globals.view().await?;
    let proven = refused_if(view.entry(index).await, ReadError::is_refusal)?;
    if proven.bytes != leaf {
        let error = anyhow!("the log says that the entry is at index {index}, but it is not");
        return Err(Failure::Refused(error));
    }
    let entry = to_transparency_log_entry(&proven, view.checkpoint())
        .map_err(|error| Failure::Refused(error.into()))?;
    answered(globals, leaf, entry, true)
}

fn output(globals: &Globals, arguments: &Arguments, answer: &Answer) -> Output {
    let size = answer.entry.as_ref().and_then(|entry| entry.inclusion_proof.as_ref());
    let size = size.and_then(|proof| TreeSize::new(proof.tree_size));
    let size = size.unwrap_or_else(|| answer.index.tree_size_after());
    let bundle = BundleCoord::holding(answer.index, size).map(|bundle| bundle.to_string());
    let log = globals.log.as_ref().map(ToString::to_string).unwrap_or_default();
    let location = format!("{log}/{}", bundle.unwrap_or_default());
    let index = answer.index;
    let what = if answer.existed {
        format!("Entry already exists; index {index}")
    } else {
        format!("Created entry at index {index}")
    };
    let mut lines = vec![format!("{what}, available at: {location}")];
    lines.push(match &answer.verified {
        Some(logged) => format!(
            "Verified: entry {} of the log {}, in its signed tree of {} with root hash {}",
            logged.index,
            logged.log.name(),
            logged.head.size,
            logged.head.root,
        ),
        None => "Nothing was verified: give --vkey (or set FASTI_VKEY) to the log's verifier key"
            .to_owned(),
    });
    lines.extend(arguments.bundle.iter().map(|path| format!("Bundle: {}", path.display())));
    let json = json!({
        "AlreadyExists": answer.existed,
        "Index": index.get(),
        "Location": location,
        "UUID": answer.verified.as_ref().map(|logged| logged.leaf.to_string()),
        "Verified": answer.verified.is_some(),
        "TreeSize": answer.verified.as_ref().map(|logged| logged.head.size.get()),
        "RootHash": answer.verified.as_ref().map(|logged| logged.head.root.to_string()),
    });
    Output::good(lines, json)
}
