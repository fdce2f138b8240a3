//! Buckets on the wire: S3 and GCS servers in this process, with broken connections and misleading
//! answers.

use std::sync::Arc;
use std::time::Duration;

use fasti::client::fetch::{BucketFetch, Fetch as _};
use fasti::store::probe::{Check, ProbeError, examine, probe};
use fasti::store::{
    Attempt, BucketOptions, BucketStore, Created, KeyPair, NewObject, Replaced, StoreError, Stores,
    contract,
};
use fasti_buckets::{
    Conditions, Fault, Faults, GcsOptions, GcsServer, Objects, Operation, Rule, S3Options,
    S3Server, Tally,
};
use http::StatusCode;

use super::{location, path};

const NONCE: [u8; 16] = [7; 16];

/// A server and a store that talks to it.
struct World {
    objects: Arc<Objects>,
    faults: Arc<Faults>,
    tally: Arc<Tally>,
    stores: Stores,
    /// Dropping this stops the server.
    _server: Server,
}

#[expect(dead_code, reason = "held, not read")]
enum Server {
    S3(S3Server),
    Gcs(GcsServer),
}

async fn s3(options: S3Options) -> World {
    let server = S3Server::start(options).await.unwrap();
    let store =
        BucketStore::open(location("s3://log/some/log"), &s3_options(&server)).await.unwrap();
    World {
        objects: server.objects().clone(),
        faults: server.faults().clone(),
        tally: server.tally().clone(),
        stores: Stores::shared(Arc::new(store)),
        _server: Server::S3(server),
    }
}

fn s3_options(server: &S3Server) -> BucketOptions {
    let account = server.options();
    BucketOptions {
        endpoint: Some(server.url()),
        keys: Some(KeyPair { id: account.access_key.clone(), secret: account.secret_key.clone() }),
        ..BucketOptions::default()
    }
}

async fn gcs(options: GcsOptions) -> World {
    let server = GcsServer::start(options).await.unwrap();
    let options = BucketOptions { endpoint: Some(server.url()), ..BucketOptions::default() };
    let store = BucketStore::open(location("gs://log/some/log"), &options).await.unwrap();
    World {
        objects: server.objects().clone(),
        faults: server.faults().clone(),
        tally: server.tally().clone(),
        stores: Stores::shared(Arc::new(store)),
        _server: Server::Gcs(server),
    }
}

async fn both() -> [World; 2] {
    [s3(S3Options::default()).await, gcs(GcsOptions::default()).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_kept() {
    for world in both().await {
        contract::check(&world.stores).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_of_many_pages_are_followed() {
    for world in both().await {
        world.objects.set_page_limit(2);
        contract::check(&world.stores).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_passes_and_tidies_up() {
    let slow =
        GcsOptions { update_interval: Some(Duration::from_millis(200)), ..GcsOptions::default() };
    for world in both().await.into_iter().chain([gcs(slow).await]) {
        probe(&world.stores, NONCE).await.unwrap();
        let left = world.stores.housekeeping.unwrap().list("", None, 10).await.unwrap();
        assert_eq!(left, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_names_stores_that_break_conditions() {
    for conditions in [Conditions::Ignored, Conditions::OnlyCreate, Conditions::Raced] {
        let s3 = s3(S3Options { conditions, ..S3Options::default() }).await;
        let gcs = gcs(GcsOptions { conditions, ..GcsOptions::default() }).await;
        for world in [s3, gcs] {
            let found = examine(&world.stores, NONCE).await.checks;
            let of = |check| found.iter().find(|(made, _)| *made == check).unwrap().1.as_ref();
            if conditions == Conditions::OnlyCreate {
                of(Check::Creates).unwrap();
            } else {
                let creates = of(Check::Creates).unwrap_err();
                assert!(matches!(creates, ProbeError::ManyCreators { .. }), "{creates}");
            }
            let replacements = of(Check::Replacements).unwrap_err();
            assert!(replacements.is_refusal(), "{conditions:?}: {replacements}");
            let increments = of(Check::Increments).unwrap_err();
            assert!(matches!(increments, ProbeError::UpdatesLost { .. }), "{increments}");
        }
    }
}

/// A store that refuses a write while another write of the same name is in progress keeps the
/// contract, and passes the probe.
#[tokio::test(flavor = "multi_thread")]
async fn writes_that_meet_another_one_are_sent_again() {
    for conditions in [Conditions::OneAtATime, Conditions::Colliding] {
        let world = s3(S3Options { conditions, ..S3Options::default() }).await;
        contract::check(&world.stores).await;
        probe(&world.stores, NONCE).await.unwrap();
        let objects = &world.stores.objects;
        let batch = [NewObject { path: path("tile/0/777.p/1"), bytes: vec![1; 32].into() }];
        let (one, two) = tokio::join!(
            objects.put_immutable(&batch, Attempt::First),
            objects.put_immutable(&batch, Attempt::First)
        );
        one.unwrap();
        two.unwrap();
    }
}

/// Two creates collided, the first had no effect, and no object is there: that is not an "exists".
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_not_an_object() {
    let world = s3(S3Options::default()).await;
    let objects = &world.stores.objects;
    let conflict = |n| Rule::new(Fault::Refuse(StatusCode::CONFLICT)).on(Operation::Put).first(n);
    world.faults.add(conflict(3));
    let created = objects.create(&path("checkpoint"), "0".into()).await.unwrap();
    assert_eq!(created, Created::Now);
    let version = objects.get(&path("checkpoint")).await.unwrap().unwrap().version;
    world.faults.replace(vec![conflict(3)]);
    let replaced = objects.replace(&path("checkpoint"), "1".into(), &version).await.unwrap();
    assert!(matches!(replaced, Replaced::Now(_)));
    world.faults.replace(vec![conflict(1)]);
    let replaced = objects.replace(&path("checkpoint"), "2".into(), &version).await.unwrap();
    assert_eq!(replaced, Replaced::Conflict);
    world.faults.replace(vec![conflict(1)]);
    let created = objects.create(&path("checkpoint"), "3".into()).await.unwrap();
    assert_eq!(created, Created::Already);
    assert_eq!(world.faults.strikes(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_gives_nothing_but_conflicts_is_named() {
    let world = s3(S3Options { conditions: Conditions::NeverFree, ..S3Options::default() }).await;
    let found = probe(&world.stores, NONCE).await.unwrap_err();
    assert!(matches!(found, ProbeError::NeverFree(StoreError::Contended { .. })), "{found}");
    assert!(found.is_refusal());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_write_is_sent_once() {
    for world in both().await {
        let objects = &world.stores.objects;
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        for (n, fault, happened) in [
            (0, Fault::FailAfter(unavailable), true),
            (1, Fault::ResetAfter, true),
            (2, Fault::ResetBefore, false),
            (3, Fault::Refuse(unavailable), false),
            (4, Fault::Refuse(StatusCode::TOO_MANY_REQUESTS), false),
            (5, Fault::Refuse(StatusCode::PRECONDITION_FAILED), false),
        ] {
            let name = path(&format!("name-{n}"));
            world.faults.replace(vec![Rule::new(fault).on(Operation::Put).first(1)]);
            world.tally.reset();
            let answer = objects.create(&name, "mine".into()).await;
            assert!(matches!(answer, Err(StoreError::Ambiguous { .. })), "{fault:?}: {answer:?}");
            assert_eq!(world.tally.requests(Operation::Put), 1, "{fault:?}");
            let again = objects.create(&name, "mine".into()).await.unwrap();
            let expected = if happened { Created::Already } else { Created::Now };
            assert_eq!(again, expected, "{fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_is_sent_once() {
    for world in both().await {
        let (objects, name) = (&world.stores.objects, path("checkpoint"));
        objects.create(&name, "0".into()).await.unwrap();
        for (n, fault, happened) in [
            (1, Fault::FailAfter(StatusCode::INTERNAL_SERVER_ERROR), true),
            (2, Fault::ResetAfter, true),
            (3, Fault::ResetBefore, false),
        ] {
            let bytes = n.to_string();
            let before = objects.get(&name).await.unwrap().unwrap().version;
            world.faults.replace(vec![Rule::new(fault).on(Operation::Put).first(1)]);
            world.tally.reset();
            let answer = objects.replace(&name, bytes.clone().into(), &before).await;
            assert!(matches!(answer, Err(StoreError::Ambiguous { .. })), "{fault:?}: {answer:?}");
            assert_eq!(world.tally.requests(Operation::Put), 1, "{fault:?}");
            let again = objects.replace(&name, bytes.clone().into(), &before).await.unwrap();
            assert_eq!(again == Replaced::Conflict, happened, "{fault:?}");
            assert_eq!(objects.get(&name).await.unwrap().unwrap().bytes, bytes, "{fault:?}");
        }
        let before = objects.get(&name).await.unwrap().unwrap().version;
        let refuse = Fault::Refuse(StatusCode::PRECONDITION_FAILED);
        world.faults.replace(vec![Rule::new(refuse).on(Operation::Put).first(1)]);
        let answer = objects.replace(&name, "x".into(), &before).await.unwrap();
        assert_eq!(answer, Replaced::Conflict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_final() {
    for world in both().await {
        let objects = &world.stores.objects;
        objects.create(&path("there"), "0".into()).await.unwrap();
        let version = objects.get(&path("there")).await.unwrap().unwrap().version;
        for status in [
            StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::FORBIDDEN,
            StatusCode::NOT_IMPLEMENTED,
        ] {
            world.faults.replace(vec![Rule::new(Fault::Refuse(status)).on(Operation::Put)]);
            let created = objects.create(&path("a"), "1".into()).await;
            assert!(matches!(created, Err(StoreError::Io { .. })), "{status}: {created:?}");
            let replaced = objects.replace(&path("there"), "1".into(), &version).await;
            assert!(matches!(replaced, Err(StoreError::Io { .. })), "{status}: {replaced:?}");
        }
        // There is no bucket of this name.
        let gone = Fault::Refuse(StatusCode::NOT_FOUND);
        world.faults.replace(vec![Rule::new(gone).on(Operation::Put)]);
        let created = objects.create(&path("a"), "1".into()).await;
        assert!(matches!(created, Err(StoreError::Io { .. })), "{created:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_and_immutable_objects_survive_a_bad_line() {
    for world in both().await {
        let objects = &world.stores.objects;
        let batch: Vec<NewObject> = (0..40)
            .map(|n| NewObject {
                path: path(&format!("tile/entries/x{n:03}/000")),
                bytes: vec![n; 2000].into(),
            })
            .collect();
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        world.faults.replace(vec![
            Rule::new(Fault::FailAfter(unavailable)).on(Operation::Put).first(9),
            Rule::new(Fault::ResetAfter).on(Operation::Put).first(9),
            Rule::new(Fault::Refuse(StatusCode::CONFLICT)).on(Operation::Put).first(9),
            Rule::new(Fault::Truncate).on(Operation::Get).first(9),
            Rule::new(Fault::Refuse(unavailable)).on(Operation::Get).first(9),
        ]);
        objects.put_immutable(&batch, Attempt::First).await.unwrap();
        for object in &batch {
            let read = objects.get(&object.path).await.unwrap().unwrap();
            assert_eq!(read.bytes, object.bytes, "{}", object.path);
        }
        assert!(world.faults.strikes() >= 36, "{}", world.faults.strikes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_bucket_tells_readers_what_each_object_is() {
    for world in both().await {
        let objects = &world.stores.objects;
        objects.create(&path("checkpoint"), "0".into()).await.unwrap();
        let version = objects.get(&path("checkpoint")).await.unwrap().unwrap().version;
        objects.replace(&path("checkpoint"), "1".into(), &version).await.unwrap();
        let bundle = NewObject { path: path("tile/entries/000.p/1"), bytes: vec![1; 500].into() };
        objects.put_immutable(&[bundle], Attempt::First).await.unwrap();
        let said = |name: &str, header: &str| {
            let object = world.objects.get(&format!("some/log/{name}")).unwrap();
            object.headers.get(header).map(|value| value.to_str().unwrap().to_owned())
        };
        let of_checkpoint = |header| said("checkpoint", header);
        assert_eq!(of_checkpoint("content-type").unwrap(), "text/plain; charset=utf-8");
        assert_eq!(of_checkpoint("cache-control").unwrap(), "no-cache");
        assert_eq!(of_checkpoint("content-encoding"), None);
        let of_bundle = |header| said("tile/entries/000.p/1", header).unwrap();
        assert_eq!(of_bundle("content-type"), "application/octet-stream");
        assert_eq!(of_bundle("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(of_bundle("content-encoding"), "gzip");
        assert!(world.objects.get("some/log/tile/entries/000.p/1").unwrap().bytes.len() < 100);
    }
}

/// A read of part of a large object transfers only that part; an interrupted read is resumed.
#[tokio::test(flavor = "multi_thread")]
async fn parts_are_read_without_the_rest() {
    for world in both().await {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        world.objects.put("some/log/lookup/run/0/256/0", bytes.clone());
        let (objects, name) = (&world.stores.objects, path("lookup/run/0/256/0"));
        world.tally.reset();
        let part = objects.get_range(&name, 2_000_000..2_004_512).await.unwrap().unwrap();
        assert!(part == bytes[2_000_000..2_004_512]);
        assert_eq!(objects.length(&name).await.unwrap(), Some(3_000_000));
        let (get, head) = (world.tally.of(Operation::Get), world.tally.of(Operation::Head));
        assert_eq!((get.requests, get.sent, head.requests), (1, 4512, 1));

        world.faults.add(Rule::new(Fault::Truncate).on(Operation::Get).first(1));
        let part = objects.get_range(&name, 0..1_000_000).await.unwrap().unwrap();
        assert!(part == bytes[..1_000_000], "the interrupted read is resumed");
        assert_eq!(world.faults.strikes(), 1);
        world.faults.clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_read_a_log_in_a_bucket() {
    let server = S3Server::start(S3Options::default()).await.unwrap();
    let options = s3_options(&server);
    let store = BucketStore::open(location("s3://log"), &options).await.unwrap();
    let stores = Stores::shared(Arc::new(store));
    let bundle = NewObject { path: path("tile/entries/000.p/1"), bytes: "\0\u{1}x".into() };
    stores.objects.put_immutable(&[bundle], Attempt::First).await.unwrap();

    let fetch = BucketFetch::new(location("s3://log"), options.clone());
    let read = fetch.fetch(&"tile/entries/000.p/1".parse().unwrap()).await.unwrap();
    assert_eq!(read.unwrap(), b"\0\x01x");
    assert!(fetch.fetch(&"checkpoint".parse().unwrap()).await.unwrap().is_none());
    server.objects().put("lookup/run/0/256/0", "0123456789");
    let part = "lookup/run/0/256/0".parse().unwrap();
    assert_eq!(fetch.fetch_part(&part, 2..5).await.unwrap().unwrap(), b"234");
    assert_eq!(fetch.fetch_lookup(&part).await.unwrap().unwrap(), b"0123456789");
    let beyond = fetch.fetch_part(&part, 8..11).await.unwrap_err();
    assert!(beyond.is_damage(), "{beyond}");
    assert!(fetch.fetch_part(&part, 0..u64::MAX).await.is_err());
    let absent = "lookup/run/0/256/1".parse().unwrap();
    assert_eq!(fetch.fetch_part(&absent, 2..5).await.unwrap(), None);
    assert_eq!(fetch.fetch_lookup(&"lookup/latest".parse().unwrap()).await.unwrap(), None);
    let stranger = KeyPair { id: "writer".into(), secret: "wrong".into() };
    let options = BucketOptions { keys: Some(stranger), ..options };
    let fetch = BucketFetch::new(location("s3://log"), options.clone());
    let refused = fetch.fetch(&"checkpoint".parse().unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("s3://log/checkpoint"), "{refused}");
    assert!(!format!("{options:?}").contains("wrong"), "secrets are not shown");
}
