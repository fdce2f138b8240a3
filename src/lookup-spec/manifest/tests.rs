//! Printing and parsing manifests, and rejecting malformed ones.

use tiles_spec::hash::leaf_hash;
use tiles_spec::size::LeafIndex;

use super::*;
use crate::{Posting, build_part};

fn size(n: u64) -> TreeSize {
    TreeSize::new(n).unwrap()
}

fn run(start: u64, end: u64) -> Run {
    let range = LeafRange::new(size(start), size(end)).unwrap();
    let posting = |n: u64| Posting {
        key: LookupKey::digest(&n.to_be_bytes()),
        index: LeafIndex::new(n).unwrap(),
    };
    let mut postings: Vec<_> = (start..end).map(posting).collect();
    postings.sort_unstable();
    let built = build_part(range, KeySlice::new(0, 0).unwrap(), &postings);
    Run::new(range, end - start, vec![built.part]).unwrap()
}

fn manifest() -> Manifest {
    Manifest {
        origin: "log.example".parse().unwrap(),
        head: TreeHead { size: size(300), root: leaf_hash(b"root") },
        times: Some((0..4_u64).map(|n| leaf_hash(&n.to_be_bytes())).collect()),
        runs: vec![run(0, 256), run(256, 300)],
    }
}

#[test]
fn what_is_printed_is_read() {
    let bytes = manifest().to_bytes();
    assert_eq!(Manifest::parse(&bytes), Ok(manifest()));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("fasti/lookup-manifest/v2\nlog.example\n300\n"), "{text}");
    assert!(text.contains("\nrun 256 256\npart 256 256 2 2 2 "), "{text}");
    let (head, times) = (TreeHead::EMPTY, Some(Vec::new()));
    let empty = Manifest { head, times, runs: Vec::new(), ..manifest() };
    assert_eq!(Manifest::parse(&empty.to_bytes()), Ok(empty));
    let timeless = Manifest { times: None, ..manifest() };
    let text = String::from_utf8(timeless.to_bytes()).unwrap();
    assert!(text.starts_with("fasti/lookup-manifest/v1\nlog.example\n300\n"), "{text}");
    assert!(!text.contains("times"), "{text}");
    assert_eq!(Manifest::parse(text.as_bytes()), Ok(timeless));
    let entry = String::from_utf8(manifest().revision_entry()).unwrap();
    assert!(entry.starts_with("fasti/lookup-revision/v1\nlog.example\n300\n"), "{entry}");
    assert!(entry.ends_with(&format!("\n{}\n", manifest().hash().to_base64())), "{entry}");
}

#[test]
fn what_is_no_manifest_is_refused() {
    let text = String::from_utf8(manifest().to_bytes()).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from:?}");
        Manifest::parse(text.replacen(from, to, 1).as_bytes()).expect_err(to).to_string()
    };
    for (from, to, words) in [
        ("/v2", "/v3", "begin with"),
        ("/v2", "/v1", "line 5"),
        ("\ntimes ", "\ntimes  ", "line 5"),
        ("\ntimes ", "\ntime ", "line 5"),
        ("\ntimes ", "\n", "line 5"),
        (&text[text.find("times ").unwrap() + 5..text.find("\nrun").unwrap()], "", "line 5"),
        ("log.example", "", "origin"),
        ("\n300\n", "\n0300\n", "tree size"),
        ("\n300\n", "\n305\n", "end at 300"),
        ("run 256 256", "run 0 256", "line 6"),
        ("run 256 256", "run 256 255", "do not add up"),
        ("run 256 256", "run 256 99999999", "line 8"),
        ("run 256 256", "run 257 256", "fewer postings than leaves"),
        ("run 256 256", "run +256 256", "line 6"),
        ("part 256 256 2 2 2", "part 256 256 2 2", "line 7"),
        ("part 256 256 2 2 2", "part 256 257 2 2 2", "more keys"),
        ("part 256 256 2 2 2", "part 256 0 2 2 2", "only one of them is zero"),
        ("part 256 256 2 2 2", "part 256 256 0 2 2", "page counts"),
        ("part 256 256 2 2 2", "part 256 256 3 2 2", "page counts"),
        ("part 256 256 2 2 2", "part 256 256 2 3 2", "page counts"),
        ("part 256 256 2 2 2", "part 256 256 2 2 4294967296", "line 7"),
        ("part 256 256 2 2 2 ", "part 256 256 2 2 2  ", "line 7"),
    ] {
        let error = replaced(from, to);
        assert!(error.contains(words), "{from:?} to {to:?}: {error}");
    }
    for cut in 0..text.len() {
        assert!(Manifest::parse(&text.as_bytes()[..cut]).is_err(), "{cut}");
    }
    let long = vec![b'\n'; MANIFEST_BYTES_MAX + 1];
    assert_eq!(Manifest::parse(&long), Err(ManifestError::TooLong(long.len())));
    let lines: Vec<&str> = text.lines().collect();
    let part = lines[6].replacen("256 256", "1 1", 1);
    let runs: Vec<String> = (1..=65).map(|n| format!("run {n} 1\n{part}\n")).collect();
    let many = Manifest::parse(format!("{}\n{}", lines[..5].join("\n"), runs.concat()).as_bytes());
    assert_eq!(many, Err(ManifestError::TooManyRuns));
}

#[test]
fn each_bit_counts() {
    let bytes = manifest().to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = Manifest::parse(&flipped) {
            assert_eq!(read.to_bytes(), flipped);
            assert_ne!(read.hash(), manifest().hash());
        }
    }
}
