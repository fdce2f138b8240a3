//! The contract suite over every store that needs no server.

use std::sync::Arc;

use fasti::store::{
    BucketOptions, BucketStore, Clients, DirectoryOptions, DirectoryStore, MemoryStore, Stores,
    contract,
};
use object_store::memory::InMemory;

use super::{bucket_over, location};

#[tokio::test]
async fn memory() {
    contract::check(&Stores::shared(Arc::new(MemoryStore::default()))).await;
}

#[tokio::test]
async fn directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(directory.path(), DirectoryOptions::default()).unwrap();
    contract::check(&Stores::of(Arc::new(store))).await;
}

#[tokio::test]
async fn bucket_with_a_prefix() {
    contract::check(&Stores::shared(Arc::new(bucket_over(Arc::new(InMemory::new()))))).await;
}

#[tokio::test]
async fn two_logs_share_a_bucket() {
    let client = Arc::new(InMemory::new());
    for place in ["gs://bucket/log", "gs://bucket/log.p", "gs://bucket/log/below", "gs://bucket"] {
        let clients = Clients::same(client.clone());
        let store = BucketStore::over(clients, location(place), &BucketOptions::default());
        contract::check(&Stores::shared(Arc::new(store))).await;
    }
}
