//! The S3 server: the contract, signatures, public reading, broken modes, speed.

use std::sync::Arc;
use std::time::Instant;

use fasti_buckets::{Conditions, Operation, S3Options, S3Server};
use futures::StreamExt;
use futures::future::join_all;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, PutResult, RetryConfig,
};

use crate::contract::{self, Client, over, read, text};

/// A client that does not retry.
pub fn builder(url: &str, options: &S3Options) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_endpoint(url)
        .with_bucket_name(&options.bucket)
        .with_region("us-east-1")
        .with_access_key_id(&options.access_key)
        .with_secret_access_key(&options.secret_key)
        .with_allow_http(true)
        .with_retry(RetryConfig { max_retries: 0, ..Default::default() })
}

pub fn client(server: &S3Server) -> Client {
    Arc::new(builder(&server.url(), server.options()).build().expect("a client"))
}

pub async fn start() -> (S3Server, Client) {
    let server = S3Server::start(S3Options::default()).await.expect("it starts");
    let client = client(&server);
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let (server, client) = start().await;
    server.objects().set_page_limit(10);
    contract::keeps_the_contract(&client).await;
    // This client removes even single objects in bulk.
    assert_eq!(server.tally().requests(Operation::DeleteMany), 2);
    let stored = server.objects().get("tile/entries/x001/x234/067.p/8").expect("there");
    assert_eq!(stored.headers["x-amz-storage-class"], "GLACIER_IR");
    assert_eq!(stored.etag, "781e5e245d69b566979b86e28d23f2c7");
}

#[tokio::test]
async fn the_same_content_has_the_same_etag_again() {
    let (_server, client) = start().await;
    let path = Path::from("a");
    let first = client.put(&path, text(1)).await.expect("written");
    client.put(&path, text(2)).await.expect("written");
    client.put(&path, text(1)).await.expect("written");
    client.put_opts(&path, text(3), over(&first)).await.expect("an old version fits again");
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, Error>) {
    // The client has no error kind for a refused listing.
    let error = result.expect_err("refused");
    let refused = matches!(error, Error::PermissionDenied { .. });
    assert!(refused || error.to_string().contains("403 Forbidden"), "{error}");
}

#[tokio::test]
async fn only_the_account_writes() {
    let (server, _) = start().await;
    let path = Path::from("a");
    let wrong: [AmazonS3; 3] = [
        builder(&server.url(), server.options()).with_secret_access_key("another"),
        builder(&server.url(), server.options()).with_access_key_id("another"),
        builder(&server.url(), server.options()).with_skip_signature(true),
    ]
    .map(|builder| builder.build().expect("a client"));
    server.objects().put("a", "1");
    for client in wrong {
        is_refused(client.put(&path, text(2)).await);
        is_refused(client.get(&path).await);
        is_refused(client.list(None).next().await.expect("an answer"));
    }
    assert_eq!(server.objects().get("a").expect("there").bytes, "1");
}

#[tokio::test]
async fn a_public_bucket_can_be_read_and_no_more() {
    let options = S3Options { public: true, ..Default::default() };
    let server = S3Server::start(options).await.expect("it starts");
    server.objects().put("a", "1");
    let stranger: Client = Arc::new(
        builder(&server.url(), server.options())
            .with_skip_signature(true)
            .build()
            .expect("a client"),
    );
    assert_eq!(read(&stranger, &Path::from("a")).await, "1");
    stranger.head(&Path::from("a")).await.expect("readable");
    let missing = stranger.get(&Path::from("b")).await.expect_err("missing");
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    is_refused(stranger.put(&Path::from("a"), text(2)).await);
    is_refused(stranger.delete(&Path::from("a")).await);
    is_refused(stranger.list(None).next().await.expect("an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_modes_are_broken() {
    let (server, client) = start().await;
    let path = Path::from("a");
    let stale = PutResult {
        e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
        version: None,
        extensions: http::Extensions::new(),
    };

    server.objects().set_conditions(Conditions::Ignored);
    client.put_opts(&path, text(1), PutMode::Create.into()).await.expect("created");
    client.put_opts(&path, text(2), PutMode::Create.into()).await.expect("created again");
    client.put_opts(&path, text(3), over(&stale)).await.expect("replaced nevertheless");

    server.objects().set_conditions(Conditions::OnlyCreate);
    client.put_opts(&path, text(4), PutMode::Create.into()).await.expect_err("it exists");
    client.put_opts(&path, text(5), over(&stale)).await.expect("replaced nevertheless");

    server.objects().set_conditions(Conditions::Raced);
    client.put_opts(&path, text(6), PutMode::Create.into()).await.expect_err("it exists");
    client.put_opts(&path, text(7), over(&stale)).await.expect_err("stale");
    let mut several = 0;
    for round in 0..20 {
        several += usize::from(contract::winners(&client, round).await.len() > 1);
    }
    assert!(several > 10, "several winners in {several} of 20 rounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_fast_enough_for_tests() {
    let (server, client) = start().await;
    let tile = PutPayload::from(vec![7; 8192]);
    let begun = Instant::now();
    let writers = (0..16).map(|writer| {
        let (client, tile) = (client.clone(), tile.clone());
        tokio::spawn(async move {
            for n in 0..125 {
                let path = Path::from(format!("{writer}/{n}"));
                client.put_opts(&path, tile.clone(), PutMode::Create.into()).await.expect("new");
            }
        })
    });
    for writer in join_all(writers).await {
        writer.expect("ran");
    }
    let took = begun.elapsed();
    println!("2,000 writes of 8 KiB in {took:?}");
    let count = server.tally().of(Operation::Put);
    assert_eq!((count.requests, count.received, count.refused), (2000, 2000 * 8192, 0));
    assert_eq!(server.objects().count(), 2000);
    assert!(took.as_secs() < 60, "{took:?}");
}
