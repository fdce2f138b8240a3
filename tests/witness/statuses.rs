//! Every status of the specification, in its order.

use fasti_kit::http::Answer;
use tiles_spec::witness::AddCheckpoint;
use tiles_spec::{EMPTY_ROOT, NoteSigningKey, SignedCheckpoint, TreeHead, TreeSize, leaf_hash};

use crate::home::Home;
use crate::made::{Log, size};

#[track_caller]
fn refused(answer: &Answer, status: u16, words: &str) {
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, status, "{said}");
    assert!(said.contains(words), "not {words:?}: {said}");
}

/// Each request has everything wrong that comes later in the order.
#[test]
fn the_first_reason_decides() {
    let (home, log) = (Home::new(), Log::new("log.test/a"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    let post = |body: &[u8]| witness.post("/add-checkpoint", body);
    let ask = |request: &AddCheckpoint| post(&request.to_bytes());
    refused(&log.shown(&witness), 404, "nothing was cosigned");
    log.cosign(&witness, &home.keys(), 0, 5);

    refused(&post(b""), 400, "a blank line");
    refused(&post(b"old 05\n\nx\n"), 400, "malformed old size");

    // Of an unknown log, signed by nobody that is known.
    let stranger = Log::new("log.test/b");
    let wrong = AddCheckpoint { old: size(9), proof: vec![EMPTY_ROOT], ..stranger.request(3, 7) };
    refused(&ask(&wrong), 404, "does not know the log \"log.test/b\"");

    // Of the known log, signed by another key of that name.
    let other = NoteSigningKey::from_seed(log.origin().parse().unwrap(), &[8; 32]);
    let text = log.text(log.head(7));
    let note = format!("{text}\n{}", other.sign(&text));
    let unsigned = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    let wrong = AddCheckpoint { checkpoint: unsigned, ..wrong };
    refused(&ask(&wrong), 403, "not properly signed");
    // Or with a line of its own that does not verify, beside one that does.
    let note = format!("{text}\n{}{}", log.key.sign(&text), log.key.sign("another\n"));
    let bad = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    refused(&ask(&AddCheckpoint { checkpoint: bad, ..log.request(5, 7) }), 403, "not properly");

    // Backwards.
    let wrong = AddCheckpoint { old: size(9), proof: vec![EMPTY_ROOT], ..log.request(3, 7) };
    refused(&ask(&wrong), 400, "larger than the checkpoint");

    // An empty tree with leaves, and not from the last size.
    let empty = TreeHead { size: TreeSize::ZERO, root: leaf_hash(b"") };
    let checkpoint = log.sign(&log.text(empty));
    let wrong = AddCheckpoint { old: size(0), proof: vec![EMPTY_ROOT], checkpoint };
    refused(&ask(&wrong), 422, "another root hash");

    // Not from the last size.
    for old in [0, 3, 6] {
        let wrong = AddCheckpoint { proof: vec![EMPTY_ROOT], ..log.request(old, 7) };
        let answer = ask(&wrong);
        assert_eq!((answer.status, answer.content_type.as_str()), (409, "text/x.tlog.size"));
        assert_eq!(answer.body, b"5\n");
    }

    // Not proved.
    for proof in [vec![], vec![EMPTY_ROOT], [log.proof(5, 7), vec![EMPTY_ROOT]].concat()] {
        refused(&ask(&AddCheckpoint { proof, ..log.request(5, 7) }), 422, "not proved to extend");
    }
    refused(
        &ask(&AddCheckpoint { proof: vec![EMPTY_ROOT], ..log.request(5, 5) }),
        422,
        "not proved",
    );

    // Nothing of all that has changed anything.
    assert_eq!(log.cosign(&witness, &home.keys(), 5, 7).len(), 2);
    assert!(!witness.process.said().contains("panicked"));
}

#[test]
fn a_forked_log_is_refused_and_reported() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&["--metrics-listen", "127.0.0.1:0"]);
    log.cosign(&witness, &home.keys(), 0, 5);
    // A larger tree that is another one: the proof fails, which alone proves nothing.
    refused(&log.forked().ask(&witness, 5, 8), 422, "not proved to extend");
    let count = |name: &str| witness.metric(&format!("fasti_witness_{name}_total"));
    assert_eq!((count("inconsistent"), count("forked")), (1, 0));
    // Two trees of one size prove it.
    refused(&log.forked().ask(&witness, 5, 5), 422, "not proved to extend");
    assert_eq!((count("inconsistent"), count("forked")), (2, 1));
    let said = witness.process.said();
    assert!(said.contains("it has forked") && said.contains("log.test"), "{said}");
    let path = home.path("state").join(tiles_spec::witness::origin_hash("log.test"));
    let kept = |name: &str| {
        let bytes = std::fs::read(path.with_extension(name)).unwrap();
        SignedCheckpoint::parse(&bytes).unwrap()
    };
    let heads = [log.head(5), log.forked().head(5)];
    for (name, head) in ["cosigned", "conflicting"].into_iter().zip(heads) {
        assert!(kept(name).verify(&[log.vkey().clone()]).is_ok());
        assert_eq!(kept(name).checkpoint().head, head);
    }
    // The right log goes on.
    log.cosign(&witness, &home.keys(), 5, 8);
    assert_eq!(count("cosigned"), 2);
}

#[test]
fn an_empty_log_is_cosigned_and_the_same_tree_again() {
    let (home, log) = (Home::new(), Log::new("log.test"));
    home.list(&[log.vkey()]);
    let witness = home.start(&[]);
    for (old, new) in [(0, 0), (0, 0), (0, 3), (3, 3), (3, 3), (3, 4), (4, 200)] {
        log.cosign(&witness, &home.keys(), old, new);
        let shown = log.shown(&witness);
        assert_eq!(shown.status, 200);
        let shown = SignedCheckpoint::parse(&shown.body).unwrap();
        assert_eq!(shown.checkpoint().head, log.head(new));
        let all = [home.keys().to_vec(), vec![log.vkey().clone()]].concat();
        assert_eq!(shown.verify(&all).unwrap().len(), 3, "all lines verify");
        assert_eq!(shown.note().signatures().len(), 3);
    }
}
