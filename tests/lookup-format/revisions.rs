//! The newest revision's file with flipped bits, mixed with other files, and trusted anyway.

use fasti_lookup_spec::{
    Found, KeySlice, LatestFile, LeafRange, Manifest, Part, Posting, Probe, RevisionFile, Run,
    build_part, lookup_origin,
};
use tiles_spec::{
    Checkpoint, Frontier, Hash, LeafIndex, NoteSigningKey, Origin, TlogProof, TreeHead, TreeSize,
    VerifierKey, leaf_hash, open_checkpoint,
};

use crate::brute_force::{Lists, Random, key, leaf, size, slot};

const ORIGIN: &str = "log.example";

struct Keys {
    log: NoteSigningKey,
    lookup: NoteSigningKey,
}

impl Keys {
    fn new() -> Self {
        let origin: Origin = ORIGIN.parse().unwrap();
        let lookup = lookup_origin(&origin).unwrap();
        let key = |origin: &Origin| NoteSigningKey::from_seed(origin.key_name(), &[7; 32]);
        Self { log: key(&origin), lookup: key(&lookup) }
    }
}

fn signed(key: &NoteSigningKey, head: TreeHead) -> Vec<u8> {
    let origin = key.verifier_key().name().to_string();
    let text = Checkpoint { origin, head, extensions: Vec::new() }.to_text();
    format!("{text}\n{}", key.sign(&text)).into_bytes()
}

/// An index of two runs, with its newest revision, the second one in its lookup log.
fn latest(keys: &Keys, runs: Vec<Run>) -> LatestFile {
    let end = runs.last().map_or(TreeSize::ZERO, |run| run.range.end());
    let head = TreeHead { size: end, root: leaf_hash(b"the tree's root") };
    let manifest = Manifest { origin: ORIGIN.parse().unwrap(), head, times: None, runs };
    let mut tree = Frontier::new();
    let before = leaf_hash(b"the revision before");
    tree.push(before).unwrap();
    tree.push(leaf_hash(&manifest.revision_entry())).unwrap();
    LatestFile {
        revision: RevisionFile { manifest, checkpoint: signed(&keys.log, head) },
        proof: TlogProof {
            extra: None,
            index: leaf(1),
            hashes: vec![before],
            checkpoint: signed(&keys.lookup, tree.head()),
        },
    }
}

/// Verifies a file and returns its manifest.
fn open(keys: &Keys, bytes: &[u8]) -> Result<Manifest, String> {
    let key = |key: &NoteSigningKey| [VerifierKey::clone(key.verifier_key())];
    let LatestFile { revision: RevisionFile { manifest, checkpoint }, proof } =
        LatestFile::parse(bytes).map_err(|error| error.to_string())?;
    let log = open_checkpoint(&checkpoint, ORIGIN, &key(&keys.log)).map_err(|e| e.to_string())?;
    if log.head != manifest.head || manifest.origin.as_str() != ORIGIN {
        return Err("the manifest is of another tree".to_owned());
    }
    let lookup = lookup_origin(&manifest.origin).map_err(|error| error.to_string())?;
    let leaf = leaf_hash(&manifest.revision_entry());
    let opened = proof.verify(&leaf, lookup.as_str(), &key(&keys.lookup));
    let newest = opened.map_err(|error| error.to_string())?.head.size;
    if newest != proof.index.tree_size_after() {
        return Err("it is not the newest revision".to_owned());
    }
    Ok(manifest)
}

fn two_runs() -> (Vec<Run>, [Vec<u8>; 2], Lists) {
    let mut random = Random(11);
    let (mut lists, mut runs, mut bytes) = (Lists::new(), Vec::new(), Vec::new());
    for (start, end) in [(0, 256), (256, 300)] {
        let range = LeafRange::new(size(start), size(end)).unwrap();
        let mut postings: Vec<_> = (start..end)
            .flat_map(|n| [(random.next(), n), (3 << 62, n)])
            .map(|(high, n)| Posting { key: key(high, 0), index: leaf(n) })
            .collect();
        postings.sort_unstable();
        for posting in &postings {
            lists.entry(posting.key).or_default().push(posting.index);
        }
        let built = build_part(range, KeySlice::new(0, 0).unwrap(), &postings);
        runs.push(Run::new(range, postings.len() as u64, vec![built.part]).unwrap());
        bytes.push(built.bytes);
    }
    (runs, bytes.try_into().unwrap(), lists)
}

#[test]
fn no_bit_of_the_newest_revision_can_be_flipped() {
    let keys = Keys::new();
    let latest = latest(&keys, two_runs().0);
    let bytes = latest.to_bytes();
    assert_eq!(open(&keys, &bytes).as_ref(), Ok(&latest.revision.manifest));
    let mut flipped = bytes.clone();
    for bit in 0..bytes.len() * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&keys, &flipped).is_err(), "byte {}, bit {}", bit / 8, bit % 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn revisions_are_not_mixed() {
    let keys = Keys::new();
    let (runs, ..) = two_runs();
    let (one, two) = (latest(&keys, runs[..1].to_vec()), latest(&keys, runs));
    let mixed = |revision: &LatestFile, proof: &LatestFile| LatestFile {
        revision: revision.revision.clone(),
        proof: proof.proof.clone(),
    };
    assert!(open(&keys, &mixed(&one, &one).to_bytes()).is_ok());
    assert!(open(&keys, &mixed(&one, &two).to_bytes()).is_err());
    let mut other = two.clone();
    other.revision.checkpoint.clone_from(&one.revision.checkpoint);
    assert!(open(&keys, &other.to_bytes()).is_err());
    let mut older = two.clone();
    older.revision.manifest = one.revision.manifest;
    assert!(open(&keys, &older.to_bytes()).is_err());
}

/// Even a client that believed a changed manifest would be misled by hardly any of its numbers,
/// because the pages then do not fit them. (A run's end can be moved, so that leaves are counted
/// from elsewhere; that is why it is signed.)
#[test]
fn pages_do_not_fit_a_changed_part() {
    let (runs, bytes, lists) = two_runs();
    let (run, bytes) = (&runs[0], &bytes[0]);
    let absent = key(1, 1);
    let asked: Vec<_> = lists.keys().step_by(9).copied().chain([key(3 << 62, 0), absent]).collect();
    let below = |leaves: &[LeafIndex]| -> Vec<_> {
        leaves.iter().copied().filter(|leaf| run.range.contains(*leaf)).collect()
    };
    let mut errors = 0;
    let mut believe = |part: Part| {
        let run = Run { parts: vec![part], ..run.clone() };
        for key in &asked {
            let mut probe = Probe::new(*key, &run);
            // A page beyond the object: a server has nothing to return.
            let taken = loop {
                let wanted = run.parts[0].slot(probe.wants());
                let there = usize::try_from(wanted.end).is_ok_and(|end| end <= bytes.len());
                let given: &[u8] = if there { slot(bytes, wanted) } else { &[] };
                match probe.take(given) {
                    Ok(None) => {}
                    Ok(Some(found)) => break Ok(found),
                    Err(error) => break Err(error),
                }
            };
            let expected = below(lists.get(key).map_or(&[][..], Vec::as_slice));
            match taken {
                Ok(Found::Absent) => assert_eq!(expected, []),
                Ok(Found::Listed(leaves)) => assert_eq!(leaves, expected),
                Ok(Found::Paged(_)) => panic!("there is no long list"),
                Err(_) => errors += 1,
            }
        }
    };
    let part = &run.parts[0];
    for bit in 0..32 {
        let flip = |count: u32| count ^ 1 << bit;
        for changed in [
            Part { homes: flip(part.homes), ..part.clone() },
            Part { directory: flip(part.directory), ..part.clone() },
            Part { pages: flip(part.pages), ..part.clone() },
        ] {
            // The rules for parsing a manifest.
            let run = Run::new(run.range, run.postings, vec![changed]);
            if let Ok(mut run) = run {
                believe(run.parts.remove(0));
            }
        }
    }
    for bit in 0..256 {
        let mut root = *part.root.as_bytes();
        root[bit / 8] ^= 1 << (bit % 8);
        believe(Part { root: Hash::from(root), ..part.clone() });
    }
    assert!(errors >= 256 * asked.len(), "{errors}");
}
