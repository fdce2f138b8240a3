//! Bundles with a certificate valid for ten minutes and a timestamp: `sigstore-sign` and
//! `sigstore-verify`, with stand-ins for Sigstore's authorities.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use sigstore_crypto::sha256;
use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::{Attestation, SigningContext, SigningServices};
use sigstore_trust_root::{SigningConfig, TrustedRoot};
use sigstore_types::Bundle;
use sigstore_verify::{VerificationPolicy, Verifier};

use crate::alterations;

const ARTIFACT: &[u8] = b"an artifact";
const IDENTITY: &str = "signer@interop.test";
const ISSUER: &str = "https://issuer.interop.test";

pub async fn run(config: &str, token: &str, other: &TrustedRoot) -> anyhow::Result<()> {
    let config: Value = serde_json::from_str(&std::fs::read_to_string(config)?)?;
    let root = TrustedRoot::from_json(&config["trustedRoot"].to_string())?;
    let services = SigningConfig::from_json(&config["signingConfig"].to_string())?;
    let services = SigningServices::from_signing_config(&services)?;
    let token = std::fs::read_to_string(token).context("the token")?;
    let signer = SigningContext::new(services).signer(IdentityToken::from_jwt(token.trim())?);

    signer.sign(b"the first").await?;
    let blob = signer.sign(ARTIFACT).await?;
    let predicate = serde_json::json!({"built": "somewhere"});
    let attestation = Attestation::new("https://interop.test/predicate/v1", predicate)
        .add_subject("artifact", sha256(ARTIFACT));
    let attestation = signer.sign_attestation(attestation).await?;

    let trusted = Verifier::new(&root)?;
    let policy = VerificationPolicy::new(IDENTITY, ISSUER);
    let stranger = VerificationPolicy::new("stranger@interop.test", ISSUER);
    // The same authorities, but another log.
    let mut elsewhere = root.clone();
    elsewhere.tlogs.clone_from(&other.tlogs);
    let elsewhere = Verifier::new(&elsewhere)?;
    let mut refused = 0;
    for (name, bundle) in [("blob", &blob), ("attestation", &attestation)] {
        let read = Bundle::from_json(&bundle.to_json()?)?;
        let result = trusted.verify(ARTIFACT, &read, &policy)?;
        ensure!(result.tlog_verified() && result.sct_verified(), "{name}: not all was verified");
        refused += alterations::refuse_all(bundle, |altered| {
            trusted.verify(ARTIFACT, altered, &policy).map(drop)
        })?;
        for (what, accepted) in [
            ("another artifact", trusted.verify(b"another", &read, &policy).is_ok()),
            ("another signer", trusted.verify(ARTIFACT, &read, &stranger).is_ok()),
            ("another log", elsewhere.verify(ARTIFACT, &read, &policy).is_ok()),
        ] {
            ensure!(!accepted, "{name}: {what} was accepted");
            refused += 1;
        }
    }
    println!(
        "rust: keyless: a blob and an attestation signed, logged and verified, {refused} altered refused"
    );
    Ok(())
}
