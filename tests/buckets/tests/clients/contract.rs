//! The contract of every correct store, written once for all servers.

use std::sync::Arc;

use futures::future::join_all;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload, PutResult, UpdateVersion,
};

/// A client of a store under test.
pub type Client = Arc<dyn ObjectStore>;

pub fn text(number: usize) -> PutPayload {
    PutPayload::from(number.to_string())
}

/// The mode of a write that replaces the version in `seen`.
pub fn over(seen: &PutResult) -> PutOptions {
    let version = UpdateVersion { e_tag: seen.e_tag.clone(), version: seen.version.clone() };
    PutMode::Update(version).into()
}

pub async fn read(client: &Client, path: &Path) -> String {
    let bytes = client.get(path).await.expect("it is there").bytes().await.expect("whole");
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Tries each condition in turn.
pub async fn conditions_one_by_one(client: &Client) {
    let path = Path::from("log/checkpoint");
    let create = || PutOptions::from(PutMode::Create);

    let missing = client.get(&path).await.expect_err("nothing is there");
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    let first = client.put_opts(&path, text(1), create()).await.expect("created");
    let again = client.put_opts(&path, text(2), create()).await.expect_err("it exists");
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    assert_eq!(read(client, &path).await, "1");

    let second = client.put_opts(&path, text(2), over(&first)).await.expect("replaced");
    let stale = client.put_opts(&path, text(3), over(&first)).await.expect_err("stale");
    assert!(matches!(stale, Error::Precondition { .. }), "{stale}");
    assert_eq!(read(client, &path).await, "2");

    // A read and a HEAD return the version that the write returned.
    let got = client.get(&path).await.expect("there").meta;
    let head = client.head(&path).await.expect("there");
    assert_eq!((got.e_tag, got.version.clone()), (second.e_tag.clone(), second.version.clone()));
    assert_eq!((head.e_tag, head.version), (second.e_tag.clone(), got.version));
    assert_eq!((got.size, head.size), (1, 1));

    client.delete(&path).await.expect("removed");
    let gone = client.put_opts(&path, text(3), over(&second)).await.expect_err("gone");
    assert!(matches!(gone, Error::Precondition { .. } | Error::NotFound { .. }), "{gone}");
    client.put_opts(&path, text(4), create()).await.expect("created anew");
}

/// Of eight creators of one name exactly one wins, fifty times; the object is the winner's.
pub async fn creators_race(client: &Client) {
    for round in 0..50 {
        assert_eq!(winners(client, round).await.len(), 1, "round {round}");
    }
}

/// Returns who was told that it created the object of this round.
pub async fn winners(client: &Client, round: usize) -> Vec<usize> {
    let path = Path::from(format!("race/{round}"));
    let creators = (0..8).map(|creator| {
        let (client, path) = (client.clone(), path.clone());
        tokio::spawn(async move {
            match client.put_opts(&path, text(creator), PutMode::Create.into()).await {
                Ok(_) => Some(creator),
                Err(Error::AlreadyExists { .. }) => None,
                Err(other) => panic!("{other}"),
            }
        })
    });
    let told = join_all(creators).await.into_iter().filter_map(|told| told.expect("ran"));
    let winners: Vec<_> = told.collect();
    if let [winner] = winners[..] {
        assert_eq!(read(client, &path).await, winner.to_string());
    }
    winners
}

/// Eight workers add to one number by compare-and-swap; no addition is lost.
pub async fn a_counter_loses_nothing(client: &Client) {
    let path = Path::from("counter");
    client.put(&path, text(0)).await.expect("written");
    let workers = (0..8).map(|_| {
        let (client, path) = (client.clone(), path.clone());
        tokio::spawn(async move {
            for _ in 0..25 {
                add_one(&client, &path).await;
            }
        })
    });
    for worker in join_all(workers).await {
        worker.expect("ran");
    }
    assert_eq!(read(client, &path).await, "200");
}

async fn add_one(client: &Client, path: &Path) {
    loop {
        let seen = client.get(path).await.expect("there");
        let version = PutResult {
            e_tag: seen.meta.e_tag.clone(),
            version: seen.meta.version.clone(),
            extensions: seen.extensions.clone(),
        };
        let bytes = seen.bytes().await.expect("whole");
        let number: usize = std::str::from_utf8(&bytes).expect("text").parse().expect("a number");
        match client.put_opts(path, text(number + 1), over(&version)).await {
            Ok(_) => return,
            Err(Error::Precondition { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// Listings in order, over pages, from an offset, by folder; bulk removal.
pub async fn listings(client: &Client) {
    let place = |n: usize| Path::from(format!("page/{n:03}"));
    for n in (0..25).rev() {
        client.put(&place(n), text(n)).await.expect("written");
    }
    client.put(&Path::from("page/deeper/1"), text(0)).await.expect("written");
    client.put(&Path::from("pages"), text(0)).await.expect("written");
    let prefix = Path::from("page");

    let all: Vec<_> = client.list(Some(&prefix)).try_collect().await.expect("listed");
    assert_eq!(all.len(), 26);
    assert!(all.is_sorted_by_key(|meta| meta.location.clone()));
    assert_eq!(all[7].location, place(7));
    assert_eq!(all[12].size, 2);

    let rest = client.list_with_offset(Some(&prefix), &place(20));
    let rest: Vec<_> = rest.try_collect().await.expect("listed");
    assert_eq!(rest.len(), 5);
    assert_eq!(rest[0].location, place(21));

    let by_folder = client.list_with_delimiter(Some(&prefix)).await.expect("listed");
    assert_eq!(by_folder.objects.len(), 25);
    assert_eq!(by_folder.common_prefixes, [Path::from("page/deeper")]);

    let gone = futures::stream::iter((0..25).map(place).map(Ok)).boxed();
    let gone: Vec<_> = client.delete_stream(gone).try_collect().await.expect("removed");
    assert_eq!(gone.len(), 25);
    let left: Vec<_> = client.list(Some(&prefix)).try_collect().await.expect("listed");
    assert_eq!(left.len(), 1);
}

/// Attributes set by a writer are returned with an object; ranges are served.
pub async fn attributes_and_ranges(client: &Client) {
    let path = Path::from("tile/entries/x001/x234/067.p/8");
    let mut attributes = Attributes::new();
    for (attribute, value) in [
        (Attribute::ContentType, "application/vnd.test"),
        (Attribute::CacheControl, "public, max-age=31536000, immutable"),
        (Attribute::ContentEncoding, "x-none"),
        (Attribute::StorageClass, "GLACIER_IR"),
        (Attribute::Metadata("colour".into()), "green"),
    ] {
        attributes.insert(attribute, value.into());
    }
    let options = PutOptions { attributes: attributes.clone(), ..Default::default() };
    client.put_opts(&path, "0123456789".into(), options).await.expect("written");
    let shown = client.get(&path).await.expect("there");
    for (attribute, value) in &attributes {
        if *attribute != Attribute::StorageClass {
            assert_eq!(shown.attributes.get(attribute), Some(value), "{attribute:?}");
        }
    }

    for (range, expected) in [
        (GetRange::Bounded(2..5), "234"),
        (GetRange::Suffix(3), "789"),
        (GetRange::Offset(8), "89"),
    ] {
        let options = GetOptions { range: Some(range), ..Default::default() };
        let part = client.get_opts(&path, options).await.expect("in range");
        assert_eq!(part.bytes().await.expect("whole"), expected);
    }
    assert!(client.get_range(&path, 20..30).await.is_err());
}

/// All of it.
pub async fn keeps_the_contract(client: &Client) {
    conditions_one_by_one(client).await;
    creators_race(client).await;
    a_counter_loses_nothing(client).await;
    listings(client).await;
    attributes_and_ranges(client).await;
}
