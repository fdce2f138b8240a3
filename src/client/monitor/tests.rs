//! A log seen twice: grown, rolled back, forked.

use super::*;
use crate::client::testing::{ORIGIN, TestLog, entries, trust};

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
    assert!(matches!(rollback, MonitorError::Rollback(_)), "{rollback}");
    for size in [600, 700] {
        let fork = observe(&monitor, &TestLog::of(&other[..size])).await.unwrap_err();
        assert!(fork.is_refusal() && fork.to_string().starts_with("FORK"), "{fork}");
        let MonitorError::Fork(fork) = fork else { panic!("not a fork") };
        for file in fork.evidence {
            trust().open(&std::fs::read(file).unwrap()).unwrap();
        }
    }
    // One file of what was seen, one of each that was shown.
    assert_eq!(files(directory.path(), "evidence"), 4);
    // What was seen stays remembered.
    assert_eq!(observe(&monitor, &TestLog::of(&all[..600])).await.unwrap(), Growth::None);
}

#[tokio::test]
async fn a_damaged_memory_is_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let monitor = Monitor::new(directory.path().to_owned());
    let log = TestLog::of(&entries(5));
    observe(&monitor, &log).await.unwrap();
    let path = monitor.path(ORIGIN);
    assert!(path.file_name().unwrap().to_string_lossy().starts_with("log.test_one-"));
    std::fs::write(&path, b"").unwrap();
    let error = observe(&monitor, &log).await.unwrap_err();
    assert!(matches!(error, MonitorError::Memory { .. }) && !error.is_refusal(), "{error}");
}
