//! The builder: over many revisions, alongside other builders, and after every kind of failure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fasti::causes::with_causes;
use fasti::lookup::{Advance, Builder, IndexContext, IndexError, LookupConfig, keep_while_leading};
use fasti::lookup_spec::{LookupPath, ranges};
use fasti::store::{Housekeeping as _, MemoryStore, ObjectPath, Store};
use tiles_spec::TreeSize;

use crate::brute;
use crate::live::{Live, latest, quick};
use fasti_kit::faulty::{FAULTS, Fault, Faulty};

fn size(n: usize) -> TreeSize {
    TreeSize::new(n as u64).unwrap()
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::new(text).unwrap()
}

/// Asserts that the published index is that of all entries, byte for byte.
async fn expect_right(live: &Live, store: &MemoryStore) {
    let manifest = latest(store).await.expect("an index");
    assert_eq!(manifest.head, live.log.published().head);
    let (runs, parts) = brute::index(&brute::postings(&live.entries), manifest.head.size);
    assert_eq!(manifest.runs, runs);
    for (path, bytes) in parts {
        let path = path.parse::<LookupPath>().unwrap().into();
        assert_eq!(store.get(&path).await.unwrap().unwrap().bytes, bytes, "{path}");
    }
}

async fn catch_up(site: &IndexContext) {
    let mut builder = Builder::open(site.clone()).await.unwrap();
    builder.catch_up().await.unwrap();
}

#[tokio::test]
async fn an_index_grows_with_its_log() {
    let mut live = Live::start().await;
    let mut builder = Builder::open(live.site(live.store.clone(), quick())).await.unwrap();
    assert_eq!(builder.advance(u64::MAX).await.unwrap(), Advance::UpToDate);
    assert!(latest(&*live.store).await.is_none(), "an empty log has no index");
    for count in [1, 2, 5, 255, 256, 257, 600, 601, 2100] {
        live.grow(count).await;
        let revised = builder.advance(u64::MAX).await.unwrap();
        let head = live.log.published().head;
        assert_eq!(revised, Advance::Revised { indexed: head, log: head });
        expect_right(&live, &live.store).await;
        assert_eq!(builder.advance(u64::MAX).await.unwrap(), Advance::UpToDate);
    }
    // The revisions are a log that anyone can read.
    let file = live.store.get(&path("lookup/tile/0/000.p/9")).await.unwrap();
    assert_eq!(file.unwrap().bytes.len(), 9 * 32);
    assert!(live.store.get(&path("lookup/revision/008")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_log_is_caught_up_with_in_portions() {
    let mut live = Live::start().await;
    live.grow(2000).await;
    let config = LookupConfig { postings_max: 1000, ..quick() };
    let mut builder = Builder::open(live.site(live.store.clone(), config)).await.unwrap();
    let mut sizes = Vec::new();
    while let Advance::Revised { indexed, log } = builder.advance(u64::MAX).await.unwrap() {
        assert_eq!(log.size, size(2000));
        assert_eq!(latest(&*live.store).await.unwrap().head, indexed);
        sizes.push(indexed.size.get());
        // A builder that starts after a crash continues from there.
        builder = Builder::open(live.site(live.store.clone(), config)).await.unwrap();
    }
    assert!(sizes.len() > 5 && sizes[..sizes.len() - 1].iter().all(|n| n % 256 == 0), "{sizes:?}");
    expect_right(&live, &live.store).await;

    let straight = Arc::new(MemoryStore::default());
    catch_up(&live.site(straight.clone(), config)).await;
    let index = |objects: BTreeMap<ObjectPath, Bytes>| -> Vec<_> {
        objects.into_iter().filter(|(path, _)| path.as_str().starts_with("lookup/")).collect()
    };
    assert_eq!(index(straight.objects()), index(live.store.objects()), "the same bytes");
}

#[tokio::test(start_paused = true)]
async fn a_builder_that_stops_anywhere_is_continued_by_another() {
    let mut live = Live::start().await;
    live.grow(300).await;
    let before = Arc::new(MemoryStore::default());
    catch_up(&live.site(before.clone(), quick())).await;
    live.grow(700).await;
    let straight = Arc::new(before.snapshot());
    let counting = Arc::new(Faulty::over(&straight, 0, Fault::FailBefore));
    catch_up(&live.site(counting.clone(), quick())).await;
    for fault in FAULTS {
        for n in 1..=counting.writes() {
            let inner = Arc::new(before.snapshot());
            let faulty = Arc::new(Faulty::over(&inner, n, fault));
            let site = live.site(faulty.clone(), quick());
            let met = faulty.run(async {
                let mut builder = Builder::open(site).await?;
                builder.catch_up().await
            });
            if let Some(Err(error)) = met.await {
                assert!(error.is_passing(), "write {n}, {fault:?}: {error}");
            }
            catch_up(&live.site(inner.clone(), quick())).await;
            assert_eq!(inner.objects(), straight.objects(), "write {n}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn of_two_builders_one_is_overtaken() {
    let mut live = Live::start().await;
    live.grow(100).await;
    let site = live.site(live.store.clone(), quick());
    let mut slow = Builder::open(site.clone()).await.unwrap();
    let mut fast = Builder::open(site.clone()).await.unwrap();
    // The same tree gives the same revision, whichever builder was faster.
    slow.advance(u64::MAX).await.unwrap();
    fast.advance(u64::MAX).await.unwrap();
    live.grow(200).await;
    fast.advance(u64::MAX).await.unwrap();
    live.grow(300).await;
    let error = slow.advance(u64::MAX).await.unwrap_err();
    assert!(matches!(error, IndexError::Overtaken { .. }) && error.is_passing(), "{error}");
    assert_eq!(latest(&*live.store).await.unwrap().head.size, size(200));
    catch_up(&site).await;
    expect_right(&live, &live.store).await;
    // Now the faster builder is overtaken.
    live.grow(301).await;
    assert!(fast.advance(u64::MAX).await.is_err());
}

#[tokio::test]
async fn what_a_power_cut_leaves_is_mended() {
    let mut live = Live::start().await;
    let site = live.site(live.store.clone(), quick());
    for count in [10, 20, 300] {
        live.grow(count).await;
        catch_up(&site).await;
    }
    let whole = live.store.objects();
    for torn in ["lookup/checkpoint", "lookup/latest"] {
        for bytes in [Bytes::new(), Bytes::from_static(&[0; 300])] {
            live.store.overwrite(&path(torn), bytes);
            catch_up(&site).await;
            assert_eq!(live.store.objects(), whole, "{torn}");
        }
        live.store.remove(&path(torn));
        catch_up(&site).await;
        assert_eq!(live.store.objects(), whole, "{torn}");
    }
}

#[tokio::test]
async fn what_is_no_index_of_this_log_is_refused_by_name() {
    let mut live = Live::start().await;
    let site = live.site(live.store.clone(), quick());
    live.grow(300).await;
    catch_up(&site).await;
    let whole = live.store.objects();
    let changed = |name: &str, bytes: Option<Bytes>| {
        let store = Arc::new(live.store.snapshot());
        match bytes {
            Some(bytes) => store.overwrite(&path(name), bytes),
            None => store.remove(&path(name)),
        }
        let site = live.site(store, quick());
        async move {
            let opened = match Builder::open(site).await {
                Ok(mut builder) => builder.catch_up().await.map(|_| ()),
                Err(error) => Err(error),
            };
            with_causes(&opened.expect_err("it is refused"))
        }
    };
    let revision = &whole[&path("lookup/revision/000")];
    let other = |from: &str, to: &str| {
        let text = String::from_utf8(revision.to_vec()).unwrap();
        Some(Bytes::from(text.replacen(from, to, 1)))
    };
    for (name, bytes, words) in [
        ("lookup/revision/000", None, "missing"),
        ("lookup/revision/000", Some(Bytes::from_static(b"x")), "is not a revision"),
        (
            "lookup/revision/000",
            other("log.test/lookup\n300", "log.test/lookuq\n300"),
            "to the log",
        ),
        ("lookup/revision/001", Some(revision.slice(..revision.len() - 1)), "is not a revision"),
        ("lookup/revision/001", other("\u{2014} log.test", "\u{2014} log.best"), "does not verify"),
        (
            "lookup/tile/0/000.p/1",
            Some(Bytes::from_static(&[7; 32])),
            "do not match its checkpoint",
        ),
        ("lookup/tile/0/000.p/1", None, "do not match its checkpoint"),
        ("lookup/checkpoint", Some(whole[&path("checkpoint")].clone()), "not signed by this key"),
    ] {
        let error = changed(name, bytes).await;
        assert!(error.contains(words), "{name}: {error}");
    }
    // The log itself, in an earlier state or replaced by another.
    let mut less = Live::start().await;
    less.grow(200).await;
    for (objects, words) in [(less.store.objects(), "has a tree of 200 entries")] {
        let store = Arc::new(live.store.snapshot());
        for (path, bytes) in objects {
            store.overwrite(&path, bytes);
        }
        let mut site = live.site(store.clone(), quick());
        site.log = Arc::new(fasti::client::fetch::StoreFetch::new(store));
        let mut builder = Builder::open(site).await.unwrap();
        let error = builder.advance(u64::MAX).await.unwrap_err();
        assert!(error.to_string().contains(words) && !error.is_passing(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_stops_publishes_what_it_has_committed() {
    let mut live = Live::start().await;
    live.grow(300).await;
    let counting = Arc::new(Faulty::over(&Arc::default(), 0, Fault::Slow));
    catch_up(&live.site(counting.clone(), quick())).await;
    let mut committed = 0;
    for n in 1..=counting.writes() {
        let mut live = Live::start().await;
        live.grow(300).await;
        let slow = Arc::new(Faulty::over(&live.store, n, Fault::Slow));
        let site = live.site(slow.clone(), quick());
        let keeping = tokio::spawn(keep_while_leading(live.log.clone(), site));
        slow.met().await;
        live.log.shut_down();
        keeping.await.unwrap();
        let revision = live.store.get(&path("lookup/revision/000")).await.unwrap();
        assert_eq!(latest(&*live.store).await.is_some(), revision.is_some(), "write {n}");
        committed += usize::from(revision.is_some());
    }
    // Parts come before the revision, and its tile, bundle, checkpoint and `latest` after it.
    assert!((5..counting.writes()).contains(&committed), "{committed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_merges_are_made_beside_and_old_parts_go() {
    let mut live = Live::start().await;
    let config = LookupConfig {
        rewrite_max: 300,
        keep_for: Duration::ZERO,
        spacing: Duration::from_millis(1),
        ..LookupConfig::default()
    };
    let site = live.site(live.store.clone(), config);
    let keeping = tokio::spawn(keep_while_leading(live.log.clone(), site));
    let mut were_in_pieces = false;
    for count in (1..=60).map(|n| n * 50) {
        live.grow(count).await;
        if let Some(manifest) = latest(&*live.store).await {
            let shown: Vec<_> = manifest.runs.iter().map(|run| run.range).collect();
            were_in_pieces |= shown != ranges(manifest.head.size);
        }
    }
    let head = live.log.published().head;
    let whole = async {
        loop {
            let manifest = latest(&*live.store).await.unwrap();
            let shown: Vec<_> = manifest.runs.iter().map(|run| run.range).collect();
            if manifest.head == head && shown == ranges(head.size) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), whole).await.expect("it is whole in the end");
    assert!(were_in_pieces, "merges were put off");
    expect_right(&live, &live.store).await;
    // The next revisions remove the parts that no revision needs any more.
    let gone = async {
        for count in 3001.. {
            live.grow(count).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            let manifest = latest(&*live.store).await.unwrap();
            let needed: usize = manifest.runs.iter().map(|run| run.parts.len()).sum();
            let there = live.store.list("lookup/run/", None, 10_000).await.unwrap().len();
            if there <= needed + 3 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), gone).await.expect("old parts go");
    live.log.shut_down();
    tokio::time::timeout(Duration::from_secs(10), keeping).await.expect("it ends").unwrap();
}
