//! How long the client waits for an answer: alone, and as one of a hundred.

use std::time::{Duration, Instant};

use sigstore_crypto::{KeyPair, sha256};
use sigstore_rekor::{HashedRekordV2, RekorV2Client, RekorV2KeyDetails};
use tokio::task::JoinSet;

const EACH: usize = 20;

pub async fn run(url: &str) -> anyhow::Result<()> {
    for (clients, each) in [(1, 100), (100, EACH)] {
        let mut tasks = JoinSet::new();
        for client in 0..clients {
            tasks.spawn(submit(url.to_owned(), client, each));
        }
        let mut waits = Vec::new();
        while let Some(done) = tasks.join_next().await {
            waits.extend(done??);
        }
        waits.sort_unstable();
        let at = |share: usize| waits[(waits.len() * share / 100).min(waits.len() - 1)];
        println!(
            "sigstore-rekor, clients at once: {clients}, entries: {}, p50 {:.1?}, p99 {:.1?}",
            waits.len(),
            at(50),
            at(99)
        );
    }
    Ok(())
}

/// The duration of each of a client's submissions. All are signed before the first is sent.
async fn submit(url: String, client: usize, count: usize) -> anyhow::Result<Vec<Duration>> {
    let rekor = RekorV2Client::new(url)?;
    let key = KeyPair::generate_ecdsa_p256()?;
    let mut requests = Vec::new();
    for i in 0..=count {
        let digest = sha256(format!("{client} {i}").as_bytes());
        let signature = key.sign_digest(&digest)?;
        let details = RekorV2KeyDetails::PkixEcdsaP256Sha256;
        let public = key.public_key_der()?;
        requests.push(HashedRekordV2::new_with_public_key(&digest, &signature, &public, details));
    }
    // The first opens the connection.
    rekor.create_entry(requests.swap_remove(0)).await?;
    let mut waits = Vec::new();
    for request in requests {
        let start = Instant::now();
        rekor.create_entry(request).await?;
        waits.push(start.elapsed());
    }
    Ok(waits)
}
