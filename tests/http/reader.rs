//! A reader that trusts only the log's key: checkpoints, inclusion, consistency, from tiles.

use std::net::SocketAddr;

use fasti_kit::writer::Writer;
use serde_json::Value;
use tiles_spec::{
    BundleCoord, EntryBundle, Hash, HashTile, LeafIndex, ProofPlan, TileMap, TreeHead, VerifierKey,
    leaf_hash, open_checkpoint, plan_consistency, plan_inclusion, verify_consistency,
    verify_inclusion,
};

use crate::submitter::{base64, good};
use crate::wire::{Answer, get, post};

pub const ENTRIES: &str = "/api/v2/log/entries";
pub const ORIGIN: &str = "localhost";

/// Reads the log of a writer.
pub struct Reader {
    address: SocketAddr,
    key: VerifierKey,
}

impl Reader {
    pub fn of(writer: &Writer) -> Self {
        Self { address: writer.address, key: writer.key.clone() }
    }

    fn fetch(&self, path: &str) -> Vec<u8> {
        let answer = get(self.address, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.body
    }

    fn open(&self, checkpoint: &[u8]) -> TreeHead {
        let keys = std::slice::from_ref(&self.key);
        open_checkpoint(checkpoint, ORIGIN, keys).expect("a good checkpoint").head
    }

    /// The published checkpoint.
    pub fn checkpoint(&self) -> String {
        String::from_utf8(self.fetch("/checkpoint")).expect("text")
    }

    /// The currently published tree.
    pub fn head(&self) -> TreeHead {
        self.open(&self.fetch("/checkpoint"))
    }

    pub fn size(&self) -> u64 {
        self.head().size.get()
    }

    fn build(&self, plan: &ProofPlan) -> Vec<Hash> {
        let mut tiles = TileMap::new();
        for coord in plan.tiles() {
            let bytes = self.fetch(&format!("/{coord}"));
            tiles.insert(*coord, HashTile::decode(&bytes, coord.width).expect("a tile"));
        }
        plan.build(&tiles).expect("the tiles hold the proof")
    }

    /// Checks that the published tree is consistent with `old`.
    pub fn is_continued(&self, old: &TreeHead) {
        let new = self.head();
        let plan = plan_consistency(old.size, new.size).expect("the log does not shrink");
        verify_consistency(old, &new, &self.build(&plan)).expect("the trees are consistent");
    }

    /// Checks that the log holds these bytes at this index, by its bundles and its tiles.
    pub fn holds(&self, index: u64, entry: &[u8]) {
        let head = self.head();
        let index = LeafIndex::new(index).expect("an index");
        let plan = plan_inclusion(index, head.size).expect("the index is in the tree");
        let proof = self.build(&plan);
        verify_inclusion(&leaf_hash(entry), index, &head, &proof).expect("the leaf is included");
        let coord = BundleCoord::holding(index, head.size).expect("the index is in the tree");
        let bundle = EntryBundle::decode(self.fetch(&format!("/{coord}")), coord.width);
        assert_eq!(bundle.expect("a bundle").entry(index.slot()), Some(entry));
    }

    /// Verifies a `TransparencyLogEntry` by its own proof, and checks that the published tree is
    /// consistent with it. Returns index and canonical body.
    pub fn verify(&self, entry: &Value) -> (u64, Vec<u8>) {
        let proof = &entry["inclusionProof"];
        let head = self.open(text(&proof["checkpoint"]["envelope"]).as_bytes());
        assert_eq!(text(&proof["rootHash"]), base64(head.root.as_bytes()));
        assert_eq!(text(&proof["treeSize"]), head.size.get().to_string());
        assert_eq!(proof["logIndex"], entry["logIndex"]);
        let index: u64 = text(&entry["logIndex"]).parse().expect("an index");
        let hashes = proof["hashes"].as_array().expect("hashes").iter();
        let hashes: Vec<Hash> =
            hashes.map(|hash| Hash::from_base64(text(hash)).expect("a hash")).collect();
        let body = decode(&entry["canonicalizedBody"]);
        let leaf = LeafIndex::new(index).expect("an index");
        verify_inclusion(&leaf_hash(&body), leaf, &head, &hashes).expect("the proof holds");
        self.is_continued(&head);
        (index, body)
    }

    /// Checks that nothing was logged since the tree had this size, and that a valid submission
    /// still succeeds and gets the very next index.
    #[track_caller]
    pub fn is_unharmed(&self, size: u64) {
        assert_eq!(self.size(), size, "something was logged");
        let answer = post(self.address, ENTRIES, good().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(self.verify(&answer.json()).0, size);
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}"))
}

pub fn decode(value: &Value) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text(value)).expect("base64")
}

/// The index that `POST /add` returned.
pub fn opaque_index(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().strip_suffix('\n').and_then(|line| line.parse().ok()).expect("a decimal index")
}
