//! Lists of logs: what is read, what is skipped, what is refused.

use tiles_spec::{CosigningKey, NoteSigningKey, TreeCosigningKey};

use super::*;

fn key(name: &str, seed: u8) -> VerifierKey {
    NoteSigningKey::from_seed(name.parse().unwrap(), &[seed; 32]).verifier_key().clone()
}

fn parse(text: &str) -> Result<Vec<ListedLog>, String> {
    let list = LogList::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    assert_eq!(list.skipped, []);
    Ok(list.logs().cloned().collect())
}

fn log(origin: &str, keys: &[&VerifierKey], per_day: Option<u32>) -> ListedLog {
    ListedLog {
        origin: origin.to_owned(),
        keys: keys.iter().map(|key| (*key).clone()).collect(),
        per_day: per_day.map(|count| NonZeroU32::new(count).unwrap()),
        is_mirrored: false,
    }
}

#[test]
fn a_list_of_the_witness_network_is_read() {
    let (a, b) = (key("a.test", 1), key("b.test", 2));
    let text = format!(
        "#\n# List: 10qps\n#\nlogs/v0\n\n# the first\nvkey {a}\norigin none\nqpd 86400\n\
         bastion https://bastion.a.test/\ncontact someone (at) a.test\n\n\
         vkey {b}\norigin b.test/log with spaces\nqpd 24\nbastion none\ncontact x\n"
    );
    let expected =
        [log("a.test", &[&a], Some(86_400)), log("b.test/log with spaces", &[&b], Some(24))];
    assert_eq!(parse(&text).unwrap(), expected);
}

#[test]
fn little_is_enough() {
    let a = key("a.test", 1);
    assert_eq!(parse("").unwrap(), []);
    assert_eq!(parse("logs/v0").unwrap(), []);
    assert_eq!(parse(&format!("vkey {a}")).unwrap(), [log("a.test", &[&a], None)]);
    assert_eq!(parse(&format!("vkey {a}  \r\n")).unwrap(), [log("a.test", &[&a], None)]);
}

#[test]
fn keys_with_one_origin_are_of_one_log() {
    let (a, more) = (key("a.test", 1), key("other.test", 2));
    let tree = TreeCosigningKey::from_seed("a.test".parse().unwrap(), &[3; 32]).unwrap();
    let tree = tree.verifier_key();
    let text = format!("vkey {a}\nqpd 5\nvkey {tree}\nqpd 7\nvkey {more}\norigin a.test\n");
    assert_eq!(parse(&text).unwrap(), [log("a.test", &[&a, tree, &more], Some(7))]);
    let mut list = LogList::of_keys([a.clone()]).unwrap();
    list.extend(LogList::of_keys([tree.clone(), key("b.test", 1)]).unwrap()).unwrap();
    let origins: Vec<_> = list.logs().map(|log| (log.origin.as_str(), log.keys.len())).collect();
    assert_eq!(origins, [("a.test", 2), ("b.test", 1)]);
    assert_eq!(list.extend(LogList::of_keys([a]).unwrap()).unwrap_err().fault, ListFault::SameKey);
}

#[test]
fn a_log_can_be_listed_once_more_to_be_mirrored() {
    let (a, b, more) = (key("a.test", 1), key("b.test", 2), key("a.test", 3));
    let mut list = LogList::parse(format!("vkey {a}\nqpd 5\nvkey {b}\n").as_bytes()).unwrap();
    let text = format!("vkey {a}\nqpd 7\nvkey {more}\n");
    list.extend(LogList::parse(text.as_bytes()).unwrap().mirrored()).unwrap();
    let mirrored = ListedLog { is_mirrored: true, ..log("a.test", &[&a, &more], Some(7)) };
    let logs: Vec<_> = list.logs().cloned().collect();
    assert_eq!(logs, [mirrored, log("b.test", &[&b], None)]);
}

#[test]
fn keys_of_other_types_are_skipped_and_named() {
    let a = key("a.test", 1);
    let witness = CosigningKey::from_seed("w.test".parse().unwrap(), &[1; 32]);
    // Type 0x05, of certificate logs.
    let ct = "ct.test+00000000+BQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let text = format!("vkey {}\norigin x\n\nvkey {a}\nvkey {ct}\nqpd 5\n", witness.verifier_key());
    let list = LogList::parse(text.as_bytes()).unwrap();
    assert_eq!(list.logs().map(|log| log.origin.as_str()).collect::<Vec<_>>(), ["a.test"]);
    let skipped: Vec<_> = list.skipped.iter().map(|error| (error.line, &error.fault)).collect();
    assert_eq!(skipped, [(1, &ListFault::KeyType(4)), (5, &ListFault::KeyType(5))]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let a = key("a.test", 1);
    for (text, words) in [
        ("logs/v1\n".to_owned(), "line 1 of the list of logs: expected one of vkey"),
        ("\nlogs/v0\nlogs/v0\n".to_owned(), "line 3 of the list of logs: expected"),
        ("origin x\n".to_owned(), "before the first vkey"),
        ("qpd 1\n".to_owned(), "before the first vkey"),
        ("contact 1\n".to_owned(), "before the first vkey"),
        (format!("vkey {a}\norigin x\norigin y\n"), "line 3 of the list of logs: origin is given"),
        (format!("vkey {a}\nqpd 1\nqpd 1\n"), "qpd is given twice"),
        (format!("vkey {a}\nqpd 0\n"), "qpd must be"),
        (format!("vkey {a}\nqpd -1\n"), "qpd must be"),
        (format!("vkey {a}\nqpd 4294967296\n"), "qpd must be"),
        (format!("vkey {a}\nnonsense 1\n"), "expected one of"),
        (
            format!("vkey {a}\norigin {}\n", "x".repeat(256)),
            "line 1 of the list of logs: an origin",
        ),
        (format!("vkey {a}\n\nvkey {a}\n"), "line 3 of the list of logs: this key is given twice"),
        (format!("vkey {a}x\n"), "malformed verifier key"),
        ("vkey a.test+00000000+AQ==\n".to_owned(), "malformed verifier key"),
    ] {
        let said = parse(&text).unwrap_err();
        assert!(said.contains(words), "{text:?}: {said}");
    }
    let said = LogList::parse(b"\xff").unwrap_err().to_string();
    assert!(said.contains("not UTF-8"), "{said}");
    let line = |n| format!("vkey {}\norigin o\n", key("a.test", n));
    let many: String = (0..17).map(line).collect();
    assert!(parse(&many).unwrap_err().contains("at most 16 keys"));
}

#[test]
fn ten_thousand_logs_are_read_at_once() {
    let line = |n: u32| format!("vkey {}\n", key(&format!("log{n}.test"), 1));
    let text: String = (0..10_000).map(line).collect();
    assert_eq!(parse(&text).unwrap().len(), 10_000);
}
