//! Messages between the writers of a log: the head of a question under its MAC, and the bodies.

use bytes::Bytes;
use fasti::http::PeerSecret;
use fasti::log::SubmitError;
use fasti::log::peers::{FORWARD_ENTRIES_MAX, PeerAnswer, PeerIncluded, PeerStatus, Role};
use fasti::log::record::Epoch;
use fasti_http::testing::{
    FASTI_MAC, FASTI_QUESTION, Message, QuestionHead, Reply, decode_question, decode_reply,
    encode_question, encode_reply,
};
use http::{HeaderMap, HeaderValue};
use tiles_spec::{Hash, LeafIndex, TreeSize};

use crate::{Seeds, signed};

const HERE: &str = "http://10.0.0.7:3000";

fn secret() -> PeerSecret {
    PeerSecret::derive(b"what the writers share", signed::ORIGIN, "its key")
}

/// See the crate.
pub fn check(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    if let Ok(entries) = decode_question(body.clone()) {
        assert!(entries.len() <= FORWARD_ENTRIES_MAX);
        assert_eq!(encode_question(&entries), body);
    }
    if let Ok(reply) = decode_reply(body) {
        // What a reply says is not all that its bytes say; written once, it is canonical.
        let written = encode_reply(&reply);
        let again = decode_reply(written.clone()).expect("it was written");
        assert_eq!(format!("{again:?}"), format!("{reply:?}"));
        assert_eq!(encode_reply(&again), written);
    }
    if let Ok(line) = HeaderValue::from_bytes(data) {
        head(&line);
    }
}

fn head(line: &HeaderValue) {
    let secret = secret();
    let under = |mac: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert(FASTI_QUESTION, line.clone());
        headers.insert(FASTI_MAC, hex::encode(mac).parse().expect("it is hexadecimal"));
        headers
    };
    // Without the secret, no line is let in, whatever it says.
    for mac in [[0; 32], *signed::head(1).root.as_bytes()] {
        assert!(QuestionHead::open(&under(&mac), &secret, HERE).is_err());
    }
    let others = PeerSecret::derive(b"what others share", signed::ORIGIN, "its key");
    let mac = others.mac(Message::Question, line.as_bytes());
    assert!(QuestionHead::open(&under(&mac), &secret, HERE).is_err());
    // With it, a line is for one writer, and says the same when it is said again.
    let mac = secret.mac(Message::Question, line.as_bytes());
    let headers = under(&mac);
    let Ok((head, found)) = QuestionHead::open(&headers, &secret, HERE) else { return };
    assert_eq!((head.to.as_str(), found), (HERE, mac));
    assert!(QuestionHead::open(&headers, &secret, "http://10.0.0.8:3000").is_err());
    assert!(QuestionHead::open(&headers, &others, HERE).is_err());
    let (line, mac) = head.sign(&secret).expect("it fits into a header");
    let mut headers = HeaderMap::new();
    headers.insert(FASTI_QUESTION, line);
    headers.insert(FASTI_MAC, hex::encode(mac).parse().expect("it is hexadecimal"));
    let again = QuestionHead::open(&headers, &secret, HERE);
    assert_eq!(again, Ok((head, mac)));
}

/// See the crate.
pub fn seeds() -> Seeds {
    let entries: Vec<Bytes> = vec![b"one".as_slice().into(), Bytes::new(), vec![7; 300].into()];
    let question = encode_question(&entries);
    let line = QuestionHead::new(HERE, Epoch(9), [7; 16], &question).sign(&secret());
    let (line, _) = line.expect("it fits into a header");
    let included = |n: u64, checkpoint: &'static str| {
        PeerAnswer::Included(PeerIncluded {
            index: LeafIndex::new(n).expect("it is small"),
            duplicate: n == 3,
            checkpoint: checkpoint.into(),
            proof: vec![Hash::from([7; 32]); 2],
        })
    };
    let reply = Reply {
        status: PeerStatus {
            role: Role::Leading,
            epoch: Epoch(9),
            leader: HERE.to_owned(),
            published: TreeSize::new(77).expect("it is small"),
            checkpoint: "signed".into(),
        },
        answers: Ok(vec![
            included(0, "one"),
            included(3, "two"),
            PeerAnswer::Refused(SubmitError::TooLarge(70_000)),
            PeerAnswer::Refused(SubmitError::Dedup("why".to_owned())),
        ]),
    };
    vec![
        ("head", line.as_bytes().to_vec()),
        ("question", question.to_vec()),
        ("reply", encode_reply(&reply).to_vec()),
    ]
}
