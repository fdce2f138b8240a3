//! What logs and witnesses say to each other (C2SP tlog-witness).

use tiles_spec::proof::PROOF_HASHES_MAX;
use tiles_spec::witness::{
    ADD_CHECKPOINT_BYTES_MAX, AddCheckpoint, SignSubtree, WitnessRefusal, judge, judge_subtree,
    open_cosignatures, parse_size, size_body,
};
use tiles_spec::{
    SignedCheckpoint, Subtree, TreeHead, TreeSize, cosign, cosign_subtree, cosign_tree,
    cosignature_time, leaf_hash, node_hash, plan_consistency, verify_consistency,
};

use crate::proof::tiles;
use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert!(data.len() <= ADD_CHECKPOINT_BYTES_MAX);
        assert!(request.proof.len() <= PROOF_HASHES_MAX);
        assert_eq!(request.to_bytes(), data);
        for size in [0, 1, 3, 4, 7, 8] {
            let last = if size == 0 { TreeHead::EMPTY } else { signed::head(size) };
            judged(&request, &last);
        }
    }
    if let Ok(request) = SignSubtree::parse(data) {
        assert!(data.len() <= ADD_CHECKPOINT_BYTES_MAX);
        assert!(request.proof.len() <= PROOF_HASHES_MAX);
        assert_eq!(request.to_bytes(), data);
        part(&request);
    }
    if let Ok(size) = parse_size(data) {
        let line = size_body(size);
        assert!(data == line.as_bytes() || data == line.trim_end().as_bytes());
    }
    let [_, witnesses @ ..] = signed::verifier_keys();
    let text = signed::text(7, &[]);
    if let Ok(lines) = open_cosignatures(&text, data, &witnesses) {
        assert!(!lines.is_empty());
        for line in lines {
            assert!(cosignature_time(&line).is_some_and(|time| time > 0));
            assert!(witnesses.iter().any(|key| key.made(&line) && key.verify(&text, line.bytes())));
        }
    }
}

fn judged(request: &AddCheckpoint, last: &TreeHead) {
    let [log, ..] = signed::verifier_keys();
    let head = request.checkpoint.checkpoint().head;
    let judged = judge(request, std::slice::from_ref(&log), last);
    match judged {
        Ok(witnessed) => {
            assert_eq!(witnessed.checkpoint.head, head);
            assert_eq!(witnessed.note.text(), request.checkpoint.note().text());
            assert_eq!(witnessed.note.verify(std::slice::from_ref(&log)), Ok(vec![&log]));
            assert!(witnessed.note.signatures().iter().all(|line| log.made(line)));
            assert!(verify_consistency(last, &head, &request.proof).is_ok());
            assert_eq!(request.old, last.size);
        }
        Err(WitnessRefusal::Size(size)) => assert!(size == last.size && size != request.old),
        Err(refusal) => assert!([400, 403, 422].contains(&refusal.status())),
    }
}

fn part(request: &SignSubtree) {
    let [_, witnesses @ ..] = signed::verifier_keys();
    let head = request.checkpoint.checkpoint().head;
    assert!(request.subtree.end() <= head.size);
    match judge_subtree(request, &witnesses) {
        Ok(signers) => {
            assert!(!signers.is_empty());
            let line = cosign_subtree(&signed::tree_witness(), &request.signed());
            let line = line.expect("origins are short here");
            assert_eq!(cosignature_time(&line), Some(0));
            assert!(witnesses[1].verify_subtree(&request.signed(), line.bytes()));
        }
        Err(refusal) => assert!([403, 422].contains(&refusal.status())),
    }
}

/// Each is accepted.
pub fn seeds() -> Seeds {
    let request = |old: usize| {
        let size = |size: usize| TreeSize::new(size as u64).expect("it is small");
        let checkpoint = SignedCheckpoint::parse(&signed::checkpoint(7).to_bytes());
        let proof = plan_consistency(size(old), size(7)).expect("it grew");
        AddCheckpoint {
            old: size(old),
            proof: proof.build(&tiles(&signed::leaves(7))).expect("all tiles are there"),
            checkpoint: checkpoint.expect("a checkpoint"),
        }
    };
    let text = signed::text(7, &[]);
    let time = 1_800_000_000;
    let lines = [
        cosign(&signed::witness(), &text, time).expect("the time is in range"),
        cosign_tree(&signed::tree_witness(), &text, time).expect("a checkpoint"),
    ];
    vec![
        ("first", request(0).to_bytes()),
        ("grown", request(3).to_bytes()),
        ("again", request(7).to_bytes()),
        ("subtree", subtree().to_bytes()),
        ("size", b"4\n".to_vec()),
        ("lines", lines.map(|line| line.to_string()).concat().into_bytes()),
    ]
}

/// The third and fourth leaf of seven.
fn subtree() -> SignSubtree {
    let size = |size| TreeSize::new(size).expect("it is small");
    let leaf = |n: usize| leaf_hash(n.to_string().as_bytes());
    let pair = |n: usize| node_hash(&leaf(n), &leaf(n + 1));
    let text = signed::text(7, &[]);
    let mut note = signed::checkpoint(7);
    let line = cosign_tree(&signed::tree_witness(), &text, 1_800_000_000).expect("a checkpoint");
    note.append(line).expect("there is room");
    SignSubtree {
        subtree: Subtree::new(size(2), size(4)).expect("it is aligned"),
        hash: pair(2),
        proof: vec![pair(0), node_hash(&pair(4), &leaf(6))],
        checkpoint: SignedCheckpoint::parse(&note.to_bytes()).expect("a checkpoint"),
    }
}
