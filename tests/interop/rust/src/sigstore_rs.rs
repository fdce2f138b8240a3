//! Rekor v1's API with the crate `sigstore`: entries are created, read, found and proved, and the
//! log is proved to have grown.

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sigstore::crypto::{CosignVerificationKey, SigningScheme};
use sigstore::rekor::apis::configuration::Configuration;
use sigstore::rekor::apis::{Error, entries_api, index_api, pubkey_api, tlog_api};
use sigstore::rekor::models::hashedrekord::{
    AlgorithmKind, Data, Hash, PublicKey, Signature, Spec,
};
use sigstore::rekor::models::search_index_public_key::{Format, SearchIndexPublicKey};
use sigstore::rekor::models::{LogEntry, ProposedEntry, SearchIndex, SearchLogQuery};
use sigstore_crypto::{KeyPair, sha256};

pub async fn run(url: &str) -> anyhow::Result<()> {
    let log = Configuration { base_path: url.to_owned(), ..Configuration::default() };
    let pem = pubkey_api::get_public_key(&log, None).await?;
    let scheme = SigningScheme::ECDSA_P256_SHA256_ASN1;
    let log_key = CosignVerificationKey::from_pem(pem.as_bytes(), &scheme)?;
    let signer = KeyPair::generate_ecdsa_p256()?;

    let first = entries_api::create_log_entry(&log, proposal(&signer, b"the first")?).await?;
    let before = tlog_api::get_log_info(&log).await?;
    for name in ["a", "b", "c"] {
        entries_api::create_log_entry(&log, proposal(&signer, name.as_bytes())?).await?;
    }
    let entry = entries_api::create_log_entry(&log, proposal(&signer, b"the last")?).await?;
    for entry in [&first, &entry] {
        entry.verify_inclusion(&log_key)?;
    }
    read(&log, &entry, &log_key).await?;
    find(&log, &signer, &entry).await?;

    let after = tlog_api::get_log_info(&log).await?;
    ensure!(after.tree_size == before.tree_size + 4, "the log has {} entries", after.tree_size);
    let first_size = before.tree_size.to_string();
    let proof = tlog_api::get_log_proof(&log, after.tree_size, Some(&first_size), None).await?;
    after.verify_consistency(before.tree_size, &before.root_hash, &proof, &log_key)?;
    let other_root = [7; 32];
    let refused = after.verify_consistency(before.tree_size, &other_root, &proof, &log_key);
    ensure!(refused.is_err(), "the log has grown from another root");

    refuse(&log, &signer).await?;
    println!("rust: the crate sigstore with Rekor v1's API: 5 entries logged, read, found, proved");
    Ok(())
}

/// A signature over what these bytes say; of their digest, that is.
fn proposal(signer: &KeyPair, artifact: &[u8]) -> anyhow::Result<ProposedEntry> {
    let digest = sha256(artifact);
    claim(signer, &digest.to_hex(), signer.sign_digest(&digest)?.as_bytes())
}

fn claim(signer: &KeyPair, digest: &str, signature: &[u8]) -> anyhow::Result<ProposedEntry> {
    let key = STANDARD.encode(signer.public_key_der()?.to_pem());
    let spec = Spec::new(
        Signature::new(STANDARD.encode(signature), PublicKey::new(key)),
        Data::new(Hash::new(AlgorithmKind::sha256, digest.to_owned())),
    );
    Ok(ProposedEntry::Hashedrekord { api_version: "0.0.1".to_owned(), spec })
}

/// The entry is the same by its index and by its ID, and no other body has its proof.
async fn read(
    log: &Configuration,
    entry: &LogEntry,
    log_key: &CosignVerificationKey,
) -> anyhow::Result<()> {
    let id = entry.uuid.as_deref().context("an ID")?;
    let index = i32::try_from(entry.log_index)?;
    let by_index = entries_api::get_log_entry_by_index(log, index).await?;
    let by_id = entries_api::get_log_entry_by_uuid(log, id).await?;
    for read in [by_index, by_id] {
        read.verify_inclusion(log_key)?;
        ensure!(read.body == entry.body, "another body");
        ensure!(read.integrated_time == entry.integrated_time, "another time");
        ensure!(read.uuid == entry.uuid, "another ID");
    }
    let first = entries_api::get_log_entry_by_index(log, 0).await?;
    let mixed = LogEntry { body: first.body, ..entry.clone() };
    ensure!(mixed.verify_inclusion(log_key).is_err(), "another entry has the same proof");
    Ok(())
}

/// The entry is found by digest and by key, and by what it was made of.
async fn find(log: &Configuration, signer: &KeyPair, entry: &LogEntry) -> anyhow::Result<()> {
    let id = entry.uuid.clone().context("an ID")?;
    let hash = Some(format!("sha256:{}", sha256(b"the last").to_hex()));
    let by_hash = SearchIndex { hash, ..SearchIndex::new() };
    let found = index_api::search_index(log, by_hash).await?;
    ensure!(found == [id.clone()], "found by digest: {found:?}");
    let content = Some(STANDARD.encode(signer.public_key_der()?.to_pem()));
    let public_key = SearchIndexPublicKey { content, ..SearchIndexPublicKey::new(Format::X509) };
    let by_key = SearchIndex { public_key: Some(public_key), ..SearchIndex::new() };
    let found = index_api::search_index(log, by_key).await?;
    ensure!(found.len() == 5 && found.contains(&id), "found by key: {found:?}");
    let by_id = SearchLogQuery { entry_uuids: Some(vec![id.clone()]), ..SearchLogQuery::new() };
    let found = entries_api::search_log_query(log, by_id).await?;
    ensure!(found.contains(&id), "retrieved: {found}");
    Ok(())
}

/// An entry that is there, one that is not signed, and one that does not exist.
async fn refuse(log: &Configuration, signer: &KeyPair) -> anyhow::Result<()> {
    let digest = sha256(b"once more");
    let signature = signer.sign_digest(&digest)?;
    let again = || claim(signer, &digest.to_hex(), signature.as_bytes());
    entries_api::create_log_entry(log, again()?).await?;
    let lie = claim(signer, &sha256(b"a lie").to_hex(), signature.as_bytes())?;
    for (proposal, status, words) in [
        (again()?, 409, "an equivalent entry already exists"),
        (lie, 400, "error processing entry: verifying signature"),
    ] {
        match entries_api::create_log_entry(log, proposal).await {
            Err(Error::ResponseError(answer)) => ensure!(
                answer.status.as_u16() == status && answer.content.contains(words),
                "{status} was expected, and the answer is {}: {}",
                answer.status,
                answer.content
            ),
            other => bail!("{status} was expected, and the answer is {other:?}"),
        }
    }
    match entries_api::get_log_entry_by_uuid(log, &"ab".repeat(32)).await {
        Err(Error::ResponseError(answer)) => ensure!(answer.status.as_u16() == 404),
        other => bail!("404 was expected, and the answer is {other:?}"),
    }
    Ok(())
}
