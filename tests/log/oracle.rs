//! The oracle: derives a log again from its stored objects, by the textbook.
//!
//! It reads `checkpoint`, every entry bundle and every tile by path, and computes the tree by the
//! recursion of RFC 6962, so that nothing depends on the code under test.

use fasti::store::{ObjectPath, Store};
use tiles_spec::{Hash, TreeHead, VerifierKey, leaf_hash, node_hash, open_checkpoint};

/// A log as its readers see it.
pub struct Published {
    pub head: TreeHead,
    pub entries: Vec<Vec<u8>>,
}

/// Reads and checks everything that the checkpoint implies.
pub async fn verify(objects: &dyn Store, origin: &str, key: &VerifierKey) -> Published {
    let checkpoint = read(objects, "checkpoint").await.expect("there is a checkpoint");
    let checkpoint = open_checkpoint(&checkpoint, origin, std::slice::from_ref(key));
    let head = checkpoint.expect("the checkpoint verifies").head;
    let size = usize::try_from(head.size.get()).expect("a test's log is small");
    let mut entries = Vec::new();
    for (index, width) in pieces(size) {
        let path = format!("tile/entries/{}", name(index, width));
        let mut bundle = &read_wider(objects, &path).await[..];
        for _ in 0..width {
            let length = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
            entries.push(bundle[2..2 + length].to_vec());
            bundle = &bundle[2 + length..];
        }
    }
    let mut hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    assert_eq!(mth(&hashes), head.root, "the entries hash to the root at size {size}");
    for level in 0.. {
        if hashes.is_empty() {
            break;
        }
        for (index, width) in pieces(hashes.len()) {
            let path = format!("tile/{level}/{}", name(index, width));
            let tile = read_wider(objects, &path).await;
            let expected: Vec<u8> = hashes[index * 256..index * 256 + width]
                .iter()
                .flat_map(|h| *h.as_bytes())
                .collect();
            assert_eq!(tile[..expected.len()], expected, "{path}");
        }
        hashes = hashes.chunks_exact(256).map(mth).collect();
    }
    Published { head, entries }
}

/// The Merkle tree hash of RFC 6962 section 2.1.
pub fn mth(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => tiles_spec::EMPTY_ROOT,
        [one] => *one,
        more => {
            let split = (more.len().next_power_of_two()) / 2;
            node_hash(&mth(&more[..split]), &mth(&more[split..]))
        }
    }
}

fn pieces(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count.div_ceil(256)).map(move |index| (index, (count - index * 256).min(256)))
}

fn name(index: usize, width: usize) -> String {
    assert!(index < 1000, "a test's log is small");
    if width == 256 { format!("{index:03}") } else { format!("{index:03}.p/{width}") }
}

async fn read(objects: &dyn Store, path: &str) -> Option<Vec<u8>> {
    let path = ObjectPath::new(path).expect("a valid path");
    objects.get(&path).await.expect("the store answers").map(|object| object.bytes.to_vec())
}

/// A partial object may have been superseded by the full one.
async fn read_wider(objects: &dyn Store, path: &str) -> Vec<u8> {
    if let Some(bytes) = read(objects, path).await {
        return bytes;
    }
    let (full, _) = path.split_once(".p/").unwrap_or_else(|| panic!("{path} is missing"));
    read(objects, full).await.unwrap_or_else(|| panic!("{path} and {full} are missing"))
}
