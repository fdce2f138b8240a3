//! Entries and bundles with a self-managed key: `sigstore-rekor` and `sigstore-verify`.

use std::num::NonZeroU8;

use anyhow::{bail, ensure};
use sigstore_crypto::{KeyPair, sha256};
use sigstore_rekor::{Error, HashedRekordV2, RekorV2Client, RekorV2KeyDetails};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::bundle::{MessageDigest, MessageSignature, SignatureContent};
use sigstore_types::{
    Bundle, DsseEnvelope, DsseSignature, HashAlgorithm, KeyId, PayloadBytes, Sha256Hash,
    SignatureBytes, TransparencyLogEntry, pae,
};
use sigstore_verify::bundle::{BundleV03, VerificationMaterialV03};
use sigstore_verify::{PublicKeyVerificationPolicy, Verifier};

use crate::alterations;

const ARTIFACT: &[u8] = b"an artifact";
const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

pub async fn run(url: &str, root: &TrustedRoot, other: &TrustedRoot) -> anyhow::Result<()> {
    let client = RekorV2Client::new(url)?;
    let key = KeyPair::generate_ecdsa_p256()?;
    // A missing index is read as the first entry's.
    log(&client, &key, b"the first").await?;
    let blob = sign_blob(&client, &key).await?;
    let attestation = attest(&client, &key).await?;

    let trusted = Verifier::new(root)?;
    let policy = PublicKeyVerificationPolicy::new(key.public_key_der()?);
    let stranger =
        PublicKeyVerificationPolicy::new(KeyPair::generate_ecdsa_p256()?.public_key_der()?);
    let mut refused = 0;
    for (name, bundle) in [("blob", &blob), ("attestation", &attestation)] {
        let read = Bundle::from_json(&bundle.to_json()?)?;
        let result = trusted.verify(ARTIFACT, &read, &policy)?;
        ensure!(result.tlog_verified(), "{name}: the log was not looked at");
        refused += alterations::refuse_all(bundle, |altered| {
            trusted.verify(ARTIFACT, altered, &policy).map(drop)
        })?;
        for (what, accepted) in [
            ("another artifact", trusted.verify(b"another", &read, &policy).is_ok()),
            ("another key", trusted.verify(ARTIFACT, &read, &stranger).is_ok()),
            ("another log", Verifier::new(other)?.verify(ARTIFACT, &read, &policy).is_ok()),
        ] {
            ensure!(!accepted, "{name}: {what} was accepted");
            refused += 1;
        }
    }
    refuse_request(&client, &key).await?;
    read(&client, root, &blob).await?;
    println!(
        "rust: own key: a blob and an attestation logged and verified, {refused} altered refused"
    );
    Ok(())
}

/// The entry for a signature of this digest, if it is one.
fn request(
    key: &KeyPair,
    digest: &Sha256Hash,
    signature: &SignatureBytes,
) -> anyhow::Result<HashedRekordV2> {
    let details = RekorV2KeyDetails::PkixEcdsaP256Sha256;
    Ok(HashedRekordV2::new_with_public_key(digest, signature, &key.public_key_der()?, details))
}

/// Signs a message and logs the signature.
async fn log(
    client: &RekorV2Client,
    key: &KeyPair,
    message: &[u8],
) -> anyhow::Result<(SignatureBytes, TransparencyLogEntry)> {
    let digest = sha256(message);
    let signature = key.sign_digest(&digest)?;
    let entry = client.create_entry(request(key, &digest, &signature)?).await?;
    Ok((signature, entry))
}

async fn sign_blob(client: &RekorV2Client, key: &KeyPair) -> anyhow::Result<Bundle> {
    let (signature, entry) = log(client, key, ARTIFACT).await?;
    let digest = MessageDigest::new(HashAlgorithm::Sha2256, sha256(ARTIFACT).into());
    let content = SignatureContent::MessageSignature(
        MessageSignature::new(signature).with_message_digest(digest),
    );
    Ok(BundleV03::new(material(), content).with_tlog_entry(entry).into_bundle())
}

/// An in-toto statement about the artifact, in an envelope; the log gets the hash of what was
/// signed.
async fn attest(client: &RekorV2Client, key: &KeyPair) -> anyhow::Result<Bundle> {
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": sha256(ARTIFACT).to_hex()}}],
        "predicateType": "https://interop.test/predicate/v1",
        "predicate": {"built": "somewhere"},
    });
    let payload = statement.to_string().into_bytes();
    let (signature, entry) = log(client, key, &pae(STATEMENT_TYPE, &payload)).await?;
    let envelope = DsseEnvelope::new(
        STATEMENT_TYPE.to_owned(),
        PayloadBytes::new(payload),
        DsseSignature::new(signature, KeyId::default()),
    );
    let content = SignatureContent::DsseEnvelope(envelope);
    Ok(BundleV03::new(material(), content).with_tlog_entry(entry).into_bundle())
}

fn material() -> VerificationMaterialV03 {
    VerificationMaterialV03::PublicKey { hint: "interop".to_owned() }
}

/// Submits a signature that is not one of the digest; it must be refused.
async fn refuse_request(client: &RekorV2Client, key: &KeyPair) -> anyhow::Result<()> {
    let signature = key.sign_digest(&sha256(b"signed"))?;
    match client.create_entry(request(key, &sha256(b"not signed"), &signature)?).await {
        Err(Error::Status { status: 400, .. }) => Ok(()),
        other => bail!("an entry that is not signed was answered with {other:?}"),
    }
}

/// Reads the log's files through the client: the checkpoint's signature, and the blob's entry in
/// its tile and its bundle.
async fn read(client: &RekorV2Client, root: &TrustedRoot, blob: &Bundle) -> anyhow::Result<()> {
    let checkpoint = client.get_checkpoint().await?;
    let keys = root.rekor_keys()?;
    let message = checkpoint.signed_data();
    let signed = checkpoint
        .signatures()
        .iter()
        .any(|line| keys.verify_any(message, &line.signature).is_ok());
    ensure!(signed, "the checkpoint is not signed by the log");

    let width = NonZeroU8::new(u8::try_from(checkpoint.tree_size())?);
    let entry = &blob.verification_material.tlog_entries[0];
    let body = entry.canonicalized_body.as_bytes();
    let index = usize::try_from(entry.log_index.get())?;
    let bundle = client.get_entry_bundle(0, width).await?;
    ensure!(
        bundle.bytes.windows(body.len()).any(|window| window == body),
        "the entry is not in its bundle"
    );
    let tile = client.get_tile(0, 0, width).await?;
    let leaf = sha256(&[&[0], body].concat());
    ensure!(
        tile.bytes[32 * index..][..32] == leaf.as_bytes()[..],
        "the entry's hash is not in its tile"
    );
    Ok(())
}
