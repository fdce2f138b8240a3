//! A store whose flush has failed rejects all further writes, and still answers reads.

use std::sync::Arc;

use bytes::Bytes;
use fasti::store::{
    Attempt, CommitLog, DirectoryOptions, DirectoryStore, NewObject, ObjectPath, RecordNumber,
    Store, StoreError, Version,
};
use tiles_spec::TreeSize;

use crate::faults::{Disk, Fault, Kind};
use crate::model::Model;

#[tokio::test]
async fn after_any_failed_flush_the_store_takes_nothing() {
    // Two to create, one to commit, five for a new segment.
    check(1, 8).await;
    // One while the segment grows.
    check(400, 4).await;
}

async fn check(segment_bytes_max: u64, flushes_min: usize) {
    let home = tempfile::tempdir().expect("a directory");
    let open = |disk: &Disk| {
        let options = DirectoryOptions { segment_bytes_max, ..DirectoryOptions::default() };
        DirectoryStore::open_with(home.path(), options, Arc::new(disk.clone())).expect("opens")
    };
    let healthy = Disk::over(Model::new(), 0);
    let store = open(&healthy);
    healthy.heal();
    write(&store).await.expect("nothing fails");
    drop(store);
    let trace = healthy.trace();
    let flushes: Vec<usize> = (0..trace.len()).filter(|&n| trace[n].kind == Kind::Sync).collect();
    assert!(flushes.len() >= flushes_min, "{flushes:?}");
    for n in flushes {
        let disk = Disk::over(Model::new(), n as u64);
        let store = open(&disk);
        disk.arm(n, Fault::Lie);
        write(&store).await.expect_err("a flush fails");
        let reason = format!("at operation {n}, {}", trace[n]);
        for refused in writes(&store).await {
            assert!(matches!(refused, Err(StoreError::Poisoned { .. })), "{reason}: {refused:?}");
        }
        store.get(&path("checkpoint")).await.expect("reads are answered");
        store.read(RecordNumber::FIRST).await.expect("reads are answered");
    }
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).expect("a valid path")
}

fn tile() -> NewObject {
    NewObject { path: path("tile/0/000.p/1"), bytes: Bytes::from_static(b"hash") }
}

/// Does everything that flushes: the first checkpoint, a record, the end of a segment.
async fn write(store: &DirectoryStore) -> Result<(), StoreError> {
    Store::create(store, &path("checkpoint"), "zero".into()).await?;
    CommitLog::create(store, RecordNumber::FIRST, "one".into()).await?;
    store.put_immutable(&[tile()], Attempt::First).await?;
    store.settle(RecordNumber::FIRST, TreeSize::ZERO).await
}

/// Every operation that writes.
async fn writes(store: &DirectoryStore) -> Vec<Result<(), StoreError>> {
    let next = RecordNumber::FIRST.next();
    let version = match store.get(&path("checkpoint")).await {
        Ok(Some(object)) => object.version,
        _ => return vec![write(store).await],
    };
    let mut answers = vec![
        Store::create(store, &path("log.json"), "{}".into()).await.map(drop),
        CommitLog::create(store, next, "two".into()).await.map(drop),
        replace(store, &version).await,
        store.put_immutable(&[tile()], Attempt::Again).await,
    ];
    if store.newest().await.expect("reads are answered").is_some() {
        answers.push(store.settle(next, TreeSize::ZERO).await);
    }
    answers
}

async fn replace(store: &DirectoryStore, version: &Version) -> Result<(), StoreError> {
    store.replace(&path("checkpoint"), "one".into(), version).await.map(drop)
}
