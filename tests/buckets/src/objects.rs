//! The content of a bucket: a map from keys to objects, with conditional writes.
//!
//! A write's condition is checked and the write done under one lock, unless the bucket is set to
//! one of the broken kinds of [`Conditions`]. Generations are unique over the life of a bucket.
//! ETags are the MD5 of the content, so the same content written again has the same ETag, as in S3.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use md5::{Digest, Md5};

/// How a bucket treats the conditions of writes. All but the first are faults seen in stores that
/// claim to be compatible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conditions {
    /// Checked atomically with the write.
    #[default]
    Kept,
    /// Accepted but ignored: every write succeeds.
    Ignored,
    /// `If-None-Match: *` is checked, but a condition on the current version is not.
    OnlyCreate,
    /// Checked, but the write happens a moment later: a race has several winners.
    Raced,
    /// Checked, without a fault: a conditional write takes a moment, and others of its key that
    /// arrive meanwhile are refused and told to retry.
    OneAtATime,
    /// The same, but all concurrent writes are refused, including the first.
    Colliding,
    /// Conditional writes are told to retry, forever.
    NeverFree,
}

/// The condition of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// The object does not exist.
    Absent,
    /// The object exists, with any content.
    Present,
    /// The object exists with this ETag (without quotes).
    Etag(String),
    /// The object exists with this generation.
    Generation(u64),
}

/// Why a write did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The condition is false.
    Condition,
    /// The condition names a version of an object that does not exist.
    Missing,
    /// The object was written a moment ago; see [`Objects::set_update_interval`].
    TooSoon,
    /// Another write of it is in progress.
    UnderWay,
}

/// An object as stored.
#[derive(Clone, Debug)]
pub struct Object {
    /// The whole content.
    pub bytes: Bytes,
    /// The MD5 of the content in hexadecimal, without quotes.
    pub etag: String,
    /// The number of the write that made it.
    pub generation: u64,
    /// When it was written.
    pub modified: SystemTime,
    /// The headers set by the writer: type, coding, lifetime, storage class, encryption and so on.
    pub headers: HeaderMap,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Objects in ascending order of their keys.
    pub objects: Vec<(String, Object)>,
    /// The common prefixes: each stands for all keys with that prefix up to a delimiter.
    pub folders: Vec<String>,
    /// The next page, if there is one, begins after this key.
    pub next: Option<String>,
}

/// The content of a bucket.
#[derive(Debug, Default)]
pub struct Objects {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    objects: BTreeMap<String, Object>,
    writes: u64,
    conditions: Conditions,
    page_limit: Option<usize>,
    update_interval: Option<Duration>,
    updated: BTreeMap<String, Instant>,
    /// Keys being written, and whether another write has collided with that.
    under_way: BTreeMap<String, bool>,
}

/// The first generation; a store's are as large as this.
const FIRST_GENERATION: u64 = 1_700_000_000_000_000;

/// How long a bucket that checks without a lock waits between the check and the write.
const RACE: Duration = Duration::from_millis(50);

/// How long a write takes in a bucket that refuses others meanwhile.
const WRITE: Duration = Duration::from_millis(10);

/// The maximum length of a page, whatever is requested.
const PAGE: usize = 1000;

impl Held {
    fn check(&self, key: &str, condition: &Condition) -> Result<(), Refused> {
        let found = self.objects.get(key);
        let holds = match (condition, self.conditions) {
            (Condition::None, _) | (_, Conditions::Ignored) => true,
            (Condition::Absent, _) => found.is_none(),
            (_, Conditions::OnlyCreate) => true,
            (Condition::Present, _) => found.is_some(),
            (Condition::Etag(etag), _) => {
                found.ok_or(Refused::Missing)?.etag.eq_ignore_ascii_case(etag)
            }
            (Condition::Generation(wanted), _) => {
                found.is_some_and(|object| object.generation == *wanted)
            }
        };
        if holds { Ok(()) } else { Err(Refused::Condition) }
    }

    fn check_pace(&mut self, key: &str) -> Result<(), Refused> {
        let Some(interval) = self.update_interval else { return Ok(()) };
        let now = Instant::now();
        match self.updated.get(key) {
            Some(last) if now.duration_since(*last) < interval => Err(Refused::TooSoon),
            _ => {
                self.updated.insert(key.to_owned(), now);
                Ok(())
            }
        }
    }

    fn insert(&mut self, key: &str, bytes: Bytes, etag: String, headers: HeaderMap) -> Object {
        let generation = FIRST_GENERATION + self.writes;
        self.writes += 1;
        let object = Object { bytes, etag, generation, modified: SystemTime::now(), headers };
        self.objects.insert(key.to_owned(), object.clone());
        object
    }
}

fn etag(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

impl Objects {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object at `key`.
    pub fn get(&self, key: &str) -> Option<Object> {
        self.held().objects.get(key).cloned()
    }

    /// Writes bypassing the protocol: no condition, no fault, no count.
    pub fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Object {
        let bytes = bytes.into();
        let etag = etag(&bytes);
        self.held().insert(key, bytes, etag, HeaderMap::new())
    }

    /// Removes the object at `key`. Returns whether there was one.
    pub fn remove(&self, key: &str) -> bool {
        self.held().objects.remove(key).is_some()
    }

    /// The keys that begin with `prefix`, in ascending order.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let held = self.held();
        let from = held.objects.range(prefix.to_owned()..);
        from.map(|(key, _)| key).take_while(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// A snapshot of everything. Contents are shared, not copied.
    pub fn all(&self) -> BTreeMap<String, Object> {
        self.held().objects.clone()
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.held().objects.len()
    }

    /// Restores what [`all`](Self::all) returned, like a backup. Generations continue.
    pub fn restore(&self, objects: BTreeMap<String, Object>) {
        self.held().objects = objects;
    }

    /// Sets how conditions are treated from now on.
    pub fn set_conditions(&self, conditions: Conditions) {
        self.held().conditions = conditions;
    }

    /// Sets the maximum number of keys in a page of a listing, whatever is requested (initially
    /// 1,000).
    pub fn set_page_limit(&self, keys: usize) {
        self.held().page_limit = Some(keys.clamp(1, PAGE));
    }

    /// Refuses a second write of the same key within `interval`, as Google's store does within
    /// about a second. `None` (the initial value) means no limit.
    pub fn set_update_interval(&self, interval: Option<Duration>) {
        self.held().update_interval = interval;
    }

    /// Writes an object if `condition` holds. The bucket's own faults apply, as to a client's
    /// write.
    pub async fn write(
        &self,
        key: &str,
        bytes: Bytes,
        headers: HeaderMap,
        condition: &Condition,
    ) -> Result<Object, Refused> {
        let etag = etag(&bytes);
        if *condition != Condition::None {
            self.enter(key).await?;
        }
        let raced = {
            let mut held = self.held();
            held.check(key, condition)?;
            held.check_pace(key)?;
            if held.conditions != Conditions::Raced {
                return Ok(held.insert(key, bytes, etag, headers));
            }
            *condition != Condition::None
        };
        if raced {
            tokio::time::sleep(RACE).await;
        }
        Ok(self.held().insert(key, bytes, etag, headers))
    }

    /// Delays a conditional write of `key`, if the bucket is of such a kind.
    async fn enter(&self, key: &str) -> Result<(), Refused> {
        let collide = match self.held().conditions {
            Conditions::NeverFree => return Err(Refused::UnderWay),
            Conditions::OneAtATime => false,
            Conditions::Colliding => true,
            _ => return Ok(()),
        };
        match self.held().under_way.entry(key.to_owned()) {
            Entry::Vacant(free) => free.insert(false),
            Entry::Occupied(mut taken) => {
                taken.insert(collide);
                return Err(Refused::UnderWay);
            }
        };
        let under_way = UnderWay { objects: self, key };
        tokio::time::sleep(WRITE).await;
        let has_met = self.held().under_way.get(key) == Some(&true);
        drop(under_way);
        if has_met { Err(Refused::UnderWay) } else { Ok(()) }
    }

    /// Removes the object at `key` if `condition` holds. It is not an error if there is no object
    /// and no condition.
    pub fn delete(&self, key: &str, condition: &Condition) -> Result<bool, Refused> {
        let mut held = self.held();
        held.check(key, condition)?;
        Ok(held.objects.remove(key).is_some())
    }

    /// The keys after `after` that begin with `prefix`. Those that contain `delimiter` after the
    /// prefix are grouped.
    pub fn list(&self, prefix: &str, after: &str, delimiter: Option<&str>, max: usize) -> Page {
        let held = self.held();
        let max = max.min(held.page_limit.unwrap_or(PAGE));
        let mut page = Page::default();
        if max == 0 {
            return page;
        }
        let mut last = after.to_owned();
        loop {
            let from = if last.as_str() < prefix {
                Bound::Included(prefix)
            } else {
                Bound::Excluded(last.as_str())
            };
            let mut rest = held.objects.range::<str, _>((from, Bound::Unbounded));
            let Some((key, object)) = rest.next().filter(|(key, _)| key.starts_with(prefix)) else {
                return page;
            };
            if page.objects.len() + page.folders.len() == max {
                page.next = Some(last);
                return page;
            }
            if let Some(folder) = folder(key, prefix, delimiter) {
                last = format!("{folder}{}", char::MAX);
                page.folders.push(folder);
            } else {
                last.clone_from(key);
                page.objects.push((key.clone(), object.clone()));
            }
        }
    }
}

/// A slow write in progress, until dropped, because its client can go away.
struct UnderWay<'a> {
    objects: &'a Objects,
    key: &'a str,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.objects.held().under_way.remove(self.key);
    }
}

/// The common prefix of `key` in a listing with a delimiter, if the key has one after the prefix.
fn folder(key: &str, prefix: &str, delimiter: Option<&str>) -> Option<String> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let end = key[prefix.len()..].find(delimiter)?;
    Some(key[..prefix.len() + end + delimiter.len()].to_owned())
}
