//! What a start refuses, each with a sentence that says what to do.

use fasti_kit::writer::{Home, Writer};

use super::super::client::Client;
use super::super::keys::ecdsa_key;
use super::super::proposals::fresh;
use super::scene::{Ended, flags};

/// Checks that a writer with these shards does not start, and that it made no log.
#[track_caller]
fn refuses(shards: &[String], further: &[&str], words: &[&str]) {
    let home = Home::new();
    let (code, said) = home.refusal(&flags(shards, further));
    assert!([Some(1), Some(2)].contains(&code), "{code:?}: {said}");
    for words in words {
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert!(!home.store().join("checkpoint").exists());
}

#[test]
fn a_shard_that_could_grow_is_refused() {
    let writer = Writer::start(&[]);
    Client::of(&writer).submit(&fresh());
    let key = writer.key.clone();
    let home = writer.stop();
    let place = home.store().display().to_string();
    let shard = format!("{place},vkey={key}");
    let advice = format!("state its size: {place},size=1");
    refuses(
        std::slice::from_ref(&shard),
        &[],
        &["is not frozen: it has 1 entries now", "`fasti freeze`", &advice],
    );
    for size in [0, 2] {
        let stated = format!("has 1 entries, and not {size} as stated");
        refuses(&[format!("{shard},size={size}")], &[], &[&stated]);
    }
    // One that has ended has one size too.
    let ended = Ended::of(&[], &[fresh()], Client::of).flag();
    let (code, _) = Home::new().refusal(&flags(&[format!("{ended},size=2")], &[]));
    assert_eq!(code, Some(1));
}

#[test]
fn no_log_is_two_shards() {
    let ended = Ended::of(&[], &[fresh()], Client::of);
    let twice = [ended.flag(), ended.flag()];
    let words = format!("are one log (tree ID {})", ended.client.tree);
    refuses(&twice, &[], &[&words, "name each shard once"]);
    // Nor is the log itself one.
    let (code, said) = ended.home.refusal(&flags(&[ended.flag()], &[]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("and the log itself are one log"), "{said}");
}

#[test]
fn a_shard_is_trusted_by_its_key() {
    let (ended, other) = (Ended::of(&[], &[], Client::of), Ended::of(&[], &[], Client::of));
    let place = ended.home.store().display().to_string();
    refuses(std::slice::from_ref(&place), &[], &["verifier key is missing", ",vkey=KEY"]);
    let wrong = format!("{place},vkey={}", other.key);
    refuses(
        &[wrong],
        &[],
        &[&format!("the inactive shard at {place} cannot be opened"), "signed by"],
    );
    for (place, words) in [("./nowhere", "nowhere"), ("http://127.0.0.1:1", "127.0.0.1:1")] {
        refuses(&[format!("{place},vkey={}", ended.key)], &[], &[words]);
    }
    let many = vec![ended.flag(); 33];
    refuses(&many, &[], &["33 inactive shards are too many"]);
    refuses(&[format!("{place},size")], &[], &["is not an option"]);
}

/// Nothing signs for a shard but the key by which its clients know it.
#[test]
fn a_shard_is_signed_for_by_a_second_key_or_its_own() {
    let keys = Home::new();
    let (path, _) = ecdsa_key(&keys, "log.pem");
    let ended = Ended::of(&[], &[fresh()], Client::of);
    let sign = format!("{},sign", ended.flag());
    let words = ["cannot have known this log by the key of the new one", "--rekor-v1-key"];
    refuses(std::slice::from_ref(&sign), &["--key", &path], &words);
    Writer::start(&flags(&[sign], &["--rekor-v1-key", &path]));
}
