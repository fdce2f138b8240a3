//! The writes of a copy: objects whose content follows from their path, and those that move
//! forward.
//!
//! Invariants: when [`Copy::finish`] returns, everything that was put is durable. The writes under
//! way are bounded in number and in bytes.

use std::sync::Arc;

use bytes::Bytes;
use fasti_grow::forward_only::NotPublished;
use fasti_grow::{ForwardOnly, Found, write_once};
use fasti_objects::Published;
use fasti_seams::clock::Clock;
use fasti_store::{Object, ObjectPath, Store, StoreError};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

use crate::error::MirrorError;

/// Most writes at once.
const WRITES_MAX: usize = 32;
/// Most bytes on their way, unless a single object has more.
const BYTES_MAX: usize = 64 << 20;

/// Where a log is copied to.
#[derive(Clone)]
pub(crate) struct Place {
    pub objects: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
}

/// Writes in parallel.
pub(crate) struct Copy {
    place: Place,
    writing: FuturesUnordered<BoxFuture<'static, Result<usize, StoreError>>>,
    bytes: usize,
    /// How many objects and bytes were written or found.
    pub count: Count,
}

/// What a round has written, or found there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Copy {
    pub fn to(place: &Place) -> Self {
        let writing = FuturesUnordered::new();
        Self { place: place.clone(), writing, bytes: 0, count: Count::default() }
    }

    /// Writes an object that never changes, and waits if many others are on their way.
    pub async fn put(
        &mut self,
        object: impl Into<Published>,
        bytes: impl Into<Bytes>,
    ) -> Result<(), MirrorError> {
        let (path, bytes) = (ObjectPath::from(object.into()), bytes.into());
        while self.writing.len() >= WRITES_MAX
            || (self.bytes > 0 && self.bytes + bytes.len() > BYTES_MAX)
        {
            self.next().await?;
        }
        self.bytes += bytes.len();
        let Place { objects, clock } = self.place.clone();
        self.writing.push(Box::pin(async move {
            let length = bytes.len();
            write_once(&*objects, &*clock, &path, &bytes).await.map(|()| length)
        }));
        Ok(())
    }

    async fn next(&mut self) -> Result<(), MirrorError> {
        if let Some(written) = self.writing.next().await {
            let written = written?;
            self.bytes -= written;
            self.count.objects += 1;
            self.count.bytes += written as u64;
        }
        Ok(())
    }

    /// Waits until everything is durable.
    pub async fn finish(mut self) -> Result<Count, MirrorError> {
        while !self.writing.is_empty() {
            self.next().await?;
        }
        Ok(self.count)
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

/// Publishes an object that moves forward. `is_enough` tells whether what is there is at least as
/// new.
pub(crate) async fn publish(
    place: &Place,
    object: Published,
    bytes: Bytes,
    is_enough: impl Fn(&[u8]) -> Result<bool, MirrorError>,
) -> Result<(), MirrorError> {
    let path = ObjectPath::from(object);
    let there = place.objects.get(&path).await?;
    if let Some(there) = &there
        && (there.bytes == bytes || is_enough(&there.bytes)?)
    {
        return Ok(());
    }
    let mut forward = ForwardOnly::new(path, there.map(|there| there.version));
    let judge = |there: Option<&Object>| match there {
        Some(there) if there.bytes == bytes || is_enough(&there.bytes)? => Ok(Found::Enough),
        _ => Ok(Found::Less),
    };
    match forward.publish(&*place.objects, &*place.clock, bytes.clone(), judge).await {
        Ok(_) => Ok(()),
        Err(NotPublished::Store(error)) => Err(error.into()),
        Err(NotPublished::Judged(error)) => Err(error),
    }
}
