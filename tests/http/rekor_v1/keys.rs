//! The key that v1's clients know: the log's own, or another, which signs for them alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use fasti_kit::certificates::pem;
use fasti_kit::writer::{Home, Writer};
use rcgen::{KeyPair, PublicKeyData};

use super::client::{Client, ENTRIES};
use super::proposals::fresh;
use crate::reader::{self, ORIGIN, Reader};
use crate::submitter::good;
use crate::wire::{get, post};

/// Writes a new ECDSA key on P-256 to a file, and returns its path and its public half.
pub fn ecdsa_key(home: &Home, name: &str) -> (String, Vec<u8>) {
    let key = KeyPair::generate().expect("a key");
    let path = home.file(name, &pem("PRIVATE KEY", &key.serialize_der()));
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    (path, key.subject_public_key_info())
}

#[test]
fn a_second_key_signs_for_v1s_clients_alone() {
    let home = Home::new();
    let (path, spki) = ecdsa_key(&home, "v1.pem");
    let writer = home.start(&["--rekor-v1-key", &path]);
    let (client, own) = (Client::trusting(&writer, spki.clone()), Client::of(&writer));
    assert_ne!(client.log_id(), own.log_id());
    assert_eq!(get(writer.address, "/api/v1/log/publicKey").text(), pem("PUBLIC KEY", &spki));
    let entry = client.submit(&fresh());
    assert_eq!(client.read(&format!("{ENTRIES}/{}", entry.id)), entry);
    let info = client.get("/api/v1/log").json();
    assert_eq!(client.head(&info["signedTreeHead"]), Reader::of(&writer).head());
    // v2's clients know the log by its own key, as before.
    let answer = post(writer.address, reader::ENTRIES, good().as_bytes());
    Reader::of(&writer).verify(&answer.json());
    assert!(get(writer.address, "/checkpoint").text().starts_with(&format!("{ORIGIN}\n2\n")));

    // Another key makes another log ID; the tree ID stays, and so do the entry IDs and the times.
    let home = writer.stop();
    let (path, spki) = ecdsa_key(&home, "next.pem");
    let writer = home.start(&["--rekor-v1-key", &path]);
    let client = Client::trusting(&writer, spki);
    assert_eq!(client.read(&format!("{ENTRIES}/{}", entry.id)), entry);
    let writer = writer.stop().start(&[]);
    assert_eq!(Client::of(&writer).read(&format!("{ENTRIES}/{}", entry.id)), entry);
}

/// With ECDSA, v1 and v2 have the same key ID, so one key does for both.
#[test]
fn an_ecdsa_key_of_the_log_signs_for_both() {
    let home = Home::new();
    let (path, spki) = ecdsa_key(&home, "log.pem");
    let writer = home.start(&["--key", &path]);
    let client = Client::trusting(&writer, spki);
    let entry = client.submit(&fresh());
    assert_eq!(client.read(&format!("{ENTRIES}?logIndex=0")), entry);
    Reader::of(&writer).holds(0, &entry.body);
}

/// The checkpoint of one tree is signed once, however often it is asked for.
#[test]
fn a_checkpoint_is_signed_once() {
    let home = Home::new();
    let (path, spki) = ecdsa_key(&home, "v1.pem");
    let writer = home.start(&["--rekor-v1-key", &path]);
    let client = Client::trusting(&writer, spki);
    let signed = || client.get("/api/v1/log").json()["signedTreeHead"].clone();
    let before = signed();
    assert_eq!(signed(), before, "ECDSA signatures differ each time");
    client.submit(&fresh());
    assert_ne!(signed(), before);
}

#[test]
fn keys_that_cannot_be_used_are_refused_at_the_start() {
    let home = Home::new();
    let (exposed, _) = ecdsa_key(&home, "exposed.pem");
    fs::set_permissions(&exposed, Permissions::from_mode(0o644)).expect("it is ours");
    for (path, words) in
        [("/nowhere/v1.pem", "--rekor-v1-key /nowhere/v1.pem"), (&exposed, "can be read by others")]
    {
        let (code, said) = home.refusal(&["--rekor-v1-key", path]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    }
    Reader::of(&Writer::start(&[])).is_unharmed(0);
}
