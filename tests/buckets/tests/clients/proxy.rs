//! A good line changes nothing, and a bad one fails as configured.

use std::sync::Arc;
use std::time::Duration;

use fasti_buckets::{FaultProxy, GcsOptions, GcsServer, Operation, S3Options, S3Server, Weather};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode};

use crate::contract::{self, Client, text};
use crate::s3::builder;

async fn start(seed: u64) -> (S3Server, FaultProxy, Client) {
    let server = S3Server::start(S3Options::default()).await.expect("it starts");
    let proxy = FaultProxy::start(server.address(), seed).await.expect("it starts");
    let client = builder(&proxy.url(), server.options()).build().expect("a client");
    (server, proxy, Arc::new(client))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_line_changes_nothing() {
    let (server, proxy, client) = start(1).await;
    contract::keeps_the_contract(&client).await;
    assert_eq!(server.tally().total(), proxy.tally().total());

    let server = GcsServer::start(GcsOptions::default()).await.expect("it starts");
    let proxy = FaultProxy::start(server.address(), 1).await.expect("it starts");
    let client = GoogleCloudStorageBuilder::new()
        .with_base_url(&proxy.url())
        .with_bucket_name("log")
        .with_bearer_token("any");
    contract::keeps_the_contract(&(Arc::new(client.build().expect("a client")) as Client)).await;
}

/// Creates 300 names in this weather. Returns how many creates were answered with success, and how
/// many names are stored.
async fn creates(weather: Weather) -> (u64, u64) {
    let (server, proxy, client) = start(7).await;
    proxy.set(weather);
    let mut told = 0;
    for n in 0..300 {
        let path = Path::from(n.to_string());
        told += u64::from(client.put_opts(&path, text(n), PutMode::Create.into()).await.is_ok());
    }
    assert_eq!(proxy.faults().strikes(), 300 - told);
    assert_eq!(proxy.tally().requests(Operation::Put), 300);
    (told, server.objects().count() as u64)
}

#[tokio::test]
async fn faults_come_as_often_as_told_and_on_their_side_of_the_store() {
    let around = |count: u64, share: f64| {
        let expected = 300.0 * share;
        assert!(
            (f64::from(u32::try_from(count).expect("small")) - expected).abs() < 35.0,
            "{count}"
        );
    };
    let (told, stored) = creates(Weather { internal_error: 0.3, ..Default::default() }).await;
    around(told, 0.7);
    assert_eq!(told, stored);
    let (told, stored) = creates(Weather { unavailable: 0.3, ..Default::default() }).await;
    around(told, 0.7);
    assert_eq!(told, stored);
    let (told, stored) = creates(Weather { reset_before: 0.3, ..Default::default() }).await;
    around(told, 0.7);
    assert_eq!(told, stored);
    let (told, stored) = creates(Weather { reset_after: 0.3, ..Default::default() }).await;
    around(told, 0.7);
    assert_eq!(stored, 300);
    let all = Weather { stall: 0.0, truncated: 0.0, ..Weather::all(0.1) };
    let (told, stored) = creates(all).await;
    around(told, 0.9_f64.powi(4));
    assert!(told < stored && stored < 300);
}

#[tokio::test]
async fn reads_stall_and_break_off() {
    let (server, proxy, client) = start(3).await;
    server.objects().put("a", "0123456789");
    proxy.set(Weather { truncated: 1.0, ..Default::default() });
    let answer = client.get(&Path::from("a")).await.expect("the head arrives");
    answer.bytes().await.expect_err("the end does not");
    let stall_for = Duration::from_millis(200);
    proxy.set(Weather { stall: 1.0, stall_for, ..Default::default() });
    let begun = std::time::Instant::now();
    client.get(&Path::from("a")).await.expect("there").bytes().await.expect("whole");
    assert!(begun.elapsed() >= stall_for);
    proxy.set(Weather::default());
    client.get(&Path::from("a")).await.expect("there").bytes().await.expect("whole");
}

#[tokio::test]
async fn a_partition_cuts_one_writer_and_not_the_other() {
    let (server, proxy, far) = start(1).await;
    let near = crate::s3::client(&server);
    far.put(&Path::from("a"), text(1)).await.expect("written");
    proxy.partition();
    let write = tokio::spawn(async move {
        let answer = far.put(&Path::from("a"), text(2)).await;
        (far, answer)
    });
    near.put(&Path::from("a"), text(3)).await.expect("written");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!write.is_finished());
    proxy.heal();
    let (far, answer) = write.await.expect("ran");
    answer.expect_err("reset");
    assert_eq!(contract::read(&near, &Path::from("a")).await, "3");
    far.put(&Path::from("a"), text(4)).await.expect("written");
}

#[tokio::test]
async fn no_store_behind_the_line_is_a_reset() {
    let (server, _proxy, client) = start(1).await;
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.put(&Path::from("a"), text(1)).await.expect_err("no answer");
}
