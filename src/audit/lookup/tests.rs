//! Intact indexes are clean; every single damage, and every wrong index that was signed, is named.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use async_trait::async_trait;
use fasti_client::fetch::FetchError;
use fasti_kit::fetched::trust;
use fasti_kit::made_log::ORIGIN;
use fasti_lookup_spec::LookupPath;
use tempfile::TempDir;
use tiles_spec::ResourcePath;
use tokio::runtime::Runtime;

use super::*;

mod scene;

use scene::{Index, Scene};

/// Eleven units and a remainder: four runs. In the first of them, one key has pages of its own.
const SIZE: usize = 2900;

fn check_objects(objects: &Objects, runtime: &Runtime) -> IndexReport {
    let trust = trust();
    let keys = Keys { log: &trust, lookup: &trust.in_lookup_of(ORIGIN), origin: ORIGIN };
    let scratch = std::env::temp_dir();
    let options = Options { workers: NonZeroUsize::MIN, scratch };
    check(objects, runtime.handle(), keys, &options, |_| {}, &|_| {}).unwrap()
}

fn check_directory(directory: &Path) -> IndexReport {
    let runtime = Runtime::new().unwrap();
    let directory = DirectoryFetch::open(directory.to_owned()).unwrap();
    check_objects(&Objects::Directory(directory), &runtime)
}

fn written(scene: &Scene) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    scene.log.write_to(directory.path());
    directory
}

fn check_written(scene: &Scene) -> IndexReport {
    check_directory(written(scene).path())
}

fn check_remote(scene: &Scene) -> IndexReport {
    let runtime = Runtime::new().unwrap();
    let objects = Objects::Remote { fetch: scene.log.fetch(), runtime: runtime.handle().clone() };
    check_objects(&objects, &runtime)
}

/// Each problem as it is printed.
fn problems(report: &IndexReport) -> Vec<String> {
    report.problems.iter().map(|p| format!("{}: {}", p.path, p.problem)).collect()
}

/// Checks that the report names these, in this order, by path and words, and nothing else.
#[track_caller]
fn names(scene: &Scene, expected: &[(&str, &str)]) {
    for report in [check_written(scene), check_remote(scene)] {
        let problems = problems(&report);
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, (path, words)) in problems.iter().zip(expected) {
            let is_named = problem.starts_with(&format!("{path}: ")) && problem.contains(words);
            assert!(is_named, "{path}: {words} in {problems:#?}");
        }
    }
}

#[test]
fn indexes_of_every_shape_are_clean() {
    for size in [0, 1, 2, 255, 256, 257, 512, 600, SIZE] {
        let mut scene = Scene::of(size);
        scene.revise(size);
        for report in [check_written(&scene), check_remote(&scene)] {
            assert_eq!(problems(&report), [""; 0], "{size}");
            assert_eq!((report.revisions, report.size), (1, Some(size as u64)));
            assert_eq!((report.postings, report.unlisted), (3 * size as u64, 0));
            assert_eq!(report.parts, report.runs);
        }
    }
}

/// Revisions at several sizes, an index that lags behind its log, and runs that are no longer
/// listed.
#[test]
fn indexes_that_grow_are_clean() {
    let mut scene = Scene::of(SIZE);
    for size in [0, 3, 3, 300, 700, 2500] {
        scene.revise(size);
    }
    let report = check_written(&scene);
    assert_eq!(problems(&report), [""; 0]);
    assert_eq!((report.revisions, report.size), (6, Some(2500)));
    assert!(report.unlisted > 0);
    // More revisions than a bundle of the lookup log holds.
    let mut scene = Scene::of(5);
    (0..300).for_each(|_| scene.revise(5));
    let report = check_written(&scene);
    assert_eq!((problems(&report).len(), report.revisions), (0, 300));
}

#[test]
fn runs_of_several_parts() {
    let mut scene = Scene::crowded();
    let report = check_remote(&scene);
    assert_eq!(problems(&report), [""; 0]);
    assert_eq!((report.runs, report.parts, report.postings), (1, 2, 115 * 2304));
    let paths = ["lookup/run/0/2304/0", "lookup/run/0/2304/1"];
    let [a, b] = paths.map(|path| scene.log.objects[path].clone());
    scene.log.objects.insert(paths[0].to_owned(), b);
    scene.log.objects.insert(paths[1].to_owned(), a);
    let report = check_remote(&scene);
    assert_eq!(report.parts, 0);
    for path in paths {
        assert!(problems(&report).iter().any(|p| p.starts_with(&format!("{path}: damaged"))));
    }
}

#[test]
fn files_that_are_missing() {
    let whole = Scene::indexed(SIZE);
    for (path, expected) in [
        ("lookup/latest", &[("lookup/latest", "missing")][..]),
        ("lookup/run/0/2304/0", &[("lookup/run/0/2304/0", "missing")]),
        ("lookup/run/2816/2900/0", &[("lookup/run/2816/2900/0", "missing")]),
        ("lookup/revision/000", &[("lookup/revision/000", "missing")]),
        ("lookup/revision/001", &[("lookup/revision/001", "missing")]),
        ("lookup/checkpoint", &[("lookup/checkpoint", "missing")]),
    ] {
        let mut scene = whole.clone();
        scene.log.objects.remove(path).unwrap();
        names(&scene, expected);
    }
    let mut scene = whole.clone();
    scene.log.objects.remove("lookup/tile/entries/000.p/2").unwrap();
    let report = check_written(&scene);
    let named = problems(&report);
    assert!(
        named.iter().any(|p| p.starts_with("lookup/tile/entries/000.p/2: missing")),
        "{named:?}"
    );
    let mut scene = whole;
    scene.log.objects.retain(|path, _| !path.starts_with("lookup/"));
    names(&scene, &[("lookup/checkpoint", "missing"), ("lookup/latest", "missing")]);
}

#[test]
fn files_that_are_damaged() {
    let whole = Scene::indexed(SIZE);
    let path = "lookup/run/0/2304/0";
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut scene = whole.clone();
        change(scene.log.objects.get_mut(path).unwrap());
        scene
    };
    let slot = whole.slot_bytes(path);
    let page = |n: usize| move |bytes: &mut Vec<u8>| bytes[n * slot + 100] ^= 1;
    names(&damage(&page(0)), &[(path, "damaged: page 0 does not match the log's leaves")]);
    names(&damage(&page(7)), &[(path, "damaged: page 7 does not")]);
    let last = whole.log.objects[path].len() / slot - 1;
    names(&damage(&page(last)), &[(path, &format!("damaged: page {last} does not"))]);
    let proof = |bytes: &mut Vec<u8>| bytes[3 * slot + 4096 + 5] ^= 0x80;
    names(&damage(&proof), &[(path, "damaged: the proof after page 3 does not")]);
    let two = |bytes: &mut Vec<u8>| {
        page(2)(bytes);
        page(3)(bytes);
        page(5)(bytes);
    };
    names(
        &damage(&two),
        &[(path, "damaged: page 2 to 3 does not"), (path, "damaged: page 5 does not")],
    );
    names(
        &damage(&|bytes| bytes.truncate(bytes.len() - 1)),
        &[(path, "damaged: shorter than the")],
    );
    names(&damage(&Vec::clear), &[(path, "damaged: shorter than the")]);
    names(&damage(&|bytes| bytes.push(0)), &[(path, "damaged: longer than the")]);
    // One page in place of another, and one part in place of another.
    let swapped = |bytes: &mut Vec<u8>| {
        let (a, b) = bytes.split_at_mut(slot);
        a.swap_with_slice(&mut b[..slot]);
    };
    names(&damage(&swapped), &[(path, "damaged: page 0 to 1 does not")]);
    let mut scene = whole.clone();
    let other = "lookup/run/2304/2560/0";
    let (a, b) = (whole.log.objects[path].clone(), whole.log.objects[other].clone());
    scene.log.objects.insert(path.to_owned(), b);
    scene.log.objects.insert(other.to_owned(), a);
    names(&scene, &[(path, "damaged: shorter"), (other, "damaged: longer")]);
}

/// The file, the manifest and every signature agree, but are wrong.
#[test]
fn wrong_indexes_that_were_signed() {
    let key = Scene::key_of_all();
    let leaf = |n: u64| tiles_spec::LeafIndex::new(n).unwrap();
    let (revision, path) = ("lookup/revision/000", "lookup/run/0/2304/0");
    let signed = |change: &dyn Fn(&mut Index)| {
        let mut scene = Scene::of(SIZE);
        scene.revise_with(SIZE, change);
        scene
    };
    // One posting less: of a key with a page to itself, and of a key with no other posting.
    for at in [1000, 17] {
        let one = Scene::own_key(at);
        for key in [key, one] {
            let scene = signed(&|index| index.remove(&key, leaf(at)));
            let missing = format!("key {key}: leaf {at} is not listed");
            let report = check_written(&scene);
            let named = problems(&report);
            assert!(named.contains(&format!("{path}: {missing}")), "{named:#?}");
            let of_revision = named.iter().filter(|p| p.starts_with(revision));
            assert!(of_revision.clone().count() >= 2, "{named:#?}");
            assert!(of_revision.clone().all(|p| p.contains("a wrong index was signed")));
            assert_eq!(of_revision.count() + 1, named.len(), "{named:#?}");
            assert!(named.iter().any(|p| p.contains("counts 6911 postings from 0 to 2304")));
            assert_eq!(report.parts, 3, "the other runs are as they should be");
        }
    }
    // One posting more.
    let scene = signed(&|index| index.add(Scene::own_key(5), leaf(6)));
    let named = problems(&check_remote(&scene));
    let extra = format!("{path}: key {}: leaf 6 is listed but does not have it", Scene::own_key(5));
    assert!(named.contains(&extra), "{named:#?}");
    // A different posting.
    let scene = signed(&|index| {
        index.remove(&Scene::own_key(2890), leaf(2890));
        index.add(Scene::own_key(2890), leaf(2891));
    });
    let path = "lookup/run/2816/2900/0";
    let root = "a wrong index was signed: for lookup/run/2816/2900/0, it states root hash";
    let key = Scene::own_key(2890);
    names(
        &scene,
        &[
            (revision, root),
            (path, &format!("key {key}: leaf 2890 is not listed")),
            (path, &format!("key {key}: leaf 2891 is listed but does not have it")),
        ],
    );
    // A whole run with the leaves of another range of the same length.
    let scene = signed(&|index| index.swap_leaves(0..256, 256..512));
    let report = check_written(&scene);
    assert!(report.problems.len() > 20 && report.parts == 3, "{:#?}", problems(&report));
    let more = problems(&report).into_iter().find(|p| p.contains("more postings are wrong"));
    assert!(more.is_some_and(|p| p.starts_with("lookup/run/0/2304/0: and ")));
}

/// The files are right, but the signed manifest is wrong.
#[test]
fn wrong_manifests_that_were_signed() {
    let revision = "lookup/revision/000";
    let mut scene = Scene::of(SIZE);
    scene.revise_by(SIZE, |manifest| manifest.runs[0].parts[0].homes -= 1);
    names(&scene, &[(revision, "pages for keys at home, but the leaves give")]);
    let mut scene = Scene::of(SIZE);
    scene.revise_by(SIZE, |manifest| manifest.runs[1].parts[0].root = tiles_spec::EMPTY_ROOT);
    names(&scene, &[(revision, "for lookup/run/2304/2560/0, it states root hash")]);
    let mut scene = Scene::of(1280);
    // Five runs of one unit each; two of them are swapped.
    scene.revise_by(1280, |manifest| {
        let (a, b) = manifest.runs.split_at_mut(2);
        std::mem::swap(&mut a[1].parts, &mut b[0].parts);
    });
    names(
        &scene,
        &[
            (revision, "for lookup/run/256/512/0, it states root hash"),
            (revision, "for lookup/run/512/768/0, it states root hash"),
        ],
    );
    // Of another log; of a tree that the log never had; of one that it does not have yet.
    let mut scene = Scene::of(300);
    scene.revise_by(300, |manifest| manifest.origin = "log.test/two".parse().unwrap());
    let of_another = "is an index of log.test/two, not of log.test/one";
    names(&scene, &[("lookup/latest", of_another), (revision, of_another)]);
    let mut scene = Scene::of(300);
    scene.revise_by(300, |manifest| manifest.head.root = tiles_spec::EMPTY_ROOT);
    let named = problems(&check_written(&scene));
    assert!(named.iter().any(|p| p.contains("but the log's tree has")), "{named:#?}");
    let mut scene = Scene::of(300);
    scene.revise(300);
    scene.shrink_log_to(299);
    let ahead = "is of a tree of 300, but the log has 299 entries";
    names(&scene, &[("lookup/latest", ahead), (revision, ahead)]);
}

#[test]
fn revisions_that_go_back_or_are_not_shown() {
    let mut scene = Scene::of(SIZE);
    scene.revise(700);
    scene.revise(300);
    names(&scene, &[("lookup/revision/001", "is of a smaller tree than the one before it (700)")]);
    // An old manifest with an old proof.
    let mut scene = Scene::of(SIZE);
    scene.revise(300);
    let old = scene.log.objects["lookup/latest"].clone();
    scene.revise(SIZE);
    scene.log.objects.insert("lookup/latest".to_owned(), old.clone());
    names(&scene, &[("lookup/latest", "shows 1 revisions, but there are 2")]);
    // Two histories of revisions, both signed.
    let mut scene = Scene::of(SIZE);
    scene.revise(SIZE);
    scene.log.objects.insert("lookup/latest".to_owned(), old);
    names(&scene, &[("lookup/latest", "its tree of 1 revisions is not the lookup log's")]);
    // The file of another revision.
    let mut scene = Scene::of(SIZE);
    scene.revise(300);
    scene.revise(SIZE);
    let first = scene.log.objects["lookup/revision/000"].clone();
    scene.log.objects.insert("lookup/revision/001".to_owned(), first);
    names(&scene, &[("lookup/revision/001", "damaged: it is not leaf 1 of the lookup log")]);
}

#[test]
fn names_that_no_index_has() {
    let mut scene = Scene::indexed(300);
    for path in ["lookup/run/0/256/1", "lookup/odd", "lookup/run/0/256/x", "lookup/revision/1"] {
        scene.log.objects.insert(path.to_owned(), b"x".to_vec());
    }
    for path in ["lookup/run/0/300/0", "lookup/run/256/512/7", "lookup/revision/002"] {
        scene.log.objects.insert(path.to_owned(), b"x".to_vec());
    }
    let report = check_written(&scene);
    let stray = "not the name of any object of an index";
    assert_eq!(
        problems(&report),
        [
            format!("lookup/odd: {stray}"),
            format!("lookup/revision/1: {stray}"),
            "lookup/run/0/256/1: its run has only 1 parts".to_owned(),
            format!("lookup/run/0/256/x: {stray}"),
        ]
    );
    // Three, and the run of the previous revision.
    assert_eq!(report.unlisted, 3 + 1);
}

/// Serves one log until the first part is read, and then another.
struct Changing {
    before: Arc<dyn Fetch>,
    after: Arc<dyn Fetch>,
    has_changed: AtomicBool,
}

impl Changing {
    fn now(&self) -> &dyn Fetch {
        if self.has_changed.load(SeqCst) { &*self.after } else { &*self.before }
    }
}

#[async_trait]
impl Fetch for Changing {
    async fn fetch(&self, path: &ResourcePath) -> Result<Option<Vec<u8>>, FetchError> {
        self.now().fetch(path).await
    }

    fn place(&self, path: &ResourcePath) -> String {
        path.to_string()
    }

    async fn fetch_lookup(&self, path: &LookupPath) -> Result<Option<Vec<u8>>, FetchError> {
        self.now().fetch_lookup(path).await
    }

    async fn fetch_part(
        &self,
        path: &LookupPath,
        bytes: Range<u64>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        self.has_changed.store(true, SeqCst);
        self.now().fetch_part(path, bytes).await
    }

    fn place_of_lookup(&self, path: &LookupPath) -> String {
        path.to_string()
    }
}

/// The index grows during the check, and files that it no longer needs are removed.
#[test]
fn runs_that_are_replaced_meanwhile() {
    let mut scene = Scene::of(2500);
    scene.revise(2400);
    let before = scene.log.fetch();
    scene.revise(2500);
    let removed = "lookup/run/2304/2400/0";
    for (also_removed, expected) in
        [(None, None), (Some("lookup/run/2304/2500/0"), Some("lookup/run/2304/2500/0: missing"))]
    {
        let mut after = scene.clone();
        for path in [Some(removed), also_removed].into_iter().flatten() {
            after.log.objects.remove(path).unwrap();
        }
        let runtime = Runtime::new().unwrap();
        let (before, after) = (before.clone(), after.log.fetch());
        let fetch = Changing { before, after, has_changed: AtomicBool::new(false) };
        let fetch = Arc::new(fetch);
        let objects = Objects::Remote { fetch, runtime: runtime.handle().clone() };
        let report = check_objects(&objects, &runtime);
        assert_eq!(problems(&report), Vec::from_iter(expected));
        assert_eq!(report.parts, if expected.is_none() { 2 } else { 1 });
    }
}

/// Whichever bit of whichever file changes: the report names the file, or what can no longer be
/// checked because of it.
#[test]
fn no_flipped_bit_goes_unnoticed() {
    let whole = Scene::indexed(260);
    // Runs of the previous revision are not examined.
    let is_checked = |path: &str| path.starts_with("lookup/") && !path.contains("run/0/130/");
    let objects = whole.log.objects.iter().filter(|(path, _)| is_checked(path));
    let mut flips = 0;
    for (path, length) in objects.map(|(path, bytes)| (path, bytes.len())) {
        for at in (0..length).step_by(length.div_ceil(16)) {
            let mut scene = whole.clone();
            scene.log.objects.get_mut(path).unwrap()[at] ^= 1 << (at % 8);
            let report = check_written(&scene);
            assert!(!report.problems.is_empty(), "byte {at} of {path}");
            flips += 1;
        }
    }
    assert!(flips > 100, "{flips}");
}

/// If the log itself is damaged, the index is not blamed.
#[test]
fn a_run_whose_leaves_are_lost_cannot_be_derived() {
    let mut scene = Scene::indexed(600);
    scene.log.objects.get_mut("tile/entries/001").unwrap()[50] ^= 1;
    names(&scene, &[("lookup/run/256/512", "cannot be recomputed")]);
}

#[test]
fn other_keys_are_not_believed() {
    let scene = Scene::indexed(300);
    let directory = written(&scene);
    let runtime = Runtime::new().unwrap();
    let directory = DirectoryFetch::open(directory.path().to_owned()).unwrap();
    let (trust, nobody) = (trust(), Trust::default());
    let keys = Keys { log: &trust, lookup: &nobody, origin: ORIGIN };
    let options = Options { workers: NonZeroUsize::MIN, scratch: std::env::temp_dir() };
    let objects = Objects::Directory(directory);
    let report = check(&objects, runtime.handle(), keys, &options, |_| {}, &|_| {}).unwrap();
    let named = problems(&report);
    assert!(named.iter().all(|p| p.contains("the trusted keys are of no log")), "{named:?}");
    assert_eq!((named.len(), report.size), (3, None));
}
