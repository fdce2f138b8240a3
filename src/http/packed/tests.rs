//! Bundles requested many times, over a store that counts reads.

use std::sync::atomic::{AtomicUsize, Ordering};

use fasti_kit::stored::{Between, Through};
use fasti_store::StoreError;
use futures::future::join_all;

use super::*;

/// Counts reads, each of which takes a moment.
#[derive(Default)]
struct Reads(AtomicUsize);

type Counting = Through<Reads>;

impl Between for Reads {
    async fn read<T: Send>(
        &self,
        _: &ObjectPath,
        read: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        read.await
    }
}

fn path(number: usize) -> ObjectPath {
    ObjectPath::new(format!("tile/entries/{number:03}")).unwrap()
}

/// A store of `bundles` bundles of `bytes` bytes each, which hardly compress.
async fn store(bundles: usize, bytes: usize) -> Counting {
    let counting = Counting::default();
    let mut noise = 1_u32;
    for number in 0..bundles {
        let noise = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        });
        let bytes: Vec<u8> = noise.take(bytes).collect();
        Store::create(&*counting.inner, &path(number), bytes.into()).await.unwrap();
    }
    counting
}

fn unpacked(packed: &[u8], coding: Coding) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    match coding {
        Coding::Gzip => flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap(),
        Coding::Zstd => {
            bytes = zstd::decode_all(packed).unwrap();
            0
        }
        Coding::Identity => unreachable!(),
    };
    bytes
}

#[tokio::test]
async fn a_hundred_who_want_one_bundle_have_it_packed_once() {
    let store = store(1, 100_000).await;
    let packed = PackedBundles::new(KEPT_BYTES_MAX);
    for coding in [Coding::Gzip, Coding::Zstd] {
        store.between.0.store(0, Ordering::Relaxed);
        let path = path(0);
        let all = join_all((0..100).map(|_| packed.get(&store, &path, coding))).await;
        let there = store.inner.get(&path).await.unwrap().unwrap().bytes;
        for one in all {
            assert_eq!(unpacked(&one.expect("it is packed"), coding), there);
        }
        assert!(packed.get(&store, &path, coding).await.is_some());
        assert_eq!(store.between.0.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn who_wants_different_ones_gets_some_of_them_as_they_are() {
    let store = store(100, 10).await;
    let packed = PackedBundles::new(KEPT_BYTES_MAX);
    let paths: Vec<ObjectPath> = (0..100).map(path).collect();
    let all = join_all(paths.iter().map(|path| packed.get(&store, path, Coding::Gzip))).await;
    let at_once = all.iter().flatten().count();
    let processors = fasti_seams::offload::processors();
    assert_eq!(at_once, processors.div_ceil(2), "the others are sent uncompressed");
    assert_eq!(store.between.0.load(Ordering::Relaxed), at_once);
    assert!(packed.get(&store, &paths[99], Coding::Gzip).await.is_some(), "packed later");
}

#[tokio::test]
async fn what_is_not_there_is_not_kept() {
    let store = store(0, 0).await;
    let packed = PackedBundles::new(KEPT_BYTES_MAX);
    assert!(packed.get(&store, &path(0), Coding::Gzip).await.is_none());
    Store::create(&*store.inner, &path(0), Bytes::from_static(b"now")).await.unwrap();
    assert!(packed.get(&store, &path(0), Coding::Gzip).await.is_some());
}

#[tokio::test]
async fn no_more_is_kept_than_there_is_room_for() {
    let (bundles, bytes) = (20, 8 << 20);
    let store = store(bundles, bytes).await;
    let packed = PackedBundles::new(KEPT_BYTES_MAX);
    for number in 0..bundles {
        assert!(packed.get(&store, &path(number), Coding::Zstd).await.is_some());
    }
    let (count, bytes) = packed.kept.size();
    assert!(bytes <= KEPT_BYTES_MAX);
    assert!(count >= 7);
}
