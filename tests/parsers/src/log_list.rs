//! Lists of the logs that a witness knows.

use std::fmt::Write as _;

use fasti::witness::log_list::{LIST_BYTES_MAX, ListFault, LogList};
use tiles_spec::PublicKey;

use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    let list = match LogList::parse(data) {
        Ok(list) => list,
        Err(error) => {
            assert!((1..=data.split(|byte| *byte == b'\n').count()).contains(&error.line));
            return;
        }
    };
    assert!(data.len() <= LIST_BYTES_MAX);
    for skipped in &list.skipped {
        assert!(matches!(skipped.fault, ListFault::KeyType(_)), "{skipped}");
    }
    let mut text = String::new();
    for log in list.logs() {
        assert!((1..=16).contains(&log.keys.len()));
        assert!((1..=255).contains(&log.origin.len()) && !log.origin.contains('\n'));
        for (position, key) in log.keys.iter().enumerate() {
            assert!(!matches!(key.public_key(), PublicKey::Ed25519Cosignature(_)));
            assert!(!log.keys[..position].contains(key));
            writeln!(text, "vkey {key}\norigin {}", log.origin).expect("to a string");
            if let Some(count) = log.per_day {
                writeln!(text, "qpd {count}").expect("to a string");
            }
        }
    }
    // What was read is read again, unless the origin is the word for none.
    if !list.logs().any(|log| log.origin == "none") {
        let again = LogList::parse(text.as_bytes()).expect("it was read before");
        assert!(again.logs().eq(list.logs()));
    }
}

/// Each is accepted.
pub fn seeds() -> Seeds {
    let [log, witness, trees] = signed::verifier_keys();
    let network = format!(
        "# List: 10qps\nlogs/v0\n\n# one\nvkey {log}\norigin none\nqpd 86400\nbastion none\n\
         contact someone (at) log.example\n\nvkey {trees}\norigin other origin\nqpd 24\n"
    );
    vec![
        ("empty", b"logs/v0\n".to_vec()),
        ("little", format!("vkey {log}").into_bytes()),
        ("network", network.into_bytes()),
        (
            "keys",
            format!("vkey {log}\nqpd 1\nvkey {trees}\norigin {}\n", signed::ORIGIN).into_bytes(),
        ),
        ("skipped", format!("vkey {witness}\nqpd 5\nvkey {log}\n").into_bytes()),
    ]
}
