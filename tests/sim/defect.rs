//! Defects at the seams: what a defective writer would do to its store, its random numbers and what
//! its peers say, done by wrappers around them. The code of the writer stays as it is.
//!
//! None is ever enabled but by the test of planted bugs, one at a time.

use std::cell::Cell;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use fasti::objects::Published;
use fasti::store::{
    Attempt, CommitLog, Created, Housekeeping, NewObject, Object, ObjectPath, RecordNumber,
    Replaced, Store, StoreError, Version,
};
use tiles_spec::{EntryBundle, ResourcePath, TileWidth, TreeSize, append_entry};

use crate::wire::Wire;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A commit record that exists is taken for ours, whatever it holds.
    ExistsIsOurs,
    /// A commit without a definite answer is taken for done.
    AmbiguousIsCommitted,
    /// A publication without a definite answer is taken for done.
    AmbiguousIsShown,
    /// The checkpoint is published, but tiles and bundles are not.
    NothingApplied,
    /// Failures to write tiles and bundles are ignored.
    FailureIgnored,
    /// `checkpoint` is replaced whatever its version is.
    UnconditionalCheckpoint,
    /// Records have no random bytes.
    NonceReused,
    /// A silent leader counts as alive for ever.
    NeverTakeOver,
    /// A bundle of 255 entries is closed, so that the full one lacks them.
    BundleFullAt255,
}

thread_local! {
    static ENABLED: Cell<Option<Defect>> = const { Cell::new(None) };
}

/// Enables a defect on this thread, or disables all.
#[cfg(feature = "planted")]
pub fn enable(defect: Option<Defect>) {
    ENABLED.set(defect);
}

/// Whether a defect is enabled on this thread.
pub fn has(defect: Defect) -> bool {
    ENABLED.get() == Some(defect)
}

/// A writer's store, as it uses it.
pub struct Used(pub Wire);

fn is_ambiguous<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Ambiguous { .. }))
}

/// What is written instead of this object.
fn written(object: &NewObject) -> NewObject {
    let Ok(Published::Log(ResourcePath::Bundle(bundle))) = object.path.as_str().parse() else {
        return object.clone();
    };
    if !bundle.width.is_full() {
        return object.clone();
    }
    let whole = EntryBundle::decode(&*object.bytes, TileWidth::FULL).expect("a bundle");
    let mut last = Vec::new();
    append_entry(&mut last, whole.entry(255).expect("the last entry")).expect("it fits");
    NewObject { bytes: last.into(), ..object.clone() }
}

#[async_trait]
impl Store for Used {
    async fn get(&self, path: &ObjectPath) -> Result<Option<Object>, StoreError> {
        self.0.get(path).await
    }

    async fn get_range(
        &self,
        path: &ObjectPath,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.0.get_range(path, range).await
    }

    async fn length(&self, path: &ObjectPath) -> Result<Option<u64>, StoreError> {
        self.0.length(path).await
    }

    async fn create(&self, path: &ObjectPath, bytes: Bytes) -> Result<Created, StoreError> {
        let created = Store::create(&self.0, path, bytes).await;
        if has(Defect::AmbiguousIsShown) && is_ambiguous(&created) {
            return Ok(Created::Now);
        }
        created
    }

    async fn replace(
        &self,
        path: &ObjectPath,
        bytes: Bytes,
        expected: &Version,
    ) -> Result<Replaced, StoreError> {
        let mut expected = expected.clone();
        if has(Defect::UnconditionalCheckpoint)
            && let Ok(Some(there)) = self.0.get(path).await
        {
            expected = there.version;
        }
        let replaced = self.0.replace(path, bytes, &expected).await;
        if has(Defect::AmbiguousIsShown) && is_ambiguous(&replaced) {
            return Ok(Replaced::Now(expected));
        }
        replaced
    }

    async fn put_immutable(
        &self,
        objects: &[NewObject],
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        if has(Defect::NothingApplied) {
            return Ok(());
        }
        if has(Defect::BundleFullAt255) {
            let objects: Vec<_> = objects.iter().map(written).collect();
            return self.0.put_immutable(&objects, attempt).await;
        }
        let put = self.0.put_immutable(objects, attempt).await;
        if has(Defect::FailureIgnored) { Ok(()) } else { put }
    }
}

#[async_trait]
impl CommitLog for Used {
    async fn create(&self, number: RecordNumber, bytes: Bytes) -> Result<Created, StoreError> {
        let created = CommitLog::create(&self.0, number, bytes).await;
        match &created {
            Ok(Created::Already) if has(Defect::ExistsIsOurs) => Ok(Created::Now),
            _ if has(Defect::AmbiguousIsCommitted) && is_ambiguous(&created) => Ok(Created::Now),
            _ => created,
        }
    }

    async fn read(&self, number: RecordNumber) -> Result<Option<Bytes>, StoreError> {
        CommitLog::read(&self.0, number).await
    }

    async fn newest(&self) -> Result<Option<RecordNumber>, StoreError> {
        self.0.newest().await
    }

    async fn settled(&self) -> Result<Option<TreeSize>, StoreError> {
        self.0.settled().await
    }

    async fn settle(&self, number: RecordNumber, size: TreeSize) -> Result<(), StoreError> {
        self.0.settle(number, size).await
    }
}

#[async_trait]
impl Housekeeping for Used {
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectPath>,
        max: usize,
    ) -> Result<Vec<ObjectPath>, StoreError> {
        self.0.list(prefix, after, max).await
    }

    async fn remove(&self, paths: &[ObjectPath]) -> Result<(), StoreError> {
        self.0.remove(paths).await
    }

    async fn note(&self, path: &ObjectPath, bytes: Bytes) -> Result<(), StoreError> {
        self.0.note(path, bytes).await
    }
}
