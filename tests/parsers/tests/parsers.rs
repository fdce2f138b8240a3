//! The checks, with the committed seeds and with damaged copies of them: what can be had of fuzzing
//! without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fasti_parsers::{PARSERS, Parser, Seeds};

/// Damaged copies of each seed.
const COPIES: u64 = 150;
/// The largest corpus that is committed for a parser, in bytes.
const CORPUS_BYTES_MAX: usize = 24 << 10;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn names(files: impl IntoIterator<Item = PathBuf>) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    files.into_iter().map(stem).collect()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<_> = listed.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

fn committed(parser: &Parser) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files(&fuzz().join("seeds").join(parser.name)).into_iter();
    files.map(|path| (path.clone(), fs::read(path).expect("readable"))).collect()
}

#[test]
fn every_parser_has_a_fuzz_target_and_its_seeds() {
    let known: BTreeSet<_> = PARSERS.iter().map(|parser| parser.name.to_owned()).collect();
    assert_eq!(names(files(&fuzz().join("fuzz_targets"))), known);
    assert_eq!(names(files(&fuzz().join("seeds"))), known);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("readable");
    for parser in PARSERS {
        assert!(manifest.contains(&format!("name = \"{}\"", parser.name)), "{}", parser.name);
        let committed = committed(parser);
        let made: BTreeSet<_> =
            (parser.seeds)().into_iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names(committed.iter().map(|(path, _)| path.clone())), made, "{}", parser.name);
        let bytes: usize = committed.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(bytes <= CORPUS_BYTES_MAX, "{}: {bytes}", parser.name);
    }
}

/// Keys and signatures differ from run to run; what holds of the committed seeds holds of new ones.
#[test]
fn seeds_new_and_old_hold() {
    for parser in PARSERS {
        let made: Seeds = (parser.seeds)();
        let made = made.into_iter().map(|(name, bytes)| (PathBuf::from(name), bytes));
        for (path, bytes) in committed(parser).into_iter().chain(made) {
            checked(parser, &path, &bytes);
        }
    }
}

#[test]
fn damaged_seeds_hold() {
    for parser in PARSERS {
        for (path, bytes) in committed(parser) {
            for copy in 0..COPIES {
                checked(parser, &path, &damaged(&bytes, copy));
            }
        }
    }
}

#[test]
#[ignore = "writes the seeds after a change of a format"]
fn writes_the_seeds() {
    for parser in PARSERS {
        let dir = fuzz().join("seeds").join(parser.name);
        drop(fs::remove_dir_all(&dir));
        fs::create_dir_all(&dir).expect("it can be made");
        for (name, bytes) in (parser.seeds)() {
            fs::write(dir.join(name), bytes).expect("it can be written");
        }
    }
}

/// Runs a check, and shows the bytes if it fails.
fn checked(parser: &Parser, seed: &Path, bytes: &[u8]) {
    let _shown = Shown { parser, seed, bytes };
    (parser.check)(bytes);
}

struct Shown<'a> {
    parser: &'a Parser,
    seed: &'a Path,
    bytes: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (name, seed) = (self.parser.name, self.seed.display());
            eprintln!("{name}, from {seed}: \"{}\"", self.bytes.escape_ascii());
        }
    }
}

/// A copy with one to four faults, each copy with its own.
fn damaged(bytes: &[u8], copy: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut state = copy.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).expect("it is below a length")
    };
    for _ in 0..=random(4) {
        let at = random(bytes.len());
        match random(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random(8),
            1 if at < bytes.len() => bytes[at] = [0, 0xff, b'0', b'"', b'\n', b'A'][random(6)],
            2 => bytes.truncate(at),
            3 => {
                let end = at + random(bytes.len() - at);
                drop(bytes.drain(at..end));
            }
            4 => {
                let end = at + random((bytes.len() - at).min(64));
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => bytes.insert(at, [0, 0x80, b' ', b',', b'\n', b'}'][random(6)]),
        }
    }
    bytes
}
