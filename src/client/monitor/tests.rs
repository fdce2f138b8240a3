//! A log seen twice: grown, rolled back, forked.

use fasti_read::evidence::{Acquittal, Evidence, Verdict};
use tiles_spec::NoteSigningKey;

use super::*;
use crate::testing::{ORIGIN, TestLog, entries, signing_key, trust};

async fn observe(monitor: &Monitor, log: &TestLog) -> Result<Growth, MonitorError> {
    let mut view = View::open(log.fetch(), &trust()).await.unwrap();
    monitor.observe(&mut view, &trust()).await
}

fn files(directory: &Path, ending: &str) -> usize {
    let names = directory.read_dir().unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|extension| extension == ending)).count()
}

#[tokio::test]
async fn growth_is_proved_and_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(directory.path().join("state"));
    let all = entries(700);
    assert_eq!(observe(&monitor, &TestLog::of(&all[..0])).await.unwrap(), Growth::First);
    let mut seen = 0;
    for size in [1, 300, 300, 512, 700] {
        let growth = observe(&monitor, &TestLog::of(&all[..size])).await.unwrap();
        match growth {
            Growth::Since(head) => assert_eq!(head.size.get(), seen),
            growth => assert_eq!((growth, seen), (Growth::None, size as u64)),
        }
        seen = size as u64;
    }
    assert_eq!(files(&directory.path().join("state"), "checkpoint"), 1);
    assert_eq!(files(&directory.path().join("state"), "evidence"), 0);
}

#[tokio::test]
async fn rollbacks_and_forks_leave_evidence() {
    let directory = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(directory.path().to_owned());
    let all = entries(700);
    let mut other = all.clone();
    other[10] = b"something else".to_vec();
    observe(&monitor, &TestLog::of(&all[..600])).await.unwrap();

    let rollback = observe(&monitor, &TestLog::of(&all[..599])).await.unwrap_err();
    let MonitorError::Rollback(found) = rollback else { panic!("{rollback}") };
    let key = signing_key().verifier_key().clone();
    // The larger tree is gone, so nothing shows how it began.
    let verdict = found.evidence.judge(&key).unwrap();
    assert!(matches!(verdict, Verdict::Acquits(Acquittal::Unproved(_))), "{verdict:?}");
    for size in [600, 700] {
        let fork = observe(&monitor, &TestLog::of(&other[..size])).await.unwrap_err();
        assert!(fork.is_refusal() && fork.to_string().starts_with("FORK"), "{fork}");
        let MonitorError::Fork(fork) = fork else { panic!("not a fork") };
        let Kept::File(file) = fork.kept else { panic!("{:?}", fork.kept) };
        let evidence = Evidence::parse(&std::fs::read(file).unwrap()).unwrap();
        assert!(evidence.judge(&key).unwrap().convicts());
    }
    // Files: a rollback, and two forks.
    assert_eq!(files(directory.path(), "evidence"), 3);
    // The checkpoint seen first is still remembered.
    assert_eq!(observe(&monitor, &TestLog::of(&all[..600])).await.unwrap(), Growth::None);
}

/// A log that shows a smaller tree, and still has the tiles of the one seen before.
#[tokio::test]
async fn a_smaller_tree_convicts_only_if_it_is_of_another_history() {
    let all = entries(700);
    let mut other = all.clone();
    other[10] = b"something else".to_vec();
    let key = signing_key().verifier_key().clone();
    for (history, is_fork) in [(&all, false), (&other, true)] {
        let directory = tempfile::tempdir().unwrap();
        let monitor = Monitor::new(directory.path().to_owned());
        observe(&monitor, &TestLog::of(&all[..600])).await.unwrap();
        let smaller = fasti_kit::made_log::head(&history[..599]);
        let mut log = TestLog::of(&all[..600]);
        log.sign(smaller);
        let opened = trust().open(&log.objects["checkpoint"]).unwrap();
        let error = monitor.compare_checkpoint(&log.fetch(), &opened, &trust()).await.unwrap_err();
        let found = match error {
            MonitorError::Rollback(found) if !is_fork => found,
            MonitorError::Fork(found) if is_fork => found,
            error => panic!("{error}"),
        };
        assert_eq!(found.evidence.judge(&key).unwrap().convicts(), is_fork);
    }
}

#[tokio::test]
async fn a_damaged_memory_is_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(directory.path().to_owned());
    let log = TestLog::of(&entries(5));
    observe(&monitor, &log).await.unwrap();
    let path = monitor.path(&trust().logs[0]);
    let start = format!("log.test_one+{}-", signing_key().verifier_key().key_id());
    assert!(path.file_name().unwrap().to_string_lossy().starts_with(&start));
    for path in [path, monitor.old_path(ORIGIN)] {
        std::fs::write(&path, b"").unwrap();
        let error = observe(&monitor, &log).await.unwrap_err();
        assert!(matches!(error, MonitorError::Memory { .. }) && !error.is_refusal(), "{error}");
        std::fs::remove_file(&path).unwrap();
    }
}

/// The same entries, signed by another key or under another name.
fn signed_by(key: &NoteSigningKey, entries: &[Vec<u8>]) -> (TestLog, Trust) {
    let mut log = TestLog::of(entries);
    let text = String::from_utf8(log.objects["checkpoint"].clone()).unwrap();
    let (text, _) = text.split_once("\n\n").unwrap();
    let text = format!("{text}\n").replacen(ORIGIN, key.verifier_key().name().as_str(), 1);
    log.objects.insert("checkpoint".to_owned(), format!("{text}\n{}", key.sign(&text)).into());
    (log, Trust::in_keys([key.verifier_key().clone()]))
}

async fn observe_as(monitor: &Monitor, log: &TestLog, trust: &Trust) -> Growth {
    let mut view = View::open(log.fetch(), trust).await.unwrap();
    monitor.observe(&mut view, trust).await.unwrap()
}

#[tokio::test]
async fn logs_of_one_name_are_told_apart_by_their_keys() {
    let directory = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(directory.path().to_owned());
    let all = entries(50);
    let ours = &trust().logs[0];
    assert_eq!(monitor.namesake(ours), None);
    observe(&monitor, &TestLog::of(&all[..40])).await.unwrap();
    assert_eq!(monitor.namesake(ours), None, "itself is no namesake");

    let other = NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[8; 32]);
    let (log, other) = signed_by(&other, &all[..7]);
    let Some(Namesake::OtherKey { key, size, path }) = monitor.namesake(&other.logs[0]) else {
        panic!("the other key is known")
    };
    assert_eq!(key, format!("{ORIGIN}+{}", signing_key().verifier_key().key_id()));
    assert_eq!((size.get(), path), (40, monitor.path(ours)));
    // The log is smaller, but that is not a rollback of the other.
    assert_eq!(observe_as(&monitor, &log, &other).await, Growth::First);
    assert_eq!(observe_as(&monitor, &log, &other).await, Growth::None);
    assert_eq!(observe(&monitor, &TestLog::of(&all[..40])).await.unwrap(), Growth::None);

    let renamed = NoteSigningKey::from_seed("log.test/2".parse().unwrap(), &[9; 32]);
    let (_, renamed) = signed_by(&renamed, &all[..7]);
    let found = monitor.namesake(&renamed.logs[0]);
    assert!(
        matches!(&found, Some(Namesake::OtherOrigin { origin, .. }) if origin == ORIGIN),
        "{found:?}"
    );
    let index = NoteSigningKey::from_seed("log.test/one/lookup".parse().unwrap(), &[9; 32]);
    let (_, index) = signed_by(&index, &all[..7]);
    assert_eq!(monitor.namesake(&index.logs[0]), None, "an index has the key of its log");
}

#[tokio::test]
async fn what_an_earlier_release_has_remembered_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(directory.path().to_owned());
    let all = entries(50);
    let old = monitor.old_path(ORIGIN);
    assert_eq!(old.file_name().unwrap(), "log.test_one-af405499d11e81c6.checkpoint");
    let remembered = TestLog::of(&all[..40]).objects["checkpoint"].clone();
    std::fs::write(&old, &remembered).unwrap();

    // Another log with that name ignores the file and leaves it alone.
    let other = NoteSigningKey::from_seed(ORIGIN.parse().unwrap(), &[8; 32]);
    let (log, other) = signed_by(&other, &all[..7]);
    assert_eq!(observe_as(&monitor, &log, &other).await, Growth::First);
    assert!(matches!(monitor.namesake(&other.logs[0]), Some(Namesake::OtherKey { .. })));
    assert_eq!(std::fs::read(&old).unwrap(), remembered);
    // So does a caller who trusts both keys.
    let both = Trust { logs: [other.logs.clone(), trust().logs].concat(), ..Trust::default() };
    assert_eq!(observe_as(&monitor, &log, &both).await, Growth::None);
    assert_eq!(std::fs::read(&old).unwrap(), remembered);

    let rollback = observe(&monitor, &TestLog::of(&all[..39])).await.unwrap_err();
    assert!(matches!(rollback, MonitorError::Rollback(_)), "{rollback}");
    assert_eq!(monitor.seen(&trust().logs[0], &trust()).unwrap().unwrap().head().size.get(), 40);
    let growth = observe(&monitor, &TestLog::of(&all)).await.unwrap();
    assert!(matches!(growth, Growth::Since(head) if head.size.get() == 40));
    assert!(!old.exists(), "the new file has it now");
    // If an earlier release runs again, its file is still read.
    std::fs::write(&old, &remembered).unwrap();
    let rollback = observe(&monitor, &TestLog::of(&all[..45])).await.unwrap_err();
    assert!(matches!(rollback, MonitorError::Rollback(_)), "{rollback}");
    assert_eq!(observe(&monitor, &TestLog::of(&all)).await.unwrap(), Growth::None);
}

#[tokio::test]
async fn evidence_that_cannot_be_kept_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("gone/memory.checkpoint");
    let (seen, shown) = (TestLog::of(&entries(5)), TestLog::of(&entries(4)));
    let seen = View::open(seen.fetch(), &trust()).await.unwrap();
    let shown = View::open(shown.fetch(), &trust()).await.unwrap();
    let found =
        Contradiction::find(seen.fetch(), &nowhere, seen.checkpoint(), shown.checkpoint()).await;
    let text = found.kept.to_string();
    let Kept::Nowhere { evidence, .. } = found.kept else { panic!("{:?}", found.kept) };
    assert_eq!(Evidence::parse(evidence.as_bytes()).unwrap(), found.evidence);
    assert!(text.contains("not kept in") && !text.contains('\n'), "{text}");
}
