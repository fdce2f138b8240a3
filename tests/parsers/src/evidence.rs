//! Evidence that a log has contradicted itself (`fasti_read::evidence`).

use fasti::client::evidence::{Beginning, EVIDENCE_BYTES_MAX, Evidence, Verdict};
use tiles_spec::{Hash, SignedCheckpoint, leaf_hash, plan_consistency, plan_root};

use crate::{Seeds, proof, signed};

/// See the crate. The key has signed heads of one tree only, so it is never convicted.
pub fn check(data: &[u8]) {
    let Ok(evidence) = Evidence::parse(data) else { return };
    assert!(data.len() <= EVIDENCE_BYTES_MAX);
    let again = Evidence::parse(&evidence.to_bytes()).expect("it is read back");
    assert_eq!(again, evidence);
    for key in signed::verifier_keys() {
        match evidence.judge(&key) {
            Ok(Verdict::Convicts(conviction)) => panic!("{conviction:?}"),
            Ok(Verdict::Acquits(_)) | Err(_) => {}
        }
    }
}

fn checkpoint(size: usize) -> SignedCheckpoint {
    SignedCheckpoint::parse(&signed::checkpoint(size).to_bytes()).expect("a checkpoint")
}

/// Each is read, and none convicts.
pub fn seeds() -> Seeds {
    let (small, large) = (signed::head(5), signed::head(7));
    let tiles = proof::tiles(&signed::leaves(7));
    let build = |plan: tiles_spec::ProofPlan| -> Vec<Hash> {
        plan.build(&tiles).expect("all tiles are there")
    };
    let hashes = build(plan_consistency(small.size, large.size).expect("it grows"));
    let grown = Beginning { root: small.root, proof: hashes.clone() };
    let wrong = Beginning { root: leaf_hash(b"no root"), proof: hashes };
    let other = Beginning { root: small.root, proof: build(plan_root(large.size)) };
    let of = |beginning| Evidence::new(&checkpoint(7), &checkpoint(5), beginning).to_bytes();
    vec![
        ("grown", of(Some(grown))),
        ("wrong-root", of(Some(wrong))),
        ("wrong-proof", of(Some(other))),
        ("unproved", of(None)),
        ("same", Evidence::new(&checkpoint(7), &checkpoint(7), None).to_bytes()),
    ]
}
