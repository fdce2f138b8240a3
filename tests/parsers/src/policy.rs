//! Policies of logs and witnesses (C2SP tlog-policy).

use std::collections::BTreeSet;

use tiles_spec::policy::{POLICY_BYTES_MAX, POLICY_LINES_MAX};
use tiles_spec::{Policy, PolicyRefusal, PublicKey, SignedCheckpoint};

use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    let policy = match Policy::parse(data) {
        Ok(policy) => policy,
        Err(error) => {
            let lines = data.split(|byte| *byte == b'\n').count();
            assert!((1..=lines).contains(&error.line), "{error}");
            return;
        }
    };
    assert!(data.len() <= POLICY_BYTES_MAX);
    keys(&policy);
    // Whoever else cosigns, a rule stays satisfied; and nobody is enough only if nobody is needed.
    assert!(policy.is_met(|_| true));
    assert_eq!(policy.is_met(|_| false), !policy.needs_witnesses());
    let count = policy.witnesses().len().min(5);
    let names: Vec<_> = policy.witnesses().iter().take(count).map(|it| &it.name).collect();
    let met = |set: usize| {
        policy.is_met(|it| {
            names.iter().position(|n| **n == it.name).is_some_and(|n| set >> n & 1 == 1)
        })
    };
    for set in 0..1_usize << count {
        for more in (0..count).map(|n| set | 1 << n) {
            assert!(!met(set) || met(more));
        }
    }
    checkpoint(&policy);
}

fn keys(policy: &Policy) {
    assert!(policy.logs().len().max(policy.witnesses().len()) <= POLICY_LINES_MAX);
    let logs: Vec<_> = policy.logs().iter().map(|log| log.key.public_key()).collect();
    let witnesses: Vec<_> = policy.witnesses().iter().map(|it| it.key.public_key()).collect();
    for keys in [&logs, &witnesses] {
        let different: BTreeSet<_> = keys.iter().map(|key| key.material()).collect();
        assert_eq!(different.len(), keys.len());
    }
    assert!(witnesses.iter().all(|key| key.cosigns()));
    assert!(!logs.iter().any(|key| matches!(key, PublicKey::Ed25519Cosignature(_))));
    let names: BTreeSet<_> = policy.witnesses().iter().map(|it| &it.name).collect();
    assert_eq!(names.len(), witnesses.len());
}

/// A checkpoint that is refused for lack of cosignatures is one that `is_met` refuses too.
fn checkpoint(policy: &Policy) {
    let signed = SignedCheckpoint::parse(&signed::cosigned(7).to_bytes()).expect("a checkpoint");
    match policy.verify(&signed) {
        Ok(by) => assert!(policy.is_met(|it| by.iter().any(|one| one.witness == it))),
        Err(PolicyRefusal::UnknownLog(origin)) => assert_eq!(origin, signed::ORIGIN),
        Err(_) => {}
    }
}

/// Each is accepted.
pub fn seeds() -> Seeds {
    let [log, a, b] = signed::verifier_keys();
    let lines = format!("log {log} https://log.example/\nwitness a {a} https://a.example/w\n");
    let both = format!("{lines}witness b {b}\n");
    vec![
        ("none", b"quorum none".to_vec()),
        ("one", format!("# One.\n\n{lines}quorum a\n").into_bytes()),
        ("any", format!("{both}group g\tany a b\nquorum g\n").into_bytes()),
        ("nested", format!("{both}group g 1 a\n group h all g b \nquorum h\n").into_bytes()),
    ]
}
