//! The GCS server: the contract, tokens, generations, the pace of updates, decompression.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use fasti_buckets::{Conditions, GcsOptions, GcsServer, Operation};
use flate2::{Compression, write::GzEncoder};
use http::header::ACCEPT_ENCODING;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error, HeaderMap, HeaderValue, ObjectStore,
    ObjectStoreExt, PutMode, PutOptions, RetryConfig,
};

use crate::contract::{self, Client, over, read, text};

/// A client that does not retry.
fn builder(server: &GcsServer) -> GoogleCloudStorageBuilder {
    GoogleCloudStorageBuilder::new()
        .with_base_url(&server.url())
        .with_bucket_name(&server.options().bucket)
        .with_bearer_token("a token")
        .with_retry(RetryConfig { max_retries: 0, ..Default::default() })
}

fn client(builder: GoogleCloudStorageBuilder) -> Client {
    Arc::new(builder.build().expect("a client"))
}

async fn start(options: GcsOptions) -> (GcsServer, Client) {
    let server = GcsServer::start(options).await.expect("it starts");
    let client = client(builder(&server));
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_the_contract() {
    let (server, client) = start(GcsOptions::default()).await;
    server.objects().set_page_limit(10);
    contract::keeps_the_contract(&client).await;
    let stored = server.objects().get("tile/entries/x001/x234/067.p/8").expect("there");
    assert_eq!(stored.headers["x-goog-storage-class"], "GLACIER_IR");
    let missing = client.delete(&Path::from("missing")).await.expect_err("missing");
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
}

#[tokio::test]
async fn no_generation_comes_again() {
    let (_server, client) = start(GcsOptions::default()).await;
    let path = Path::from("a");
    let first = client.put(&path, text(1)).await.expect("written");
    client.put(&path, text(2)).await.expect("written");
    let third = client.put(&path, text(1)).await.expect("written");
    assert_eq!(first.e_tag, third.e_tag);
    client.put_opts(&path, text(3), over(&first)).await.expect_err("an old version");
    client.put_opts(&path, text(3), over(&third)).await.expect("the present version");
    client.delete(&path).await.expect("removed");
    let last = client.put(&path, text(1)).await.expect("written");
    assert!(last.version > third.version);
}

#[tokio::test]
async fn tokens_are_checked() {
    let options = GcsOptions { token: Some("a token".to_owned()), ..Default::default() };
    let (server, good) = start(options).await;
    let path = Path::from("a");
    good.put(&path, text(1)).await.expect("written");
    let wrong = client(builder(&server).with_bearer_token("another"));
    let refused = wrong.put(&path, text(2)).await.expect_err("refused");
    assert!(matches!(refused, Error::Unauthenticated { .. }), "{refused}");
    wrong.get(&path).await.expect_err("refused");
    assert_eq!(read(&good, &path).await, "1");
}

#[tokio::test]
async fn a_public_bucket_can_be_read_and_no_more() {
    let token = Some("a token".to_owned());
    let (server, _) = start(GcsOptions { token, public: true, ..Default::default() }).await;
    server.objects().put("a", "1");
    let stranger = client(builder(&server).with_config(GoogleConfigKey::SkipSignature, "true"));
    assert_eq!(read(&stranger, &Path::from("a")).await, "1");
    stranger.list_with_delimiter(None).await.expect_err("refused");
}

#[tokio::test]
async fn a_service_account_leads_here() {
    let (server, _) = start(GcsOptions::default()).await;
    let client = GoogleCloudStorageBuilder::new()
        .with_bucket_name("log")
        .with_service_account_key(server.service_account());
    let client: Client = Arc::new(client.build().expect("a client"));
    client.put(&Path::from("a"), text(1)).await.expect("written");
    assert_eq!(server.objects().get("a").expect("there").bytes, "1");
}

#[tokio::test]
async fn updates_of_one_name_have_a_pace() {
    let pace = Duration::from_millis(300);
    let (server, client) =
        start(GcsOptions { update_interval: Some(pace), ..Default::default() }).await;
    let create = || PutOptions::from(PutMode::Create);
    let path = Path::from("checkpoint");
    let first = client.put_opts(&path, text(1), create()).await.expect("written");
    let soon = client.put_opts(&path, text(2), over(&first)).await.expect_err("too soon");
    assert!(soon.to_string().contains("429"), "{soon}");
    client.put_opts(&path, text(2), create()).await.expect_err("a false condition goes first");
    client.put_opts(&Path::from("another"), text(1), create()).await.expect("another name");
    tokio::time::sleep(pace).await;
    client.put_opts(&path, text(2), over(&first)).await.expect("late enough");
    assert_eq!(server.tally().of(Operation::Put).refused, 2);
}

#[tokio::test]
async fn packed_objects_are_unpacked_for_those_who_do_not_ask() {
    let (server, plain) = start(GcsOptions::default()).await;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&[b'x'; 1000]).expect("packed");
    let packed = packed.finish().expect("packed");
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentEncoding, "gzip".into());
    let options = PutOptions { attributes, ..Default::default() };
    let path = Path::from("tile/entries/000");
    plain.put_opts(&path, packed.clone().into(), options).await.expect("written");

    let unpacked = plain.get(&path).await.expect_err("an answer without a length");
    assert!(unpacked.to_string().contains("Content-Length"), "{unpacked}");
    let asks = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
    let http = ClientOptions::new().with_allow_http(true).with_default_headers(asks);
    let asking = client(builder(&server).with_client_options(http));
    let got = asking.get(&path).await.expect("readable");
    assert_eq!(got.attributes.get(&Attribute::ContentEncoding), Some(&"gzip".into()));
    assert_eq!(got.bytes().await.expect("whole"), packed);
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_modes_are_broken() {
    let (_server, client) =
        start(GcsOptions { conditions: Conditions::Raced, ..Default::default() }).await;
    let mut several = 0;
    for round in 0..20 {
        several += usize::from(contract::winners(&client, round).await.len() > 1);
    }
    assert!(several > 10, "several winners in {several} of 20 rounds");
}
