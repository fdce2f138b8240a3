//! Intact logs are clean; every single damage is named, and nothing else is.

use std::fs;
use std::path::Path;

use fasti_client::fetch::DirectoryFetch;
use fasti_kit::fetched::trust;
use fasti_kit::made_log::{MadeLog, entries};

use super::*;

/// Gives full tiles on two levels and partial ones on three, with partial objects of earlier sizes.
const SIZE: usize = 66_000;

fn options() -> Options {
    let workers = NonZeroUsize::new(2).unwrap();
    Options { workers, verify_signatures: false, attestations: false }
}

fn check(objects: &Objects) -> Report {
    fsck(objects, &trust(), options(), |_| {}, &|_| {}).unwrap()
}

fn check_directory(directory: &Path) -> Report {
    check(&Objects::Directory(DirectoryFetch::open(directory.to_owned()).unwrap()))
}

fn written(log: &MadeLog) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    log.write_to(directory.path());
    directory
}

fn grown() -> MadeLog {
    let all = entries(SIZE);
    let mut log = MadeLog::default();
    for size in [3, 300, 700, SIZE] {
        log.publish(&all[..size]);
    }
    log
}

fn paths(report: &Report) -> Vec<&str> {
    report.problems.iter().map(|problem| problem.path.as_str()).collect()
}

#[test]
fn logs_of_every_shape_are_clean() {
    for size in [0, 1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_537] {
        let log = MadeLog::of(&entries(size));
        let report = check_directory(written(&log).path());
        assert!(report.is_clean(), "{size}: {:?}", report.problems);
        assert_eq!((report.size, report.entries), (Some(size as u64), size as u64));
        assert_eq!(report.objects, log.objects.len() as u64);
    }
    let log = grown();
    let report = check_directory(written(&log).path());
    assert!(report.is_clean(), "{:?}", report.problems);
    assert_eq!((report.objects, report.ahead), (log.objects.len() as u64, 0));
}

/// Times of a log whose first `timeless` entries have none.
fn times(size: usize, timeless: usize) -> Vec<u64> {
    let time = |n: usize| if n < timeless { 0 } else { 1_780_000_000 + n as u64 / 100 };
    (0..size).map(time).collect()
}

#[test]
fn times_are_counted() {
    for (size, timeless) in [(1, 0), (256, 0), (700, 0), (700, 3), (700, 256), (700, 300)] {
        let mut log = MadeLog::of(&entries(size));
        log.date(&times(size, timeless));
        // A log from before there were times has no files for what was full by then, but one that
        // begins with zeros.
        let first = (timeless.max(1) - 1) / 256;
        (0..first).for_each(|n| drop(log.objects.remove(&format!("time/{n:03}"))));
        let report = check_directory(written(&log).path());
        assert!(report.is_clean(), "{size}: {:?}", report.problems);
        assert_eq!(report.timed_entries, Some((size - timeless) as u64), "{size} {timeless}");
        assert_eq!(report.objects, log.objects.len() as u64);
    }
    let report = check_directory(written(&MadeLog::of(&entries(3))).path());
    assert_eq!(report.timed_entries, None);
}

#[test]
fn times_that_are_missing_damaged_or_out_of_order_are_named() {
    let mut log = MadeLog::of(&entries(SIZE));
    log.date(&times(SIZE, 0)[..300]);
    log.date(&times(SIZE, 0));
    let directory = written(&log);
    assert!(check_directory(directory.path()).is_clean());
    for path in ["time/000", "time/007", "time/257.p/208", "time/001.p/44"] {
        let file = directory.path().join(path);
        let whole = fs::read(&file).unwrap();
        let mut early = whole.clone();
        early[16..24].copy_from_slice(&1_u64.to_be_bytes());
        let mut huge = whole.clone();
        huge[8] = 0xff;
        for damaged in [early, huge, whole[1..].to_vec(), [&whole[..], &[0; 8]].concat()] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(paths(&check_directory(directory.path())), [path]);
        }
        fs::remove_file(&file).unwrap();
        let expected: &[&str] = if path == "time/001.p/44" { &[] } else { &[path] };
        assert_eq!(paths(&check_directory(directory.path())), expected, "{path}");
        fs::write(&file, whole).unwrap();
    }
    fs::write(directory.path().join("time/other"), b"x").unwrap();
    assert_eq!(paths(&check_directory(directory.path())), ["time/other"]);
}

#[test]
fn a_remote_log_is_checked_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let remote =
        |log: &MadeLog| Objects::Remote { fetch: log.fetch(), runtime: runtime.handle().clone() };
    let mut log = MadeLog::of(&entries(SIZE));
    let report = check(&remote(&log));
    assert!(report.is_clean(), "{:?}", report.problems);
    assert_eq!(report.objects, log.objects.len() as u64);
    log.objects.remove("tile/entries/100");
    assert_eq!(paths(&check(&remote(&log))), ["tile/entries/100"]);
}

#[test]
fn every_kind_of_damage_is_named_and_nothing_else() {
    let directory = written(&grown());
    for path in [
        "checkpoint",
        "tile/entries/000",
        "tile/entries/100",
        "tile/entries/257.p/208",
        "tile/entries/001.p/44",
        "tile/0/000",
        "tile/0/256",
        "tile/0/257.p/208",
        "tile/0/000.p/3",
        "tile/1/000",
        "tile/1/001.p/1",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
    ] {
        let file = directory.path().join(path);
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        let cut = whole[..whole.len() - 1].to_vec();
        let longer = [&whole[..], b"x"].concat();
        for damaged in [flipped, cut, longer] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(paths(&check_directory(directory.path())), [path]);
        }
        // A replaced partial object can be missing; without a checkpoint there is no log.
        let may_go = path != "checkpoint"
            && !path.contains("257.p")
            && path.contains(".p/")
            && !path.starts_with("tile/2")
            && !path.starts_with("tile/1/001");
        fs::remove_file(&file).unwrap();
        if path != "checkpoint" {
            let expected: &[&str] = if may_go { &[] } else { &[path] };
            assert_eq!(paths(&check_directory(directory.path())), expected, "{path}");
        }
        fs::write(&file, whole).unwrap();
    }
    assert!(check_directory(directory.path()).is_clean());
}

#[test]
fn one_damage_hides_no_other() {
    let directory = written(&MadeLog::of(&entries(SIZE)));
    let at = |path: &str| directory.path().join(path);
    let flip = |path: &str| {
        let mut bytes = fs::read(at(path)).unwrap();
        bytes[40] ^= 1;
        fs::write(at(path), bytes).unwrap();
    };
    fs::remove_file(at("tile/1/000")).unwrap();
    flip("tile/entries/007");
    fs::remove_file(at("tile/2/000.p/1")).unwrap();
    assert_eq!(
        paths(&check_directory(directory.path())),
        ["tile/1/000", "tile/2/000.p/1", "tile/entries/007"]
    );
    // Now nothing vouches for bundle 7: its tile is damaged, and so is the one above.
    flip("tile/0/007");
    flip("tile/0/009");
    let report = check_directory(directory.path());
    let named = paths(&report);
    for path in ["tile/0/007", "tile/0/009", "tile/1/000", "tile/entries/007"] {
        assert!(named.contains(&path), "{path} is not among {named:?}");
    }
}

#[test]
fn an_edge_that_was_replaced_as_a_whole_is_found_by_the_root() {
    let mut all = entries(300);
    let mut log = MadeLog::of(&all);
    let checkpoint = log.objects["checkpoint"].clone();
    all[290] = b"another".to_vec();
    log.publish(&all);
    log.objects.insert("checkpoint".to_owned(), checkpoint);
    let report = check_directory(written(&log).path());
    let named = paths(&report);
    assert!(named.contains(&"tile/0/001.p/44"), "{named:?}");
}

#[test]
fn other_files_are_judged_too() {
    let all = entries(700);
    let mut log = MadeLog::of(&all[..600]);
    let checkpoint = log.objects["checkpoint"].clone();
    log.publish(&all);
    log.objects.insert("checkpoint".to_owned(), checkpoint);
    let directory = written(&log);
    let report = check_directory(directory.path());
    assert!(report.is_clean(), "{:?}", report.problems);
    // Tile and bundle 2 grew from 88 to 188; level 1 did not.
    assert_eq!(report.ahead, 2);

    let put = |path: &str, bytes: &[u8]| fs::write(directory.path().join(path), bytes).unwrap();
    put("tile/0/002.p/188", &[7; 188 * 32]);
    put("tile/0/001.tmp", b"");
    put("tile/0/002.p/256", b"");
    assert_eq!(
        paths(&check_directory(directory.path())),
        ["tile/0/001.tmp", "tile/0/002.p/188", "tile/0/002.p/256"]
    );
}

#[test]
fn rekor_entries_are_counted_and_their_signatures_verified_on_demand() {
    let fixture = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rekor").join(name);
        fs::read(path).unwrap()
    };
    let good = fixture("ecdsa-p256-key.leaf.json");
    let forged =
        String::from_utf8(good.clone()).unwrap().replace("\"digest\":\"", "\"digest\":\"AAAA");
    let forged = {
        // Restore the length: drop four characters at the end of the digest.
        let at = forged.find("AAAA").unwrap();
        let end = forged[at..].find('"').unwrap() + at;
        format!("{}{}", &forged[..end - 5], &format!("={}", &forged[end..]))
    };
    let mut all = entries(3);
    all.push(good);
    all.push(forged.into_bytes());
    all.push(b"{\"apiVersion\":1}".to_vec());
    let directory = written(&MadeLog::of(&all));
    let report = check_directory(directory.path());
    assert!(report.is_clean(), "{:?}", report.problems);
    assert_eq!((report.entries, report.rekor_entries, report.unreadable_entries), (6, 2, 1));
    assert_eq!(report.signatures, 0);

    let objects = Objects::Directory(DirectoryFetch::open(directory.path().to_owned()).unwrap());
    let options = Options { verify_signatures: true, ..options() };
    let report = fsck(&objects, &trust(), options, |_| {}, &|_| {}).unwrap();
    assert_eq!(report.signatures, 1);
    let problems: Vec<_> = report.problems.iter().map(|problem| &problem.problem).collect();
    assert!(problems.len() == 2 && problems[0].contains("entry 5"), "{problems:?}");
    assert!(problems[1].contains("the signature in entry 4"), "{problems:?}");
}
