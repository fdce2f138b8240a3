//! A small log with fixed keys, from which the seeds are made: the same in every run.

use tiles_spec::{
    Checkpoint, CosigningKey, Frontier, Hash, Note, NoteSigningKey, TreeCosigningKey, TreeHead,
    VerifierKey, cosign, cosign_tree, leaf_hash,
};

/// The log's origin.
pub const ORIGIN: &str = "log.example/one";

/// The log's key.
pub fn key() -> NoteSigningKey {
    NoteSigningKey::from_seed(ORIGIN.parse().expect("a key name"), &[1; 32])
}

/// A witness's key of type 0x04.
pub fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example".parse().expect("a key name"), &[2; 32])
}

/// A witness's key of type 0x06.
pub fn tree_witness() -> TreeCosigningKey {
    let name = "trees.example".parse().expect("a key name");
    TreeCosigningKey::from_seed(name, &[3; 32]).expect("the name is short")
}

/// The keys of all who sign.
pub fn verifier_keys() -> [VerifierKey; 3] {
    [
        key().verifier_key().clone(),
        witness().verifier_key().clone(),
        tree_witness().verifier_key().clone(),
    ]
}

/// The leaf hashes of the log.
pub fn leaves(size: usize) -> Vec<Hash> {
    (0..size).map(|n| leaf_hash(n.to_string().as_bytes())).collect()
}

/// The head of the log's tree.
pub fn head(size: usize) -> TreeHead {
    let mut tree = Frontier::new();
    for leaf in leaves(size) {
        tree.push(leaf).expect("it is small");
    }
    tree.head()
}

/// The text of a checkpoint.
pub fn text(size: usize, extensions: &[&str]) -> String {
    let extensions = extensions.iter().map(|line| (*line).to_owned()).collect();
    Checkpoint { origin: ORIGIN.to_owned(), head: head(size), extensions }.to_text()
}

/// A checkpoint that the log has signed.
pub fn checkpoint(size: usize) -> Note {
    let text = text(size, &[]);
    let mut note = Note::unsigned(text.as_str()).expect("a text");
    note.append(key().sign(&text)).expect("there is room");
    note
}

/// A checkpoint with the signatures of all who sign.
pub fn cosigned(size: usize) -> Note {
    let mut note = checkpoint(size);
    let text = note.text().to_owned();
    let lines = [
        cosign(&witness(), &text, 1_800_000_000).expect("the time is in range"),
        cosign_tree(&tree_witness(), &text, 0).expect("a checkpoint"),
    ];
    for line in lines {
        note.append(line).expect("there is room");
    }
    note
}
