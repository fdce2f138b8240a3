//! `fasti verify`: verifies offline, from a bundle or proof file and keys that the user trusts; or
//! that a log has an entry (`in_log`).

mod artifacts;
mod in_log;
mod predicate;
mod verdict;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgGroup, Args};
use fasti::client::keys::{KEY_FILE_BYTES_MAX, read_certificates};
use fasti::client::window::Window;
use fasti::entry::{Bundle, KeyMaterial};
use fasti::verify::{
    self, Artifact, Demand, Detached, NamedDigest, Refusal, TimestampAuthority, TrustedRoot,
    Verdict,
};
use fasti::x509::{IdentityKind, NamePattern, Pattern, PatternError};
use tiles_spec::{TLOG_PROOF_BYTES_MAX, TlogProof};

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::freshness::FreshnessFlags;
use crate::globals::Globals;
use crate::moment;
use crate::output::Output;
use crate::proposed;
use crate::runtime::runtime;
use crate::still_there::compare;

use artifacts::{Given, Named};
use in_log::InLogFlags;
use verdict::Show;

/// The maximum size of a bundle, in bytes. An envelope's payload can be large.
const BUNDLE_BYTES_MAX: usize = 64 << 20;

#[derive(Args)]
#[command(group = ArgGroup::new("from").required(true)
    .args(["bundle", "proof", "uuid", "log_index", "kind", "entry"]))]
#[command(group = ArgGroup::new("detached").args(["proof", "kind"]))]
#[command(group = ArgGroup::new("what").multiple(true).args(["artifact", "artifact_hash"]))]
#[command(group = ArgGroup::new("in_log").args(["uuid", "log_index", "kind", "entry"])
    .conflicts_with_all([
        "certificate_identity", "certificate_identity_regexp", "certificate_oidc_issuer",
        "certificate_oidc_issuer_regexp", "any_signer", "ca_roots", "tsa_roots", "predicate_type",
        "show_predicate", "allow_untimed_certificate", "allow_unlogged_certificate",
    ]))]
#[command(group = ArgGroup::new("who").multiple(true).args([
    "public_key", "certificate_identity", "certificate_identity_regexp", "any_signer",
]))]
#[command(group = ArgGroup::new("identity")
    .args(["certificate_identity", "certificate_identity_regexp"]).requires("issuer"))]
#[command(group = ArgGroup::new("issuer")
    .args(["certificate_oidc_issuer", "certificate_oidc_issuer_regexp"]))]
pub struct Arguments {
    /// The artifact: a file, all files in a directory, or a digest such as sha256:HEX; can be left
    /// out for a bundle with an envelope
    ///
    /// Can be repeated: each artifact must verify. The digest of a subject of a statement can be by
    /// any algorithm, under the name that it has there, such as gitCommit:HEX. A file with such a
    /// name is ./sha256:... For an entry of a --type, a URL will do too, as with `fasti upload`.
    #[arg(long, value_name = "FILE|DIR|ALGORITHM:HEX",
          value_parser = OsStringValueParser::new().try_map(Named::parse))]
    artifact: Vec<Named>,
    /// The artifact's digest, in hex: SHA-256, SHA-384 or SHA-512 by its length
    #[arg(long, value_name = "[ALGORITHM:]HEX", alias = "artifact_hash",
          value_parser = NamedDigest::named_or_not)]
    artifact_hash: Vec<NamedDigest>,
    /// The Sigstore bundle, or a file with several, of which one must verify
    #[arg(long, value_name = "FILE", requires = "who")]
    bundle: Option<PathBuf>,
    /// The proof, instead of a bundle
    #[arg(long, value_name = "FILE.tlog-proof", requires = "what", requires = "who")]
    proof: Option<PathBuf>,
    /// The signature, for a proof that does not contain the entry and for entries of a --type: raw,
    /// in base64 or in hex
    #[arg(long, value_name = "FILE", requires = "detached", requires = "public_key")]
    signature: Option<PathBuf>,
    /// Require this public key (or the key of this certificate)
    ///
    /// Can be repeated for entries of a --type with several signatures.
    #[arg(long, value_name = "FILE", alias = "public_key")]
    public_key: Vec<PathBuf>,
    /// Trust the logs and authorities of this trusted_root.json
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Trust these certificate authorities (PEM): those whose issuer is not in the file as anchors,
    /// the others below them
    #[arg(long, value_name = "FILE")]
    ca_roots: Option<PathBuf>,
    /// Trust this timestamp authority, by its certificates (PEM): its root, those between, and its
    /// signer's if timestamps do not bring it along
    ///
    /// Can be repeated.
    #[arg(long, value_name = "FILE")]
    tsa_roots: Vec<PathBuf>,
    /// Require this identity in the signer's certificate: an email address, URI, host name, IP
    /// address or user name
    ///
    /// The name must have the form of its kind, so that no name of another kind can pass for it.
    #[arg(long, value_name = "NAME")]
    certificate_identity: Option<String>,
    /// Require an identity that matches this regular expression as a whole
    #[arg(long, value_name = "EXPRESSION")]
    certificate_identity_regexp: Option<String>,
    /// Require that the identity is of this kind: email, uri, dns, ip or username
    #[arg(long, value_name = "KIND", requires = "identity")]
    certificate_identity_kind: Option<IdentityKind>,
    /// Require that this OIDC issuer vouched for the identity; an empty one for a certificate that
    /// names none
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,
    /// Require an OIDC issuer that matches this regular expression as a whole; '.*' for any
    #[arg(long, value_name = "EXPRESSION")]
    certificate_oidc_issuer_regexp: Option<String>,
    /// Accept a certificate although no trusted time shows that it was valid when it was used
    #[arg(long)]
    allow_untimed_certificate: bool,
    /// Accept a certificate of the trusted root's authorities although it has no promise of the
    /// trusted root's certificate logs (an SCT)
    #[arg(long)]
    allow_unlogged_certificate: bool,
    /// Accept any signer, or none if the entry is the artifact itself; the verdict begins with who
    /// it was
    #[arg(long, conflicts_with_all = [
        "public_key", "certificate_identity", "certificate_identity_regexp",
    ])]
    any_signer: bool,
    /// Require that trusted witnesses saw the entry in the log by this time: RFC 3339, a date, or
    /// seconds since 1970
    ///
    /// With --policy they must be enough for it. `fasti prove --at` makes such proofs.
    #[arg(long, value_name = "TIME", value_parser = moment::parse, conflicts_with = "in_log")]
    at: Option<u64>,
    #[command(flatten)]
    predicate: PredicateFlags,
    #[command(flatten)]
    in_log: InLogFlags,
    #[command(flatten)]
    freshness: FreshnessFlags,
}

#[derive(Args)]
struct PredicateFlags {
    /// Require an in-toto statement whose predicate is of exactly this type
    #[arg(long, value_name = "URI", conflicts_with = "proof")]
    predicate_type: Option<String>,
    /// Print the statement's predicate, which is not checked
    #[arg(long, conflicts_with = "proof")]
    show_predicate: bool,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    if arguments.in_log.is_asked() {
        return runtime()?.block_on(run_in_log(globals, arguments));
    }
    let trusted = trusted(globals, arguments)?;
    if arguments.public_key.len() > 1 {
        return Err(anyhow!("give one --public-key").into());
    }
    let key = arguments.public_key.first().map(|path| files::read_key(path)).transpose()?;
    let demand = Demand {
        public_key: key
            .as_ref()
            .map(KeyMaterial::public_key)
            .transpose()
            .context("cannot use the key given with --public-key")?,
        identity: arguments.identity().context("--certificate-identity-regexp")?,
        oidc_issuer: arguments.issuer().context("--certificate-oidc-issuer-regexp")?,
        allow_untimed_certificate: arguments.allow_untimed_certificate,
        allow_unlogged_certificate: arguments.allow_unlogged_certificate,
        logged_by: arguments.at,
        predicate_type: arguments.predicate.predicate_type.clone(),
    };
    let evidence = Evidence::read(arguments, key)?;
    let judge = |artifact: Option<&dyn Artifact>| evidence.judge(artifact, &trusted, &demand);
    let given =
        artifacts::list(&arguments.artifact, &arguments.artifact_hash, arguments.evidence_path()?)?;
    let show =
        Show { any_signer: arguments.any_signer, predicate: arguments.predicate.show_predicate };
    let verdicts = match given.as_slice() {
        [] => vec![(None, judge(None))],
        given => {
            let judged = |given: &'_ Given| judge(Some(&*given.artifact));
            given.iter().map(|given| (Some(given.name.as_str()), judged(given))).collect()
        }
    };
    let good = verdicts.iter().filter_map(|(_, judged)| judged.as_ref().ok());
    let logged: Vec<_> = good.flat_map(|verdict| verdict.logged.clone()).collect();
    let is_verified = verdicts.iter().any(|(_, judged)| judged.is_ok());
    let output = match <[_; 1]>::try_from(verdicts) {
        Ok([(name, judged)]) => show.one(name, &refused_if(judged, Refusal::is_verdict)?),
        Err(several) => show.several(several),
    };
    if !globals.is_log_named || !is_verified {
        return Ok(output);
    }
    runtime()?.block_on(compare(globals, &arguments.freshness, &trusted.trust, &logged, output))
}

/// Verifies that the log has an entry.
async fn run_in_log(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let (mut artifact, mut digest) = (None, None);
    for named in &arguments.artifact {
        match named {
            Named::Path(path) => artifact = Some(path.as_path()),
            Named::Digest(named) => digest = Some(named),
        }
    }
    // A digest can be the one that the artifact must have.
    let digests = usize::from(digest.is_some()) + arguments.artifact_hash.len();
    digest = digest.or(arguments.artifact_hash.first());
    if arguments.artifact.len() > 1 || digests > 1 {
        return Err(anyhow!("an entry is about one artifact: give one").into());
    }
    let signature = arguments.signature.as_deref();
    let parts = proposed::Named { artifact, digest, signature, keys: &arguments.public_key };
    let (root, freshness) = (arguments.trusted_root.as_ref(), &arguments.freshness);
    in_log::run(globals, &arguments.in_log, &parts, root, freshness).await
}

/// What shows that something was logged.
enum Evidence {
    Bundles(Vec<Bundle>),
    Proof(Box<TlogProof>, Option<Detached>),
}

impl Evidence {
    fn judge(
        &self,
        artifact: Option<&dyn Artifact>,
        trusted: &TrustedRoot,
        demand: &Demand,
    ) -> Result<Verdict, Refusal> {
        match self {
            Self::Bundles(bundles) => verify::any_bundle(bundles, artifact, trusted, demand),
            Self::Proof(proof, detached) => {
                let artifact = artifact.ok_or(Refusal::NoArtifact)?;
                verify::tlog_proof(proof, artifact, detached.as_ref(), trusted, demand)
            }
        }
    }

    fn read(arguments: &Arguments, key: Option<KeyMaterial>) -> Result<Self, Failure> {
        if let Some(path) = &arguments.bundle {
            let json = files::read(path, BUNDLE_BYTES_MAX)?;
            let bundles = Bundle::parse_all(&json).map_err(|error| {
                Failure::Refused(anyhow!(error).context(format!("{}", path.display())))
            })?;
            return Ok(Self::Bundles(bundles));
        }
        let path = arguments.evidence_path()?;
        let proof = files::read(path, TLOG_PROOF_BYTES_MAX)?;
        let proof = TlogProof::parse(&proof).map_err(|error| {
            Failure::Refused(anyhow!(error).context(format!("{}", path.display())))
        })?;
        let detached = match (&arguments.signature, key) {
            (Some(path), Some(material)) => {
                let signature = files::read_signature(path, &material)?;
                Some(Detached { signature, material })
            }
            _ => None,
        };
        Ok(Self::Proof(Box::new(proof), detached))
    }
}

impl Arguments {
    /// The file with the bundles or the proof.
    fn evidence_path(&self) -> anyhow::Result<&Path> {
        self.bundle.as_deref().or(self.proof.as_deref()).context("give --bundle or --proof")
    }

    fn identity(&self) -> Result<Option<NamePattern>, PatternError> {
        let kind = self.certificate_identity_kind;
        match (&self.certificate_identity, &self.certificate_identity_regexp) {
            (Some(name), _) => Ok(Some(NamePattern::exact(kind, name))),
            (None, Some(expression)) => NamePattern::regex(kind, expression).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn issuer(&self) -> Result<Option<Pattern>, PatternError> {
        match (&self.certificate_oidc_issuer, &self.certificate_oidc_issuer_regexp) {
            (Some(url), _) => Ok(Some(Pattern::exact(url))),
            (None, Some(expression)) => Pattern::regex(expression).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn trusted(globals: &Globals, arguments: &Arguments) -> anyhow::Result<TrustedRoot> {
    let mut trusted = globals.trusted_root(arguments.trusted_root.as_ref())?;
    if let Some(path) = &arguments.ca_roots {
        trusted.authorities.push(files::read_authority(path)?);
    }
    for path in &arguments.tsa_roots {
        let name = || path.display().to_string();
        let pem = files::read(path, KEY_FILE_BYTES_MAX)?;
        let certificates = read_certificates(&pem).with_context(name)?;
        let authority = TimestampAuthority::new(&certificates, Window::default());
        trusted.timestamp_authorities.push(authority.with_context(name)?);
    }
    Ok(trusted)
}
