//! Rekor v1's API: `sigstore-sign` signs, with no time but the log's, `sigstore-rekor` reads,
//! finds and creates entries, and `sigstore-verify` verifies.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use sigstore_crypto::sha256;
use sigstore_rekor::{Error, HashedRekord, LogEntry, RekorClient, SearchIndex};
use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::{Attestation, SigningContext, SigningServices};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::bundle::{SignatureContent, VerificationMaterialContent};
use sigstore_types::{Bundle, TransparencyLogEntry};
use sigstore_verify::{VerificationPolicy, Verifier};

use crate::alterations;

const ARTIFACT: &[u8] = b"an artifact of v1";
const IDENTITY: &str = "signer@interop.test";

pub async fn run(config: &str, token: &str, url: &str, other: &TrustedRoot) -> anyhow::Result<()> {
    let config: Value = serde_json::from_str(&std::fs::read_to_string(config)?)?;
    let root = TrustedRoot::from_json(&config["trustedRoot"].to_string())?;
    let fulcio = config["signingConfig"]["caUrls"][0]["url"].as_str().context("Fulcio's URL")?;
    let token = std::fs::read_to_string(token).context("the token")?;
    // Without a timestamp authority.
    let services = SigningServices::new(fulcio, url);
    let signer = SigningContext::new(services).signer(IdentityToken::from_jwt(token.trim())?);

    signer.sign(b"the first").await?;
    let blob = signer.sign(ARTIFACT).await?;
    let attestation =
        Attestation::new("https://interop.test/predicate/v1", json!({"built": "somewhere"}))
            .add_subject("artifact", sha256(ARTIFACT));
    let attestation = signer.sign_attestation(attestation).await?;

    let trusted = Verifier::new(&root)?;
    let policy = VerificationPolicy::new(IDENTITY, "https://issuer.interop.test");
    let mut elsewhere = root.clone();
    elsewhere.tlogs.clone_from(&other.tlogs);
    let elsewhere = Verifier::new(&elsewhere)?;
    let mut refused = 0;
    for (name, kind, bundle) in
        [("blob", "hashedrekord", &blob), ("attestation", "dsse", &attestation)]
    {
        let read = Bundle::from_json(&bundle.to_json()?)?;
        let entry = &read.verification_material.tlog_entries[0];
        ensure!(entry.kind_version.kind() == kind, "{name}: {:?}", entry.kind_version);
        let result = trusted.verify(ARTIFACT, &read, &policy)?;
        ensure!(result.tlog_verified(), "{name}: the log was not looked at");
        ensure!(result.integrated_time().is_some(), "{name}: it has no time");
        let verify = |altered: &Bundle| trusted.verify(ARTIFACT, altered, &policy).map(drop);
        refused += alterations::refuse_all(bundle, verify)?;
        refused += refuse_another_time(bundle, verify)?;
        ensure!(trusted.verify(b"another", &read, &policy).is_err(), "another artifact");
        ensure!(elsewhere.verify(ARTIFACT, &read, &policy).is_err(), "another log");
        refused += 2;
    }
    let client = RekorClient::new(url)?;
    read(&client, &blob, &attestation).await?;
    create(&client, &blob).await?;
    println!("rust: Rekor v1's API: signed, found and verified, {refused} altered refused");
    Ok(())
}

/// The promise is about the time, which counts here.
fn refuse_another_time(
    bundle: &Bundle,
    verify: impl Fn(&Bundle) -> sigstore_verify::Result<()>,
) -> anyhow::Result<usize> {
    let mut json: Value = serde_json::from_str(&bundle.to_json()?)?;
    let at = json.pointer_mut("/verificationMaterial/tlogEntries/0/integratedTime");
    let at = at.context("the time")?;
    let time: u64 = at.as_str().context("a string")?.parse()?;
    *at = json!((time - 1).to_string());
    match verify(&Bundle::from_json(&json.to_string())?) {
        Ok(()) => bail!("a bundle with another time was accepted"),
        Err(_) => Ok(1),
    }
}

/// The entry of a bundle is found by index, ID, digest and signer, and is the same each time.
async fn read(client: &RekorClient, blob: &Bundle, attestation: &Bundle) -> anyhow::Result<()> {
    let logged = &blob.verification_material.tlog_entries[0];
    let by_index = client.get_entry_by_index(logged.log_index).await?;
    expect_same(&by_index, logged)?;
    expect_same(&client.get_entry_by_uuid(&by_index.uuid).await?, logged)?;
    let found = client.search_by_hash(&sha256(ARTIFACT)).await?;
    ensure!(found == [by_index.uuid.clone()], "found by digest: {found:?}");
    let attested = &attestation.verification_material.tlog_entries[0];
    let attested = client.get_entry_by_index(attested.log_index).await?;
    let found = client.search_index(SearchIndex::email(IDENTITY)).await?;
    for uuid in [&by_index.uuid, &attested.uuid] {
        ensure!(found.contains(uuid), "{uuid} is not among those found by signer: {found:?}");
    }
    let nobody = client.search_index(SearchIndex::email("nobody@interop.test")).await?;
    ensure!(nobody.is_empty(), "found: {nobody:?}");
    Ok(())
}

fn expect_same(read: &LogEntry, logged: &TransparencyLogEntry) -> anyhow::Result<()> {
    ensure!(read.body.as_bytes() == logged.canonicalized_body.as_bytes(), "another body");
    ensure!(read.integrated_time == logged.integrated_time, "another time");
    ensure!(read.log_index == logged.log_index, "another index");
    ensure!(
        read.to_bundle_entry(logged.kind_version.clone())?.log_id == logged.log_id,
        "another log"
    );
    Ok(())
}

/// The entry of a bundle once more, and one whose signature is of something else.
async fn create(client: &RekorClient, blob: &Bundle) -> anyhow::Result<()> {
    let SignatureContent::MessageSignature(message) = &blob.content else {
        bail!("a blob has a message signature");
    };
    let VerificationMaterialContent::Certificate(certificate) = &blob.verification_material.content
    else {
        bail!("a blob has a certificate");
    };
    for (artifact, expected) in [(ARTIFACT, 409), (b"another", 400)] {
        let digest = sha256(artifact);
        let entry = HashedRekord::new(&digest, &message.signature, &certificate.raw_bytes);
        match client.create_entry(entry).await {
            Err(Error::Status { status, .. }) if status == expected => {}
            other => bail!("expected {expected}, and the answer is {other:?}"),
        }
    }
    Ok(())
}
