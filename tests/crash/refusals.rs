//! What a start refuses: each kind of damage leads to exit status 1 and a sentence that names the
//! file and says what to do; once the damage is undone, the log continues.

use std::fs;
use std::path::{Path, PathBuf};

use crate::grown::{Grown, Settled};
use crate::writer;

const SIZE: usize = 20;

/// The damage done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Remove,
    /// Flips one bit, this many bytes after the middle of the file.
    FlipBehindMiddle(usize),
    /// Flips one bit, this many bytes before its end.
    FlipBeforeEnd(usize),
}

struct Case {
    settled: Settled,
    /// A file or directory; `*.segment` is the only one there.
    path: &'static str,
    damage: Damage,
    /// What the writer must say.
    says: &'static [&'static str],
}

const fn case(
    settled: Settled,
    path: &'static str,
    damage: Damage,
    says: &'static [&'static str],
) -> Case {
    Case { settled, path, damage, says }
}

use Damage::{FlipBeforeEnd, FlipBehindMiddle, Remove};
use Settled::{No, Yes};

const SEGMENT: &str = "_writer/commit/*.segment";

const CASES: &[Case] = &[
    case(
        No,
        "_writer/commit",
        Remove,
        &["no commit records (_writer/commit)", "_writer/lock names some", "restore them"],
    ),
    case(
        Yes,
        "_writer/commit",
        Remove,
        &["no commit records (_writer/commit)", "_writer/lock names some", "restore them"],
    ),
    case(
        No,
        "checkpoint",
        Remove,
        &["records up to size 20", "restore `checkpoint` from the newest copy"],
    ),
    case(
        Yes,
        "checkpoint",
        Remove,
        &["records up to size 20", "restore `checkpoint` from the newest copy"],
    ),
    case(Yes, "checkpoint", FlipBehindMiddle(0), &["not signed by this key", "use the key"]),
    case(Yes, "tile/0/000.p/20", Remove, &["tile/0/000.p/20 is missing", "restore it"]),
    case(
        Yes,
        "tile/0/000.p/20",
        FlipBehindMiddle(0),
        &["tile/0/000.p/20", "restore it from a mirror"],
    ),
    case(No, "tile/0/000.p/20", FlipBehindMiddle(0), &["tile/0/000.p/20", "move it away"]),
    case(Yes, "tile/entries/000.p/20", Remove, &["tile/entries/000.p/20 is missing", "restore it"]),
    case(
        Yes,
        "tile/entries/000.p/20",
        FlipBehindMiddle(0),
        &["tile/entries/000.p/20", "restore it from"],
    ),
    case(
        No,
        "tile/entries/000.p/20",
        FlipBehindMiddle(0),
        &["tile/entries/000.p/20", "move it away"],
    ),
    case(
        No,
        SEGMENT,
        FlipBehindMiddle(0),
        &[".segment is damaged", "Restore this file from a backup", "do not delete"],
    ),
    case(
        No,
        SEGMENT,
        FlipBehindMiddle(100),
        &[".segment is damaged", "Restore this file from a backup"],
    ),
    case(
        No,
        SEGMENT,
        FlipBeforeEnd(1),
        &["cut off the end", "_writer/torn", "rolled back", "size 20", "size 19"],
    ),
    case(Yes, SEGMENT, FlipBeforeEnd(1), &["cut off the end", "_writer/torn", "size 20"]),
];

#[test]
fn damage_is_refused_by_name_and_can_be_undone() {
    for (n, case) in CASES.iter().enumerate() {
        let what =
            format!("case {n}: {} {:?}, settled: {:?}", case.path, case.damage, case.settled);
        let log = Grown::to(SIZE, case.settled);
        let path = find(&log.store, case.path);
        let undo = Undo::of(&path, case.damage);
        damage(&path, case.damage);
        let mut flags: &[&str] = &[];
        for _ in 0..2 {
            let said = refused(&log.store, &[], &what);
            for sentence in case.says {
                assert!(said.contains(sentence), "{what}: {sentence:?} is not in {said}");
            }
            if said.contains("cut off the end") {
                // Only the first start detects it, and the file restored then is not the same file.
                flags = &["--restored-at", "20"];
                break;
            }
        }
        undo.put_back();
        let mut writer = writer::start(&log.store, flags);
        writer.address().unwrap_or_else(|e| panic!("{what}: undone, but {}", e.stderr));
        writer.stop();
    }
    println!("{} kinds of damage", CASES.len());
}

/// Starts a writer that must refuse, and returns what it says.
pub fn refused(store: &Path, flags: &[&str], what: &str) -> String {
    match writer::start(store, flags).address() {
        Ok(_) => panic!("{what}: the writer starts"),
        Err(ended) => {
            let code = ended.status.code();
            assert!([Some(1), Some(3)].contains(&code), "{what}, {code:?}: {}", ended.stderr);
            ended.stderr
        }
    }
}

fn find(store: &Path, path: &str) -> PathBuf {
    match path.strip_suffix("/*.segment") {
        None => store.join(path),
        Some(dir) => {
            let mut files = fs::read_dir(store.join(dir)).expect("a directory");
            files.next().expect("one segment").expect("readable").path()
        }
    }
}

fn damage(path: &Path, damage: Damage) {
    let flip = |at: fn(usize, usize) -> usize, offset| {
        let mut bytes = fs::read(path).expect("a file");
        let at = at(bytes.len(), offset);
        bytes[at] ^= 0x04;
        fs::write(path, bytes).expect("written");
    };
    match damage {
        Remove => fs::rename(path, aside(path)).expect("moved away"),
        FlipBehindMiddle(bytes) => flip(|length, offset| length / 2 + offset, bytes),
        FlipBeforeEnd(bytes) => flip(|length, offset| length - offset, bytes),
    }
}

/// Puts the files back as they were: the same files, since others would be a copy.
enum Undo {
    Write { path: PathBuf, bytes: Vec<u8> },
    Move { from: PathBuf, to: PathBuf },
}

impl Undo {
    fn of(path: &Path, damage: Damage) -> Self {
        let path = path.to_owned();
        if !matches!(damage, Remove) {
            let bytes = fs::read(&path).expect("a file");
            return Self::Write { path, bytes };
        }
        Self::Move { from: aside(&path), to: path }
    }

    fn put_back(self) {
        match self {
            Self::Write { path, bytes } => fs::write(path, bytes).expect("written"),
            Self::Move { from, to } => {
                // The refused start may have created an empty one.
                drop(fs::remove_dir(&to));
                fs::rename(from, to).expect("moved back");
            }
        }
    }
}

fn aside(path: &Path) -> PathBuf {
    path.ancestors().find(|dir| dir.ends_with("log")).expect("the store").with_extension("aside")
}
