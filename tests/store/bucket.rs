//! The contents of a bucket, seen without the store: names, attributes, compression; limits on
//! reads; request counts.

use std::sync::Arc;

use bytes::Bytes;
use fasti::store::{
    Attempt, BucketOptions, BucketStore, Clients, CommitLog, Housekeeping as _, NewObject,
    ObjectPath, RecordNumber, Requests, Store, StoreError,
};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore as _, ObjectStoreExt as _, PutOptions};

use super::{bucket_over, location, path};

fn immutable(name: &str, bytes: impl Into<Bytes>) -> NewObject {
    NewObject { path: path(name), bytes: bytes.into() }
}

async fn stored(client: &InMemory, name: &str) -> (Bytes, Attributes) {
    let object = client.get(&Path::from(format!("some/log/{name}"))).await.unwrap();
    let attributes = object.attributes.clone();
    (object.bytes().await.unwrap(), attributes)
}

#[tokio::test]
async fn readers_of_a_bare_bucket_are_told_what_each_object_is() {
    let client = Arc::new(InMemory::new());
    let options = BucketOptions { storage_class: Some("COLD".into()), ..BucketOptions::default() };
    let clients = Clients::same(client.clone());
    let store = BucketStore::over(clients, location("s3://bucket/some/log"), &options);
    for object in ["checkpoint", "log.json", "_writer/x", "lookup/latest", "lookup/checkpoint"] {
        Store::create(&store, &path(object), "x".into()).await.unwrap();
    }
    let record = ObjectPath::commit_record(RecordNumber::FIRST).to_string();
    store.note(&path("_writer/trimmed"), "1".into()).await.unwrap();
    CommitLog::create(&store, RecordNumber::FIRST, "x".into()).await.unwrap();
    let batch = [
        immutable("tile/0/000", vec![7; 8192]),
        immutable("tile/entries/000.p/3", "xyz"),
        immutable("lookup/tile/0/000.p/1", vec![7; 32]),
        immutable("lookup/tile/entries/000.p/1", "xyz"),
        immutable("lookup/revision/000", "xyz"),
        immutable("lookup/run/0/256/0", "xyz"),
    ];
    store.put_immutable(&batch, Attempt::First).await.unwrap();

    let for_ever = "public, max-age=31536000, immutable";
    for (name, content_type, cache_control, packed) in [
        ("checkpoint", "text/plain; charset=utf-8", "no-cache", false),
        ("log.json", "application/json", "no-cache", false),
        ("_writer/x", "application/octet-stream", "no-store", false),
        ("_writer/trimmed", "application/octet-stream", "no-store", false),
        (&record, "application/octet-stream", "no-store", false),
        ("tile/0/000", "application/octet-stream", for_ever, false),
        ("tile/entries/000.p/3", "application/octet-stream", for_ever, true),
        ("lookup/latest", "text/plain; charset=utf-8", "no-cache", false),
        ("lookup/checkpoint", "text/plain; charset=utf-8", "no-cache", false),
        ("lookup/tile/0/000.p/1", "application/octet-stream", for_ever, false),
        ("lookup/tile/entries/000.p/1", "application/octet-stream", for_ever, true),
        ("lookup/revision/000", "text/plain; charset=utf-8", for_ever, false),
        ("lookup/run/0/256/0", "application/octet-stream", for_ever, false),
    ] {
        let (bytes, attributes) = stored(&client, name).await;
        let said = |attribute| attributes.get(&attribute).map(AsRef::as_ref);
        assert_eq!(said(Attribute::ContentType), Some(content_type), "{name}");
        assert_eq!(said(Attribute::CacheControl), Some(cache_control), "{name}");
        assert_eq!(said(Attribute::ContentEncoding), packed.then_some("gzip"), "{name}");
        let class = name.contains("tile/").then_some("COLD");
        assert_eq!(said(Attribute::StorageClass), class, "{name}");
        assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), packed, "{name}");
    }
}

#[tokio::test]
async fn packed_bytes_are_compared_by_what_they_hold() {
    let client = Arc::new(InMemory::new());
    let store = bucket_over(client.clone());
    let bundle = immutable("tile/entries/000.p/1", vec![1; 1000]);
    // The same content, compressed by another writer at another level, and not compressed at all.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut encoder, &bundle.bytes).unwrap();
    let key = Path::from("some/log/tile/entries/000.p/1");
    let gzip = Attributes::from_iter([(Attribute::ContentEncoding, "gzip")]);
    let packed = PutOptions { attributes: gzip, ..PutOptions::default() };
    client.put_opts(&key, encoder.finish().unwrap().into(), packed.clone()).await.unwrap();
    store.put_immutable(std::slice::from_ref(&bundle), Attempt::First).await.unwrap();
    client.put(&key, bundle.bytes.clone().into()).await.unwrap();
    store.put_immutable(std::slice::from_ref(&bundle), Attempt::First).await.unwrap();
    assert_eq!(store.get(&bundle.path).await.unwrap().unwrap().bytes, bundle.bytes);

    client.put_opts(&key, "no gzip".into(), packed).await.unwrap();
    let damaged = store.get(&bundle.path).await.unwrap_err();
    assert!(matches!(damaged, StoreError::Corrupt { .. }), "{damaged}");
}

/// Compressed objects are served to readers as stored. Those that are large and short-lived are
/// compressed with less effort.
#[tokio::test]
async fn packed_bytes_are_passed_on() {
    let client = Arc::new(InMemory::new());
    let store = bucket_over(client.clone());
    let words: Vec<u8> =
        (0..600_000_u32).flat_map(|n| ((n / 7).wrapping_mul(n) % 1000).to_be_bytes()).collect();
    let (full, partial) = ("tile/entries/000", "tile/entries/001.p/255");
    let batch = [
        immutable(full, words.clone()),
        immutable(partial, words.clone()),
        immutable("tile/0/000", "x"),
    ];
    store.put_immutable(&batch, Attempt::First).await.unwrap();
    let mut lengths = Vec::new();
    for name in [full, partial] {
        let packed = store.get_packed(&path(name)).await.unwrap().expect("it is compressed");
        assert_eq!(packed, stored(&client, name).await.0);
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*packed), &mut bytes)
            .unwrap();
        assert!(bytes == words, "{name}");
        lengths.push(packed.len());
    }
    assert!(lengths[0] < lengths[1], "{lengths:?}");
    for name in ["tile/0/000", "tile/entries/002"] {
        assert_eq!(store.get_packed(&path(name)).await.unwrap(), None, "{name}");
    }
    let key = Path::from(format!("some/log/{full}"));
    client.put(&key, words.into()).await.unwrap();
    assert_eq!(store.get_packed(&path(full)).await.unwrap(), None, "it was decompressed");
}

#[tokio::test]
async fn nothing_is_read_beyond_what_its_path_may_hold() {
    let client = Arc::new(InMemory::new());
    let store = bucket_over(client.clone());
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![0; 65_538]).unwrap();
    let gzip = Attributes::from_iter([(Attribute::ContentEncoding, "gzip")]);
    for (name, bytes, attributes) in [
        ("checkpoint", vec![b'x'; 65_537], Attributes::new()),
        ("log.json", vec![b'x'; 65_537], Attributes::new()),
        ("tile/0/000", vec![0; 8193], Attributes::new()),
        ("tile/0/000.p/2", vec![0; 65], Attributes::new()),
        ("tile/entries/000.p/1", vec![0; 65_538], Attributes::new()),
        ("lookup/checkpoint", vec![b'x'; 65_537], Attributes::new()),
        ("lookup/tile/0/000.p/2", vec![0; 65], Attributes::new()),
        ("lookup/revision/000", vec![0; 5 << 20], Attributes::new()),
        ("tile/entries/x001/000.p/1", bomb.finish().unwrap(), gzip),
    ] {
        let key = Path::from(format!("some/log/{name}"));
        let options = PutOptions { attributes, ..PutOptions::default() };
        client.put_opts(&key, bytes.into(), options).await.unwrap();
        let refused = store.get(&path(name)).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Corrupt { .. }), "{name}: {refused}");
        assert!(refused.to_string().contains(name), "{refused}");
    }
}

/// An object to be read in parts was compressed by someone else.
#[tokio::test]
async fn parts_of_packed_bytes_are_refused() {
    let client = Arc::new(InMemory::new());
    let store = bucket_over(client.clone());
    for (coding, is_read) in [("gzip", false), ("br", false), ("identity", true)] {
        let attributes = Attributes::from_iter([(Attribute::ContentEncoding, coding)]);
        let options = PutOptions { attributes, ..PutOptions::default() };
        let key = Path::from("some/log/lookup/run/0/256/0");
        client.put_opts(&key, "0123456789".into(), options).await.unwrap();
        match store.get_range(&path("lookup/run/0/256/0"), 2..5).await {
            Ok(part) => assert!(is_read && part.unwrap() == "234", "{coding}"),
            Err(StoreError::Corrupt { reason, .. }) => {
                assert!(!is_read && reason.contains(coding), "{reason}");
            }
            Err(other) => panic!("{coding}: {other}"),
        }
    }
}

#[tokio::test]
async fn requests_are_counted() {
    let store = bucket_over(Arc::new(InMemory::new()));
    assert_eq!(store.requests(), Requests::default());
    Store::create(&store, &path("a"), "12345".into()).await.unwrap();
    Store::create(&store, &path("a"), "123".into()).await.unwrap();
    store.get(&path("a")).await.unwrap();
    let version = store.get(&path("a")).await.unwrap().unwrap().version;
    store.replace(&path("a"), "12".into(), &version).await.unwrap();
    store.put_immutable(&[immutable("tile/0/000.p/1", "1")], Attempt::First).await.unwrap();
    store.note(&path("b"), "1".into()).await.unwrap();
    store.remove(&[]).await.unwrap();
    store.list("nothing/", None, 0).await.unwrap();
    store.get_range(&path("a"), 1..2).await.unwrap();
    store.get_range(&path("nothing"), 1..2).await.unwrap();
    store.get_range(&path("a"), 1..9).await.unwrap_err();
    store.length(&path("a")).await.unwrap();
    let before = Requests { puts: 5, gets: 7, lists: 0, deletes: 0, bytes_written: 12 };
    assert_eq!(store.requests(), before);
    store.remove(&[path("a"), path("b")]).await.unwrap();
    store.list("tile/", None, 5).await.unwrap();
    CommitLog::newest(&store).await.unwrap();
    let after = Requests { gets: 8, lists: 2, deletes: 2, ..before };
    assert_eq!(store.requests(), after);
}
