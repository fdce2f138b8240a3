//! A made-up log with a lookup index. The pages are laid out by the format's code, as a builder
//! would; the lookup log is laid out like the log itself.

use std::collections::BTreeMap;

use fasti_lookup_spec::{
    KeySlice, LatestFile, LeafRange, LookupPath, Manifest, Posting, RevisionFile, Run, build_part,
    ranges, slice_bits,
};
use tiles_spec::{Hash, LeafIndex, NoteSigningKey, TlogProof, TreeHead};

use crate::made_log::{MadeLog, checkpoint, head, signing_key};
use crate::oracle;

/// The revisions of the index of a log.
#[derive(Clone, Debug, Default)]
pub struct MadeIndex {
    /// The leaves of the lookup log.
    pub revisions: Vec<Vec<u8>>,
}

/// The key of the lookup log: the log's own, under another name.
pub fn lookup_key(log: &MadeLog) -> NoteSigningKey {
    let origin = log.key.verifier_key().name();
    let key = signing_key(&format!("{origin}/lookup"));
    let [own, other] = [&log.key, &key].map(|key| key.verifier_key().public_key());
    assert_eq!(own, other, "it is the log's own key");
    key
}

impl MadeIndex {
    /// Adds a revision: of these entries, with these postings, right or wrong.
    pub fn revise(&mut self, log: &mut MadeLog, entries: &[Vec<u8>], postings: &[Posting]) {
        let manifest = manifest(log, head(entries), postings);
        self.publish(log, entries, manifest);
    }

    /// Adds a revision with this manifest, right or wrong.
    pub fn publish(&mut self, log: &mut MadeLog, entries: &[Vec<u8>], manifest: Manifest) {
        let number = LeafIndex::new(self.revisions.len() as u64).expect("there are few");
        self.revisions.push(manifest.revision_entry());
        let revision = RevisionFile { manifest, checkpoint: checkpoint(&log.key, head(entries)) };
        put(log, &LookupPath::Revision(number), revision.to_bytes());
        let signed = self.put_log(log);
        let leaves: Vec<Hash> = self.revisions.iter().map(|leaf| oracle::leaf(leaf)).collect();
        let hashes = oracle::inclusion(leaves.len() - 1, &leaves);
        let proof = TlogProof { extra: None, index: number, hashes, checkpoint: signed };
        put(log, &LookupPath::Latest, LatestFile { revision, proof }.to_bytes());
    }

    /// Stores the tree of all revisions so far, and returns its checkpoint.
    fn put_log(&self, log: &mut MadeLog) -> Vec<u8> {
        let mut lookup = MadeLog { objects: BTreeMap::new(), key: lookup_key(log) };
        lookup.publish(&self.revisions);
        let signed = lookup.objects["checkpoint"].clone();
        let objects = lookup.objects.into_iter();
        log.objects.extend(objects.map(|(path, bytes)| (format!("lookup/{path}"), bytes)));
        signed
    }
}

/// Stores the parts of an index of the tree `head` with these postings, and returns its manifest.
pub fn manifest(log: &mut MadeLog, head: TreeHead, postings: &[Posting]) -> Manifest {
    let runs = ranges(head.size).into_iter().map(|range| run(log, range, postings)).collect();
    let origin = log.key.verifier_key().name().as_str().parse().expect("an origin");
    Manifest { origin, head, times: frontier_of_times(log, head), runs }
}

/// The largest complete subtrees of the tree of times, if the log has any.
fn frontier_of_times(log: &MadeLog, head: TreeHead) -> Option<Vec<Hash>> {
    let count = usize::try_from(head.size.get()).expect("it fits into memory");
    let times = log.times()?;
    let leaves: Vec<Hash> = times.iter().map(|time| oracle::leaf(&time.to_be_bytes())).collect();
    let (mut nodes, mut rest) = (Vec::new(), &leaves[..count]);
    while !rest.is_empty() {
        let (subtree, later) = rest.split_at(1 << rest.len().ilog2());
        nodes.push(oracle::root(subtree));
        rest = later;
    }
    Some(nodes)
}

fn run(log: &mut MadeLog, range: LeafRange, all: &[Posting]) -> Run {
    let of = all.iter().filter(|posting| range.contains(posting.index));
    let mut postings: Vec<Posting> = of.copied().collect();
    postings.sort_unstable();
    postings.dedup();
    let count = postings.len() as u64;
    let mut parts = Vec::new();
    for slice in (0..).map_while(|part| KeySlice::new(slice_bits(count), part)) {
        let of = postings.iter().filter(|posting| slice.contains(&posting.key));
        let built = build_part(range, slice, &of.copied().collect::<Vec<_>>());
        put(log, &LookupPath::Part { range, part: slice.index() }, built.bytes);
        parts.push(built.part);
    }
    Run::new(range, count, parts).expect("the counts are right")
}

fn put(log: &mut MadeLog, path: &LookupPath, bytes: Vec<u8>) {
    log.objects.insert(path.to_string(), bytes);
}
