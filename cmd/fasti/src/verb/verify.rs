//! `fasti verify`: verifies offline, from a bundle or proof file and keys that the user trusts.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{ArgGroup, Args};
use fasti::client::artifact::ArtifactFile;
use fasti::client::keys::{KEY_FILE_BYTES_MAX, read_certificates, read_signature};
use fasti::client::window::Window;
use fasti::entry::Bundle;
use fasti::verify::{
    self, Artifact, Authority, CertificateLogged, Demand, Detached, Refusal, TimestampAuthority,
    TrustedRoot, Verdict,
};
use serde_json::json;
use tiles_spec::{TLOG_PROOF_BYTES_MAX, TlogProof};

use crate::failure::{Failure, refused_if};
use crate::files;
use crate::globals::Globals;
use crate::output::Output;

/// The maximum size of a bundle, in bytes. An envelope's payload can be large.
const BUNDLE_BYTES_MAX: usize = 64 << 20;

#[derive(Args)]
#[command(group = ArgGroup::new("from").required(true).args(["bundle", "proof"]))]
pub struct Arguments {
    /// The artifact; can be left out for a bundle with an envelope
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// The Sigstore bundle
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
    /// Trust these certificate authorities (PEM)
    #[arg(long, value_name = "FILE")]
    ca_roots: Option<PathBuf>,
    /// Trust this timestamp authority, by its certificates (PEM): its root, those between, and its
    /// signer's if timestamps do not bring it along
    ///
    /// Can be repeated.
    #[arg(long, value_name = "FILE")]
    tsa_roots: Vec<PathBuf>,
    /// Require this identity in the signer's certificate: an email address or a URI
    #[arg(long, value_name = "NAME")]
    certificate_identity: Option<String>,
    /// Require that this OIDC issuer vouched for the identity
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,
    /// Accept a certificate although no trusted time shows that it was valid when it was used
    #[arg(long)]
    allow_untimed_certificate: bool,
    /// Accept a certificate of the trusted root's authorities although it has no promise of the
    /// trusted root's certificate logs (an SCT)
    #[arg(long)]
    allow_unlogged_certificate: bool,
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
        identity: arguments.certificate_identity.clone(),
        oidc_issuer: arguments.certificate_oidc_issuer.clone(),
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
        let bundle = Bundle::parse(&json)
            .map_err(|e| Failure::Refused(anyhow!(e).context(format!("{}", path.display()))))?;
        let artifact = artifact.as_ref().map(|artifact| artifact as &dyn Artifact);
        verify::bundle(&bundle, artifact, &trusted, &demand)
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
    Ok(output(&verdict))
}

fn trusted(globals: &Globals, arguments: &Arguments) -> anyhow::Result<TrustedRoot> {
    let mut trusted = globals.trusted_root(arguments.trusted_root.as_ref())?;
    if let Some(path) = &arguments.ca_roots {
        let name = || path.display().to_string();
        let pem = files::read(path, KEY_FILE_BYTES_MAX)?;
        for der in read_certificates(&pem).with_context(name)? {
            trusted.authorities.push(Authority::new(&der, None, None).with_context(name)?);
        }
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
    let logged: Vec<_> = verdict
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
        "Identities": certificate.map(|certificate| &certificate.identities),
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
