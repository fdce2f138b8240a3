//! Realistic entries: the frozen Rekor entries, each with its own artifact.
//!
//! So most keys occur in one leaf, and those of signers in every tenth.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

static FROZEN: [&str; 10] = [
    include_str!("../data/rekor/dsse.leaf.json"),
    include_str!("../data/rekor/ecdsa-p256-certificate.leaf.json"),
    include_str!("../data/rekor/ecdsa-p256-key.leaf.json"),
    include_str!("../data/rekor/ecdsa-p384-key.leaf.json"),
    include_str!("../data/rekor/ecdsa-p521-key.leaf.json"),
    include_str!("../data/rekor/ed25519ph-certificate.leaf.json"),
    include_str!("../data/rekor/ed25519ph-key.leaf.json"),
    include_str!("../data/rekor/rsa-2048-key.leaf.json"),
    include_str!("../data/rekor/rsa-3072-key.leaf.json"),
    include_str!("../data/rekor/rsa-4096-key.leaf.json"),
];

/// The text before and after the digest in each.
static AROUND: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let around = |leaf: &'static str| {
        let mark = "\"digest\":\"";
        let start = leaf.find(mark).expect("a leaf has a digest") + mark.len();
        let end = start + leaf[start..].find('"').expect("the digest ends");
        (&leaf[..start], &leaf[end..])
    };
    FROZEN.map(around).to_vec()
});

/// Entry `n`. One in a hundred is not a Rekor entry, and one is a duplicate of another.
pub fn entry(n: u64) -> Vec<u8> {
    if n % 100 == 50 {
        return format!("no Rekor entry {}", n / 200).into_bytes();
    }
    let around = &*AROUND;
    let (before, behind) = around[usize::try_from(n).expect("fits") % around.len()];
    let digest = STANDARD.encode(Sha256::digest(format!("artifact {n}")));
    [before, &digest, behind].concat().into_bytes()
}
