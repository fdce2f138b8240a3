//! Every kind of damage to every kind of object is repaired to the very same bytes, or left with
//! the reason; and a repair can be killed at every write.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fasti_audit::fsck::{Objects, Options, Report, fsck};
use fasti_client::fetch::{DirectoryFetch, Fetch, StoreFetch};
use fasti_kit::faulty::{Fault, Faulty};
use fasti_kit::fetched::trust;
use fasti_kit::made_log::{MadeLog, entries};
use fasti_store::{MemoryStore, ObjectPath};
use tokio::runtime::Runtime;

use super::*;

/// Two full bundles and a partial one, with the partial objects of earlier sizes.
fn small() -> MadeLog {
    let all = entries(700);
    let mut log = MadeLog::default();
    for size in [3, 300, 700] {
        log.publish(&all[..size]);
    }
    log.date(&(0..700).map(|n| 1_780_000_000 + n / 100).collect::<Vec<_>>());
    log
}

struct Damaged {
    directory: tempfile::TempDir,
    runtime: Runtime,
    whole: MadeLog,
}

/// What became of a repair.
struct Done {
    steps: Vec<String>,
    left: BTreeMap<String, String>,
    written: u64,
    after: Report,
}

impl Damaged {
    fn of(whole: MadeLog) -> Self {
        let directory = tempfile::tempdir().unwrap();
        whole.write_to(directory.path());
        Self { directory, runtime: Runtime::new().unwrap(), whole }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Puts these bytes, or nothing, in place of an object.
    fn put(&self, path: &str, bytes: Option<&[u8]>) {
        let file = self.path().join(path);
        match bytes {
            Some(bytes) => std::fs::write(file, bytes).unwrap(),
            None => std::fs::remove_file(file).unwrap(),
        }
    }

    fn check(&self) -> Report {
        check(&Objects::Directory(DirectoryFetch::open(self.path()).unwrap()))
    }

    fn repair(&self, from: Option<&MadeLog>) -> Done {
        let report = self.check();
        let log: Arc<dyn Fetch> = Arc::new(DirectoryFetch::open(self.path()).unwrap());
        let place = Place::Directory(self.path());
        let mut plan = self.runtime.block_on(plan(log, from, &report));
        let written = self.runtime.block_on(plan.carry_out(&place)).unwrap();
        let left = plan.left.into_iter().map(|left| (left.path, left.reason)).collect();
        let steps = plan.steps.into_iter().map(|step| step.path).collect();
        Done { steps, left, written, after: self.check() }
    }

    /// Which of the log's objects are not as they were.
    fn changed(&self) -> Vec<&str> {
        let objects = self.whole.objects.iter();
        let is_other = |(path, bytes): &(&String, &Vec<u8>)| {
            std::fs::read(self.path().join(path)).ok().as_ref() != Some(bytes)
        };
        objects.filter(is_other).map(|(path, _)| path.as_str()).collect()
    }
}

fn check(objects: &Objects) -> Report {
    let workers = NonZeroUsize::new(2).unwrap();
    let options = Options { workers, verify_signatures: false, attestations: false };
    fsck(objects, &trust(), options, |_| {}, &|_| {}).unwrap()
}

async fn plan(log: Arc<dyn Fetch>, from: Option<&MadeLog>, report: &Report) -> Plan {
    let from = from.map(|copy| Mirror { place: "the copy".to_owned(), fetch: copy.fetch() });
    let checkpoint = report.checkpoint.clone().unwrap();
    let context = RepairContext { log, from, trust: trust(), checkpoint };
    Plan::make(context, &report.problems).await
}

/// What can happen to an object: a bit flips, its end or all of it is lost, it gets longer, another
/// object takes its place.
fn damages(whole: &[u8], other: &[u8]) -> [Option<Vec<u8>>; 6] {
    let mut flipped = whole.to_vec();
    flipped[whole.len() / 2] ^= 1;
    [
        Some(flipped),
        Some(whole[..whole.len() - 1].to_vec()),
        Some(Vec::new()),
        None,
        Some([whole, b"x"].concat()),
        Some(other.to_vec()),
    ]
}

#[test]
fn every_damage_to_every_object_is_repaired_or_left_with_the_reason() {
    let log = Damaged::of(small());
    // An object, what may take its place, whether only a copy has it, and why it stays if even that
    // does not help.
    for (path, other, needs_copy, stays) in [
        ("tile/0/000", "tile/0/001", false, ""),
        ("tile/0/001", "tile/0/001.p/44", false, ""),
        ("tile/0/002.p/188", "tile/0/000", false, ""),
        ("tile/1/000.p/2", "tile/1/000.p/1", false, ""),
        ("tile/0/000.p/3", "tile/0/001.p/44", false, ""),
        ("tile/entries/001.p/44", "tile/entries/000.p/3", false, ""),
        ("tile/entries/000", "tile/entries/001", true, ""),
        ("tile/entries/002.p/188", "tile/entries/001.p/44", true, ""),
        ("time/001", "time/002.p/188", true, "the tree does not commit to times"),
    ] {
        let whole = log.whole.objects[path].clone();
        for damaged in damages(&whole, &log.whole.objects[other]) {
            log.put(path, damaged.as_deref());
            if log.check().is_clean() {
                // What is superseded may be missing.
                assert!(damaged.is_none() && path.contains(".p/") && !needs_copy, "{path}");
                log.put(path, Some(&whole));
                continue;
            }
            let alone = log.repair(None);
            if needs_copy {
                assert_eq!((alone.written, log.changed()), (0, vec![path]), "{path}");
                let why =
                    if stays.is_empty() { "name a copy of the log with --from" } else { stays };
                assert!(alone.left[path].contains(why), "{path}: {:?}", alone.left);
                let copied = log.repair(Some(&log.whole));
                assert_eq!(copied.after.is_clean(), stays.is_empty(), "{path}");
            } else {
                assert!(alone.after.is_clean(), "{path}: {:?}", alone.after.problems);
                assert_eq!((alone.written, &alone.steps[..]), (1, &[path.to_owned()][..]));
            }
            if stays.is_empty() {
                assert_eq!(log.changed(), Vec::<&str>::new(), "{path}");
            }
            log.put(path, Some(&whole));
        }
    }
}

#[test]
fn what_is_signed_or_unknown_or_ahead_is_never_written() {
    let log = Damaged::of(small());
    log.put("tile/0/other", Some(b"x"));
    log.put("tile/0/003.tmp", Some(b"x"));
    // Written by somebody for a tree that is not signed yet.
    log.put("tile/0/002.p/200", Some(b"x"));
    let done = log.repair(Some(&log.whole));
    assert_eq!((done.written, done.steps.len()), (0, 0));
    assert!(done.left["tile/0/other"].contains("no such object"), "{:?}", done.left);
    assert!(done.left["tile/0/002.p/200"].contains("beyond the signed tree"), "{:?}", done.left);
    let place = Place::Directory(log.path());
    for path in ["checkpoint", "log.json", "heads/latest", "lookup/latest", "lookup/checkpoint"] {
        let object = path.parse().unwrap();
        let written = log.runtime.block_on(place.put(object, Bytes::from_static(b"x")));
        assert!(matches!(written, Err(RepairError::Unplanned { .. })), "{path}");
    }
}

#[test]
fn what_a_later_check_finds_sound_is_not_left() {
    let log = Damaged::of(MadeLog::of(&entries(700)));
    let mut flipped = log.whole.objects["tile/0/000"].clone();
    flipped[4000] ^= 1;
    log.put("tile/0/000", Some(&flipped));
    log.put("tile/1/000.p/2", None);
    log.put("tile/0/other", Some(b"x"));
    // Without the tile above, nothing says which of the two is damaged, the tile or its entries.
    let Done { written, left, mut after, .. } = log.repair(None);
    assert_eq!(written, 2);
    let named: Vec<_> = left.keys().map(String::as_str).collect();
    assert_eq!(named, ["tile/0/002.p/188", "tile/0/other", "tile/entries/000"], "{left:?}");
    let found: Vec<_> = after.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(found, ["tile/0/other"]);
    let left = left.into_iter().map(|(path, reason)| Left { path, reason });
    let left: Vec<_> = left.collect();
    let still = |after: &Report| {
        let still = Left::still_wrong(left.clone(), after);
        still.into_iter().map(|left| left.path).collect::<Vec<_>>()
    };
    assert_eq!(still(&after), ["tile/0/other"]);
    // What is not named may still be wrong.
    after.problems_omitted = 1;
    assert_eq!(still(&after).len(), 3);
}

#[test]
fn a_copy_that_lies_is_not_believed() {
    let log = Damaged::of(small());
    let mut all = entries(700);
    all[3] = b"another".to_vec();
    let lying = MadeLog::of(&all);
    let path = "tile/entries/000";
    log.put(path, None);
    let done = log.repair(Some(&lying));
    assert_eq!((done.written, done.steps.len()), (0, 0));
    assert!(done.left[path].contains("nothing that is left hashes to"), "{:?}", done.left);
    // A copy that has more, and in other widths, is as good.
    let larger = MadeLog::of(&entries(800));
    log.put("tile/entries/002.p/188", Some(b"x"));
    assert!(log.repair(Some(&larger)).after.is_clean());
    assert_eq!(log.changed(), Vec::<&str>::new());
}

#[test]
fn damage_on_all_levels_at_once_is_repaired() {
    let log = Damaged::of(MadeLog::of(&entries(66_000)));
    let flip = |path: &str| {
        let mut bytes = log.whole.objects[path].clone();
        bytes[40] ^= 1;
        log.put(path, Some(&bytes));
    };
    log.put("tile/2/000.p/1", None);
    log.put("tile/1/000", None);
    log.put("tile/0/005", None);
    flip("tile/0/007");
    flip("tile/0/257.p/208");
    let done = log.repair(None);
    assert!(done.after.is_clean(), "{:?} {:?}", done.left, done.after.problems);
    assert_eq!(log.changed(), Vec::<&str>::new());
    flip("tile/1/000");
    flip("tile/0/009");
    flip("tile/entries/011");
    log.put("tile/entries/257.p/208", None);
    log.put("tile/0/257.p/208", None);
    // Only once the right edge is sound can it be known what is wrong below it.
    let done = log.repair(Some(&log.whole));
    assert!(!done.after.is_clean());
    let done = log.repair(Some(&log.whole));
    assert!(done.after.is_clean(), "{:?} {:?}", done.left, done.after.problems);
    assert_eq!(log.changed(), Vec::<&str>::new());
}

fn stored(log: &MadeLog) -> Arc<MemoryStore> {
    let store = MemoryStore::default();
    for (path, bytes) in &log.objects {
        store.overwrite(&ObjectPath::new(path.as_str()).unwrap(), bytes.clone().into());
    }
    Arc::new(store)
}

fn in_store(store: &Arc<MemoryStore>, runtime: &Runtime) -> Objects {
    let fetch = Arc::new(StoreFetch::new(store.clone()));
    Objects::Remote { fetch, runtime: runtime.handle().clone() }
}

#[test]
fn a_repair_that_was_killed_at_any_write_is_finished_by_the_next() {
    let log = MadeLog::of(&entries(700));
    let runtime = Runtime::new().unwrap();
    let damaged = stored(&log);
    let path = |path: &str| ObjectPath::new(path).unwrap();
    damaged.overwrite(&path("tile/0/000"), Bytes::from_static(b"x"));
    damaged.remove(&path("tile/0/002.p/188"));
    damaged.remove(&path("tile/1/000.p/2"));
    damaged.overwrite(&path("tile/entries/001"), Bytes::from_static(b"x"));
    let whole = stored(&log).objects();
    for (kill_at, is_late) in (0..4).flat_map(|at| [(at, false), (at, true)]) {
        let store = Arc::new(damaged.snapshot());
        let fault = if is_late { Fault::FailAfter } else { Fault::FailBefore };
        let dying = Arc::new(Faulty::over(&store, kill_at + 1, fault));
        let report = check(&in_store(&store, &runtime));
        let fetch: Arc<dyn Fetch> = Arc::new(StoreFetch::new(store.clone()));
        let mut plan = runtime.block_on(plan(fetch.clone(), Some(&log), &report));
        assert_eq!((plan.steps.len(), plan.left.len()), (4, 0));
        let place = Place::Store { objects: dying, housekeeping: store.clone() };
        let killed = runtime.block_on(plan.carry_out(&place));
        assert!(matches!(killed, Err(RepairError::Store { .. })), "{killed:?}");

        let report = check(&in_store(&store, &runtime));
        let mut plan = runtime.block_on(super::tests::plan(fetch, Some(&log), &report));
        let place = Place::Store { objects: store.clone(), housekeeping: store.clone() };
        let left = 4 - kill_at - usize::from(is_late);
        assert_eq!(runtime.block_on(plan.carry_out(&place)).unwrap(), left as u64);
        assert_eq!(store.objects(), whole, "{kill_at} {is_late}");
    }
}

#[test]
fn an_object_that_was_changed_meanwhile_is_left_alone() {
    let runtime = Runtime::new().unwrap();
    let log = Damaged::of(MadeLog::of(&entries(300)));
    log.put("tile/0/000", None);
    log.put("tile/entries/000", None);
    let report = log.check();
    let fetch: Arc<dyn Fetch> = Arc::new(DirectoryFetch::open(log.path()).unwrap());
    let mut plan = runtime.block_on(plan(fetch, Some(&log.whole), &report));
    assert_eq!(plan.steps.len(), 2);
    // Somebody else has repaired it: then nothing is written.
    log.whole.write_to(Path::new(&log.path()));
    let place = Place::Directory(log.path());
    assert_eq!(runtime.block_on(plan.carry_out(&place)).unwrap(), 0);
}
