//! Parts of trees, cosigned by the witness that cosigned the tree.

use fasti_kit::oracle;
use tiles_spec::witness::SignSubtree;
use tiles_spec::{Note, SignedCheckpoint, Subtree, cosignature_time};

use crate::home::Home;
use crate::made::{Log, size};

#[test]
fn a_part_of_what_was_cosigned_is_cosigned() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    let lines = log.cosign(&witness, &home.keys(), 0, 14);
    let checkpoint = |by: &[usize]| {
        let mut note = Note::unsigned(log.text(log.head(14))).unwrap();
        for n in by {
            note.append(lines[*n].clone()).unwrap();
        }
        note.append(log.key.sign(note.text())).unwrap();
        SignedCheckpoint::parse(&note.to_bytes()).unwrap()
    };
    let request = |start: usize, end: usize, by: &[usize]| SignSubtree {
        subtree: Subtree::new(size(start as u64), size(end as u64)).unwrap(),
        hash: oracle::root(&log.leaves(14)[start..end]),
        proof: oracle::subtree_consistency(start, end, &log.leaves(14)),
        checkpoint: checkpoint(by),
    };
    let ask = |request: &SignSubtree| witness.post("/sign-subtree", &request.to_bytes());
    let [_, ml_dsa] = home.keys();
    for by in [&[0][..], &[1], &[0, 1]] {
        let request = request(8, 13, by);
        let answer = ask(&request);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let text = String::from_utf8(answer.body).unwrap();
        let note = Note::parse(format!("x\n\n{text}").as_bytes()).unwrap();
        let [line] = note.signatures() else { panic!("one line: {text}") };
        assert!(ml_dsa.verify_subtree(&request.signed(), line.bytes()));
        assert_eq!(cosignature_time(line), Some(0));
    }
    assert_eq!(ask(&request(8, 13, &[])).status, 403);
    let wrong = SignSubtree { proof: vec![], ..request(8, 13, &[1]) };
    assert_eq!(ask(&wrong).status, 422);
    let stranger = Log::new("other.test");
    let unknown = SignSubtree { checkpoint: stranger.sign(&stranger.text(log.head(14))), ..wrong };
    assert_eq!(ask(&unknown).status, 404);
    assert_eq!(witness.post("/sign-subtree", b"subtree 1 3\n").status, 400);
    // Nothing is remembered, and nothing needs to be: the checkpoint can be an older one.
    log.cosign(&witness, &home.keys(), 14, 20);
    assert_eq!(ask(&request(8, 13, &[1])).status, 200);
    drop(witness);
    // Without a key for it there is no such request.
    let path = home.path("ed25519.key").display().to_string();
    let witness = home.start(&["--key", &path]);
    let answer = witness.post("/sign-subtree", &request(8, 13, &[0]).to_bytes());
    assert_eq!(answer.status, 404);
}
