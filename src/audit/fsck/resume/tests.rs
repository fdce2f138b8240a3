//! A check that was killed anywhere goes on, and reports what a whole check reports.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;

use fasti_client::fetch::DirectoryFetch;
use fasti_kit::fetched::trust;
use fasti_kit::made_log::{MadeLog, entries};

use super::*;
use crate::fsck::{FsckError, Options, Outcome, Report, Watch, fsck_from};

/// Five full bundles and a partial one.
const SIZE: usize = 1_500;

fn options(workers: usize) -> Options {
    let workers = NonZeroUsize::new(workers).unwrap();
    Options { workers, verify_signatures: false, attestations: false }
}

fn objects(directory: &Path) -> Objects {
    Objects::Directory(DirectoryFetch::open(directory.to_owned()).unwrap())
}

/// Checks, and collects the state each time that it got further.
fn checked(
    directory: &Path,
    before: Option<&State>,
    workers: usize,
) -> Result<(Outcome, Vec<State>), FsckError> {
    let states = Mutex::new(Vec::new());
    let watch = Watch {
        progress: &|_| {},
        save: &|state: &State| {
            let mut states = states.lock().unwrap();
            if states.last() != Some(state) {
                states.push(state.clone());
            }
        },
    };
    let outcome =
        fsck_from(&objects(directory), &trust(), options(workers), before, |_| {}, watch)?;
    Ok((outcome, states.into_inner().unwrap()))
}

/// What a report says but for what of it is from an earlier check.
fn words(report: &Report) -> serde_json::Value {
    let mut words = serde_json::to_value(report).unwrap();
    words.as_object_mut().unwrap().remove("resumed");
    words
}

fn made(size: usize) -> MadeLog {
    let mut log = MadeLog::of(&entries(size));
    log.date(&(0..size).map(|n| 1_780_000_000 + n as u64 / 100).collect::<Vec<_>>());
    log
}

fn written(log: &MadeLog) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    log.write_to(directory.path());
    directory
}

fn flip(directory: &Path, path: &str) {
    let mut bytes = fs::read(directory.join(path)).unwrap();
    bytes[40] ^= 1;
    fs::write(directory.join(path), bytes).unwrap();
}

/// Goes on from every state of a whole check.
fn expect_alike_from_everywhere(directory: &Path, step: usize) {
    let (whole, states) = checked(directory, None, 1).unwrap();
    let last = whole.state.unwrap();
    assert!(states.len() > 4, "{}", states.len());
    for state in states.iter().step_by(step).chain(states.last()) {
        let read_back = State::parse(&state.to_bytes()).unwrap();
        assert_eq!(read_back, *state);
        let (again, _) = checked(directory, Some(&read_back), 3).unwrap();
        assert_eq!(words(&again.report), words(&whole.report), "{state:?}");
        assert_eq!(again.state.unwrap(), last);
        let resumed = again.report.resumed.unwrap();
        assert_eq!((resumed.size, resumed.started_over), (whole.report.size.unwrap(), None));
    }
}

#[test]
fn every_state_leads_to_the_report_of_a_whole_check() {
    let sound = written(&made(SIZE));
    expect_alike_from_everywhere(sound.path(), 1);
    for damaged in ["tile/0/002", "tile/entries/000", "time/003", "tile/0/005.p/220"] {
        let directory = written(&made(SIZE));
        flip(directory.path(), damaged);
        expect_alike_from_everywhere(directory.path(), 1);
        fs::remove_file(directory.path().join(damaged)).unwrap();
        expect_alike_from_everywhere(directory.path(), 1);
    }
}

#[test]
fn tiles_above_are_covered_with_what_is_below_them() {
    let directory = written(&MadeLog::of(&entries(66_000)));
    expect_alike_from_everywhere(directory.path(), 90);
    flip(directory.path(), "tile/entries/007");
    fs::remove_file(directory.path().join("tile/1/000")).unwrap();
    expect_alike_from_everywhere(directory.path(), 90);
}

#[test]
fn what_was_checked_is_not_read_again() {
    let log = made(SIZE);
    let directory = written(&log);
    let (_, states) = checked(directory.path(), None, 2).unwrap();
    let state = states.last().unwrap();
    // Nobody would notice this, but a whole check.
    let gone = ["tile/entries/001", "tile/0/003", "time/002"];
    for path in gone {
        fs::remove_file(directory.path().join(path)).unwrap();
    }
    let (again, _) = checked(directory.path(), Some(state), 2).unwrap();
    assert!(again.report.is_clean(), "{:?}", again.report.problems);
    let resumed = again.report.resumed.unwrap();
    assert_eq!((resumed.entries_not_read, resumed.times_not_read), (1_280, 1_280));
    let (whole, _) = checked(directory.path(), None, 2).unwrap();
    let named: Vec<_> = whole.report.problems.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(named, ["tile/0/003", "tile/entries/001", "time/002"]);
    // Places with problems are read again, until nothing is wrong with them.
    let state = whole.state.unwrap();
    let (again, _) = checked(directory.path(), Some(&state), 2).unwrap();
    assert_eq!(words(&again.report), words(&whole.report));
    assert_eq!(again.report.resumed.unwrap().places_read_again, 2);
    log.write_to(directory.path());
    let (repaired, _) = checked(directory.path(), Some(&state), 2).unwrap();
    assert!(repaired.report.is_clean(), "{:?}", repaired.report.problems);
    let (whole, _) = checked(directory.path(), None, 2).unwrap();
    assert_eq!(words(&repaired.report), words(&whole.report));
    assert_eq!(repaired.state, whole.state);
}

#[test]
fn a_log_that_has_grown_is_checked_from_there() {
    let mut log = made(700);
    let directory = written(&log);
    let (first, _) = checked(directory.path(), None, 2).unwrap();
    assert!(first.report.is_clean());
    log.publish(&entries(SIZE));
    log.date(&(0..SIZE).map(|n| 1_780_000_000 + n as u64 / 100).collect::<Vec<_>>());
    log.write_to(directory.path());
    let (grown, _) = checked(directory.path(), first.state.as_ref(), 2).unwrap();
    let (whole, _) = checked(directory.path(), None, 2).unwrap();
    assert_eq!(words(&grown.report), words(&whole.report));
    let resumed = grown.report.resumed.unwrap();
    assert_eq!((resumed.size, resumed.entries_not_read), (700, 512));
    assert_eq!(grown.state, whole.state);
}

fn refused(directory: &Path, state: &State) -> ResumeError {
    match checked(directory, Some(state), 1) {
        Err(FsckError::State(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_logs_and_other_histories_are_refused_by_name() {
    let directory = written(&made(SIZE));
    let (_, states) = checked(directory.path(), None, 1).unwrap();
    let state = states.last().unwrap();

    let mut other = MadeLog::named("log.test/two");
    other.publish(&entries(300));
    let elsewhere = written(&other);
    let both = Trust::in_keys(
        ["log.test/one", "log.test/two"]
            .map(|origin| fasti_kit::made_log::signing_key(origin).verifier_key().clone()),
    );
    let watch = Watch { progress: &|_| {}, save: &|_| {} };
    let objects = objects(elsewhere.path());
    let refusal = fsck_from(&objects, &both, options(1), Some(state), |_| {}, watch).unwrap_err();
    let words = refusal.to_string();
    assert!(words.contains("state is of the log log.test/one"), "{words}");
    assert!(words.contains("this is log.test/two"), "{words}");

    let small = written(&made(700));
    let error = refused(small.path(), state);
    assert!(error.is_refusal() && error.to_string().starts_with("ROLLBACK"), "{error}");
    let mut all = entries(SIZE + 300);
    all[100] = b"another".to_vec();
    for size in [SIZE, SIZE + 300] {
        let forked = written(&MadeLog::of(&all[..size]));
        let error = refused(forked.path(), state);
        assert!(error.is_refusal() && error.to_string().starts_with("FORK"), "{error}");
    }
    let verified = State { signatures: true, ..state.clone() };
    let error = refused(directory.path(), &verified);
    assert!(error.to_string().contains("did verify signatures"), "{error}");
    let mut nodes = state.tiles.nodes().to_vec();
    nodes.reverse();
    let swapped = tiles_spec::Frontier::from_nodes(state.tiles.size(), nodes).unwrap();
    let grown = written(&made(SIZE + 300));
    let error = refused(grown.path(), &State { tiles: swapped, ..state.clone() });
    assert!(!error.is_refusal() && error.to_string().contains("--full"), "{error}");
}

#[test]
fn what_cannot_be_proved_is_read_again() {
    let directory = written(&made(66_000));
    let (_, states) = checked(directory.path(), None, 1).unwrap();
    let state = states.iter().find(|state| state.tile_count() == 3).unwrap();
    let grown = written(&made(66_300));
    flip(grown.path(), "tile/1/000");
    let (again, _) = checked(grown.path(), Some(state), 2).unwrap();
    let (whole, _) = checked(grown.path(), None, 2).unwrap();
    assert_eq!(words(&again.report), words(&whole.report));
    let resumed = again.report.resumed.unwrap();
    assert_eq!(resumed.entries_not_read, 0);
    assert!(resumed.started_over.unwrap().contains("tile/1/000"));
}

#[test]
fn states_are_kept_as_they_are_written() {
    let directory = written(&made(SIZE));
    flip(directory.path(), "tile/0/002");
    let (whole, _) = checked(directory.path(), None, 1).unwrap();
    let state = whole.state.unwrap();
    let path = "../../../../tests/data/fsck/state-1";
    if std::env::var_os("FASTI_GOLDEN").is_some_and(|mode| mode == "write") {
        let file = Path::new(file!()).parent().unwrap().join(path);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::write(root.join(file), state.to_bytes()).unwrap();
    }
    let golden = include_bytes!("../../../../tests/data/fsck/state-1");
    assert_eq!(state.to_bytes(), golden);
    assert_eq!(State::parse(golden), Ok(state.clone()));
    for at in 0..golden.len() {
        let mut changed = golden.to_vec();
        changed[at] ^= 1;
        assert!(State::parse(&changed).is_err(), "byte {at}");
        assert!(State::parse(&golden[..at]).is_err(), "the first {at} bytes");
    }
    let file = directory.path().join("state");
    assert!(State::load(&file).unwrap().is_none());
    state.save(&file).unwrap();
    assert_eq!(State::load(&file).unwrap(), Some(state));
    fs::write(&file, b"x").unwrap();
    assert!(State::load(&file).unwrap_err().to_string().contains("is damaged: it is too short"));
}
