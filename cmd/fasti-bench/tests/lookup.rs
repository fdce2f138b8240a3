//! `fasti-bench lookup` on a small corpus.

#[allow(dead_code, reason = "shared with the tests of load")]
mod server;

use std::fs;
use std::path::Path;

use fasti::entry::lookup_keys;
use fasti_corpus::distribution::Distribution;
use fasti_corpus::entries::Entries;
use fasti_corpus::tiles::write;
use server::bench;
use tiles_spec::lookup::*;
use tiles_spec::*;

fn index(root: &Path, entries: &Entries, key: &NoteSigningKey, head: TreeHead) {
    let origin: Origin = "corpus.test".parse().unwrap();
    let mut runs = Vec::new();
    for range in ranges(head.size) {
        let mut postings = Vec::new();
        entries.each(range.start().get(), range.len() as usize, |n, _, leaf| {
            let index = LeafIndex::new(n).unwrap();
            postings.extend(
                lookup_keys(&leaf_hash(&leaf), &leaf).into_iter().map(|key| Posting { key, index }),
            );
        });
        postings.sort_unstable();
        let built = build_part(range, KeySlice::new(0, 0).unwrap(), &postings);
        let path = root.join(LookupPath::Part { range, part: 0 }.to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, built.bytes).unwrap();
        runs.push(Run::new(range, postings.len() as u64, vec![built.part]).unwrap());
    }
    let manifest = Manifest { origin: origin.clone(), head, runs };
    let mut tree = Frontier::new();
    tree.push(leaf_hash(&manifest.revision_entry())).unwrap();
    let sign = |name: &Origin, head| {
        let key = NoteSigningKey::from_seed(name.key_name(), &key.seed());
        let text = Checkpoint { origin: name.to_string(), head, extensions: vec![] }.to_text();
        format!("{text}\n{}", key.sign(&text)).into_bytes()
    };
    let latest = LatestFile {
        revision: RevisionFile { manifest, checkpoint: sign(&origin, head) },
        proof: TlogProof {
            extra: None,
            index: LeafIndex::new(0).unwrap(),
            hashes: vec![],
            checkpoint: sign(&lookup_origin(&origin).unwrap(), tree.head()),
        },
    };
    fs::write(root.join("lookup/latest"), latest.to_bytes()).unwrap();
}

#[test]
fn known_keys_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("log");
    let entries =
        Entries::new(Distribution { seed: 1, entries: 5000, certificates_per_million: 100_000 });
    let key = NoteSigningKey::from_seed("corpus.test".parse().unwrap(), &[7; 32]);
    let written = write(&root, &entries, &key).unwrap();
    index(&root, &entries, &key, written.head);
    let questions = fasti_corpus::questions::questions(&entries, &written.census, 50);
    let known =
        serde_json::json!({"verifier_key": key.verifier_key().to_string(), "questions": questions});
    let file = directory.path().join("corpus.json");
    fs::write(&file, known.to_string()).unwrap();
    let arguments = [
        "lookup",
        "ask",
        "--log",
        root.to_str().unwrap(),
        "--known",
        file.to_str().unwrap(),
        "--lookups",
        "50",
    ];
    let (code, report) = bench(&arguments);
    println!("{report:#}");
    let t = std::process::Command::new(env!("CARGO_BIN_EXE_fasti-bench"))
        .args(arguments)
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&t.stdout));
    assert_eq!(code, 0, "{report}");
}
