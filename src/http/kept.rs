//! What is kept of that which is asked for again and again, up to a number of bytes.
//!
//! Those kept stand in a queue. To make room, the first one leaves, unless it was asked for since
//! it last stood there; then half of the times are forgotten and it goes to the end. So what is
//! asked for most stays longest, and a reader who walks through everything once displaces little.
//! Who asks for what another one is just making waits for it.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

/// The most times that are counted: more would keep for hours what nobody asks for any more.
const TIMES_MAX: u32 = 64;

/// Byte strings by key.
pub struct Kept<K> {
    bytes_max: usize,
    /// What each takes in addition to its bytes.
    overhead: usize,
    inner: Mutex<Inner<K>>,
}

struct Inner<K> {
    items: HashMap<K, Item>,
    queue: VecDeque<K>,
    bytes: usize,
    /// What is being made.
    making: HashMap<K, Arc<OnceCell<Bytes>>>,
}

struct Item {
    bytes: Bytes,
    /// How often it was asked for since it last stood first.
    times: u32,
}

impl<K: Clone + Eq + Hash> Kept<K> {
    /// Keeps nothing yet.
    pub fn new(bytes_max: usize, overhead: usize) -> Self {
        let inner = Inner {
            items: HashMap::new(),
            queue: VecDeque::new(),
            bytes: 0,
            making: HashMap::new(),
        };
        Self { bytes_max, overhead, inner: Mutex::new(inner) }
    }

    /// Returns the bytes for `key`, made by `make` unless they are kept. What cannot be made is
    /// not kept; whoever waits for it tries in turn.
    pub async fn get_or_make<E>(
        &self,
        key: K,
        make: impl Future<Output = Result<Option<Bytes>, E>>,
    ) -> Result<Option<Bytes>, E> {
        let making = match self.lock().find(&key) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(cell) => Making { kept: self, key, cell },
        };
        let make = async { make.await.map_err(Some)?.ok_or(None) };
        let bytes = match making.cell.get_or_try_init(|| make).await {
            Ok(bytes) => bytes.clone(),
            Err(None) => return Ok(None),
            Err(Some(error)) => return Err(error),
        };
        self.lock().keep(&making.key, &bytes, self.overhead, self.bytes_max);
        Ok(Some(bytes))
    }

    /// Keeps nothing any more.
    pub fn forget(&self) {
        let mut inner = self.lock();
        inner.items.clear();
        inner.queue.clear();
        inner.bytes = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are kept, and how many bytes they take.
    pub fn size(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.items.len(), inner.bytes)
    }
}

impl<K: Clone + Eq + Hash> Inner<K> {
    /// What is kept for `key`, or the place where it is made.
    fn find(&mut self, key: &K) -> Result<Bytes, Arc<OnceCell<Bytes>>> {
        match self.items.get_mut(key) {
            Some(item) => {
                item.times = (item.times + 1).min(TIMES_MAX);
                Ok(item.bytes.clone())
            }
            None => Err(self.making.entry(key.clone()).or_default().clone()),
        }
    }

    fn keep(&mut self, key: &K, bytes: &Bytes, overhead: usize, bytes_max: usize) {
        let size = bytes.len() + overhead;
        if self.items.contains_key(key) || size > bytes_max {
            return;
        }
        while self.bytes + size > bytes_max {
            let Some(first) = self.queue.pop_front() else { break };
            match self.items.get_mut(&first) {
                Some(item) if item.times > 0 => {
                    item.times /= 2;
                    self.queue.push_back(first);
                }
                _ => {
                    let left = self.items.remove(&first);
                    self.bytes -= left.map_or(0, |item| item.bytes.len() + overhead);
                }
            }
        }
        self.bytes += size;
        self.items.insert(key.clone(), Item { bytes: bytes.clone(), times: 0 });
        self.queue.push_back(key.clone());
    }
}

/// Somebody who waits for what is being made, or makes it.
struct Making<'a, K: Clone + Eq + Hash> {
    kept: &'a Kept<K>,
    key: K,
    cell: Arc<OnceCell<Bytes>>,
}

impl<K: Clone + Eq + Hash> Drop for Making<'_, K> {
    /// The last one takes the place away.
    fn drop(&mut self) {
        let mut inner = self.kept.lock();
        // One for the table, and this one.
        if Arc::strong_count(&self.cell) == 2 {
            inner.making.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn bytes(length: usize) -> Bytes {
        vec![7; length].into()
    }

    async fn get(kept: &Kept<u32>, key: u32) -> Option<Bytes> {
        make(kept, key, Some(bytes(10))).await
    }

    async fn make(kept: &Kept<u32>, key: u32, bytes: Option<Bytes>) -> Option<Bytes> {
        let made = kept.get_or_make(key, async { Ok::<_, Infallible>(bytes) }).await;
        made.unwrap_or_else(|never| match never {})
    }

    #[tokio::test]
    async fn what_is_asked_for_most_stays_longest() {
        let kept = Kept::new(100, 0);
        get(&kept, 0).await.unwrap();
        for key in 1..100 {
            get(&kept, 0).await.unwrap();
            get(&kept, key).await.unwrap();
            assert!(kept.size().1 <= 100);
        }
        assert_eq!(make(&kept, 0, None).await, Some(bytes(10)), "asked for often");
        assert_eq!(make(&kept, 1, None).await, None, "asked for once, long ago");
        assert_eq!(kept.size(), (10, 100));
        // What nobody asks for any more leaves in the end.
        for key in 200..1000 {
            get(&kept, key).await.unwrap();
        }
        assert_eq!(make(&kept, 0, None).await, None);
        get(&kept, 0).await.unwrap();
        kept.forget();
        assert_eq!((make(&kept, 0, None).await, kept.size()), (None, (0, 0)));
    }

    #[tokio::test]
    async fn what_is_too_large_or_was_given_up_leaves_nothing_behind() {
        let kept = Kept::new(100, 1);
        let large = make(&kept, 0, Some(bytes(100))).await;
        assert_eq!((large, kept.size()), (Some(bytes(100)), (0, 0)));
        assert_eq!(make(&kept, 0, None).await, None);
        assert_eq!(kept.get_or_make(0, async { Err("out of reach") }).await, Err("out of reach"));
        {
            let never = std::future::pending::<Result<_, Infallible>>();
            let waiting = std::pin::pin!(kept.get_or_make(0, never));
            assert!(futures::poll!(waiting).is_pending());
            assert_eq!(kept.lock().making.len(), 1);
        }
        assert_eq!(kept.lock().making.len(), 0);
    }
}
