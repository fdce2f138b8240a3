//! The suite and the probe against a store named by the environment.
//!
//! `FASTI_TEST_STORE` is the location of a bucket that keeps the contract, and
//! `FASTI_TEST_STORE_BROKEN` of one that the probe must refuse; `FASTI_STORE_ENDPOINT` and the
//! other variables of the bucket flags apply to both. Without them nothing is tested.

use std::sync::Arc;

use clap::Parser;
use fasti::entropy::{Entropy as _, OsEntropy};
use fasti::store::probe::probe;
use fasti::store::{BucketLocation, BucketStore, ObjectPath, Stores, contract};
use fasti_flags::BucketFlags;

/// The flags, from the environment only.
#[derive(Parser)]
struct Environment {
    #[command(flatten)]
    bucket: BucketFlags,
}

/// A fresh prefix of the bucket that `variable` names.
async fn open(variable: &str) -> Option<Stores> {
    let location: BucketLocation = std::env::var(variable).ok()?.parse().expect("a bucket");
    let options = Environment::parse_from(["test"]).bucket.options().expect("flags");
    let fresh = format!("test-{}", hex::encode(OsEntropy.nonce()));
    let location = location.join(&ObjectPath::new(fresh).expect("a path")).expect("a prefix");
    let store = BucketStore::open(location, &options).await.expect("opens");
    Some(Stores::shared(Arc::new(store)))
}

/// Removes what a test has left.
async fn clear(stores: &Stores) {
    let housekeeping = stores.housekeeping.as_ref().expect("it is shared");
    loop {
        let left = housekeeping.list("", None, 1000).await.expect("lists");
        if left.is_empty() {
            return;
        }
        housekeeping.remove(&left).await.expect("removes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_store_keeps_the_contract() {
    if let Some(stores) = open("FASTI_TEST_STORE").await {
        contract::check(&stores).await;
        clear(&stores).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_store_passes_the_probe() {
    if let Some(stores) = open("FASTI_TEST_STORE").await {
        probe(&stores, OsEntropy.nonce()).await.expect("passes");
        let left = stores.housekeeping.as_ref().expect("it is shared").list("", None, 10).await;
        assert_eq!(left.expect("lists"), [], "the probe cleans up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_live_store_is_refused() {
    if let Some(stores) = open("FASTI_TEST_STORE_BROKEN").await {
        let refused = probe(&stores, OsEntropy.nonce()).await.expect_err("is detected");
        assert!(refused.is_refusal(), "{refused}");
        println!("{refused}");
        clear(&stores).await;
    }
}
