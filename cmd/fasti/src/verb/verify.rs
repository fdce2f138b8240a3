//! `fasti verify`: verifies offline, from a bundle or proof file and keys that the user trusts.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{ArgGroup, Args};
use fasti::client::artifact::ArtifactFile;
use fasti::client::keys::{KEY_FILE_BYTES_MAX, read_certificates, read_signature};
use fasti::client::window::Window;
use fasti::entry::Bundle;
use fasti::verify::{
    self, Artifact, CertificateLogged, Demand, Detached, LoggedV1, Refusal, TimestampAuthority,
    TrustedRoot, Verdict,
};
use fasti::x509::{IdentityKind, NamePattern, Pattern, PatternError};
use serde_json::{Value, json};
use tiles_spec::{LeafIndex, TLOG_PROOF_BYTES_MAX, TlogProof};

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::freshness::FreshnessFlags;
use crate::globals::Globals;
use crate::output::Output;
use crate::runtime;
use crate::still_there::compare;

/// The maximum size of a bundle, in bytes. An envelope's payload can be large.
const BUNDLE_BYTES_MAX: usize = 64 << 20;

#[derive(Args)]
#[command(group = ArgGroup::new("from").required(true).args(["bundle", "proof"]))]
#[command(group = ArgGroup::new("identity")
    .args(["certificate_identity", "certificate_identity_regexp"]).requires("issuer"))]
#[command(group = ArgGroup::new("issuer")
    .args(["certificate_oidc_issuer", "certificate_oidc_issuer_regexp"]))]
pub struct Arguments {
    /// The artifact; can be left out for a bundle with an envelope
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// The Sigstore bundle, or a file with several, of which one must verify
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// The proof, instead of a bundle
    #[arg(long, value_name = "FILE.tlog-proof", requires = "artifact")]
    proof: Option<PathBuf>,
    /// The signature, for a proof that does not contain the entry
    #[arg(long, value_name = "FILE", requires = "proof", requires = "public_key")]
    signature: Option<PathBuf>,
    /// Require this public key (or the key of this certificate)
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
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
    #[command(flatten)]
    freshness: FreshnessFlags,
}

pub fn run(globals: &Globals, arguments: &Arguments) -> Result<Output, Failure> {
    let trusted = trusted(globals, arguments)?;
    let key = arguments.public_key.as_deref().map(files::read_key).transpose()?;
    let demand = Demand {
        public_key: key
            .as_ref()
            .map(fasti::entry::KeyMaterial::public_key)
            .transpose()
            .context("cannot use the key given with --public-key")?,
        identity: arguments.identity().context("--certificate-identity-regexp")?,
        oidc_issuer: arguments.issuer().context("--certificate-oidc-issuer-regexp")?,
        allow_untimed_certificate: arguments.allow_untimed_certificate,
        allow_unlogged_certificate: arguments.allow_unlogged_certificate,
    };
    let artifact = arguments.artifact.as_ref().map(ArtifactFile::new);
    if let Some(artifact) = &artifact {
        // Distinguishes a wrong file name from a wrong artifact.
        std::fs::metadata(artifact.path())
            .with_context(|| format!("cannot read {}", artifact.path().display()))?;
    }
    let verdict = if let Some(path) = &arguments.bundle {
        let json = files::read(path, BUNDLE_BYTES_MAX)?;
        let bundles = Bundle::parse_all(&json)
            .map_err(|e| Failure::Refused(anyhow!(e).context(format!("{}", path.display()))))?;
        let artifact = artifact.as_ref().map(|artifact| artifact as &dyn Artifact);
        verify::any_bundle(&bundles, artifact, &trusted, &demand)
    } else {
        let path = arguments.proof.as_ref().context("give --bundle or --proof")?;
        let artifact = artifact.as_ref().context("give --artifact as well")?;
        let proof = files::read(path, TLOG_PROOF_BYTES_MAX)?;
        let proof = TlogProof::parse(&proof)
            .map_err(|e| Failure::Refused(anyhow!(e).context(format!("{}", path.display()))))?;
        let detached = match (&arguments.signature, key) {
            (Some(path), Some(material)) => {
                let signature = read_signature(&files::read(path, KEY_FILE_BYTES_MAX)?);
                Some(Detached { signature, material })
            }
            _ => None,
        };
        verify::tlog_proof(&proof, artifact, detached.as_ref(), &trusted, &demand)
    };
    let verdict = refused_if(verdict, Refusal::is_verdict)?;
    let output = output(&verdict);
    if !globals.is_log_named {
        return Ok(output);
    }
    runtime()?.block_on(compare(globals, &arguments.freshness, &trusted.trust, &verdict, output))
}

impl Arguments {
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

/// The first line if the user accepts a certificate that might have expired before it was used.
const UNTIMED: &str =
    "Verified OK, but nothing shows that the certificate was valid when it was used";

fn output(verdict: &Verdict) -> Output {
    let mut logged: Vec<_> = verdict
        .logged
        .iter()
        .map(|logged| {
            json!({
                "Origin": logged.log.name().as_str(),
                "LogIndex": logged.index.get(),
                "UUID": logged.leaf.to_string(),
                "TreeSize": logged.head.size.get(),
                "RootHash": logged.head.root.to_string(),
                "Witnesses": logged.cosigned.iter().map(|w| w.witness.to_string())
                    .collect::<Vec<_>>(),
            })
        })
        .collect();
    logged.extend(verdict.logged_v1.iter().map(output_v1));
    let certificate = verdict.signer.as_ref().and_then(|signer| signer.certificate.as_ref());
    let times: Vec<_> = verdict
        .times
        .iter()
        .map(|time| json!({"Time": time.moment(), "By": time.source.to_string()}))
        .collect();
    let logs = certificate.map(|certificate| match &certificate.logged {
        CertificateLogged::By(logs) => logs.as_slice(),
        CertificateLogged::NotAsked | CertificateLogged::Waived => &[],
    });
    let json = json!({
        "Verified": true,
        "Logged": logged,
        "Algorithm": verdict.signer.as_ref().map(|signer| signer.algorithm.to_string()),
        "KeyFingerprint": verdict.signer.as_ref().map(|signer| &signer.fingerprint),
        "Identities": certificate.map(|certificate| {
            certificate.identities.iter().map(|identity| &identity.name).collect::<Vec<_>>()
        }),
        "IdentityKinds": certificate.map(|certificate| {
            certificate.identities.iter().map(|identity| identity.kind.name()).collect::<Vec<_>>()
        }),
        "RequiredIdentity": certificate.and_then(|certificate| {
            let matched = certificate.matched.as_ref()?;
            Some(json!({"Name": matched.name, "Kind": matched.kind.name()}))
        }),
        "OidcIssuer": certificate.and_then(|certificate| certificate.issuer.as_ref()),
        "TrustedTimes": times,
        "UntimedCertificate": verdict.is_untimed(),
        "CertificateLogs": logs,
        "Proved": verdict.proved(),
        "NotChecked": verdict.not_checked(),
    });
    let mut lines = vec![if verdict.is_untimed() { UNTIMED } else { "Verified OK" }.to_owned()];
    lines.extend(verdict.proved().iter().map(|sentence| format!("  proved: {sentence}")));
    lines.extend(verdict.not_checked().iter().map(|sentence| format!("  not checked: {sentence}")));
    Output::good(lines, json)
}

/// A place in a log of Rekor v1. The index is that of the whole log if the log has signed it.
fn output_v1(logged: &LoggedV1) -> Value {
    let tree = logged.tree.as_ref();
    let promised = logged.promise.as_ref().map(|promise| promise.index);
    json!({
        "Origin": tree.map_or(logged.log.as_str(), |tree| tree.origin.as_str()),
        "LogIndex": promised.or(tree.map(|tree| tree.index)).map(LeafIndex::get),
        "UUID": logged.leaf.to_string(),
        "TreeIndex": tree.map(|tree| tree.index.get()),
        "TreeSize": tree.map(|tree| tree.head.size.get()),
        "RootHash": tree.map(|tree| tree.head.root.to_string()),
        "IntegratedTime": logged.promise.map(|promise| promise.time.unix_timestamp()),
        "Witnesses": [],
    })
}
