//! Proposals that are made to keep the log busy, or to fill its memory.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{NOW, judge};

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn refused(kind: &str, spec: &Value) -> String {
    let proposal = json!({"apiVersion": "0.0.1", "kind": kind, "spec": spec});
    let refused = judge(proposal.to_string().as_bytes(), NOW).expect_err("it is hostile");
    refused.to_string()
}

fn package(kind: &str, content: &[u8], key: &str) -> String {
    let spec = json!({
        "package": {"content": STANDARD.encode(content)},
        "publicKey": {"content": STANDARD.encode(key)},
    });
    refused(kind, &spec)
}

/// A key with which nothing is signed.
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
                   -----END PUBLIC KEY-----\n";

#[test]
fn a_bomb_in_a_package_of_alpine() {
    let bomb = gzip(&vec![0; 300 << 20]);
    let message = package("alpine", &bomb, KEY);
    assert!(message.contains("exceeds max allowed size 1048576"), "{message}");
    let message = package("alpine", &[gzip(&[0; 1024]), bomb].concat(), KEY);
    assert!(message.contains("exceeds max allowed size 268435456"), "{message}");
}

#[test]
fn keys_and_signatures_of_lengths_that_lie() {
    for start in [&[0xc6, 0xff, 0xff, 0xff, 0xff, 0xff][..], &[0xc6, 0xfe], &[0x9a, 0x7f, 0xff]] {
        let key = [start, &[0; 100]].concat();
        let message = refused(
            "rpm",
            &json!({
                "package": {"content": "eA=="},
                "publicKey": {"content": STANDARD.encode(key)},
            }),
        );
        assert!(message.ends_with("unexpected EOF"), "{message}");
    }
}

#[test]
fn archives_that_say_to_have_many_or_large_files() {
    // The end of an archive: 65534 files, and a directory of 4 GiB.
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &[0xfe, 0xff, 0xfe, 0xff], &[0xfe; 8], &[0; 2]].concat();
    let message = refused("jar", &json!({"archive": {"content": STANDARD.encode(end)}}));
    assert!(message.ends_with("the number of files exceeds the maximum of 10000"), "{message}");
    let end = [&b"PK\x05\x06\0\0\0\0"[..], &[1, 0, 1, 0], &[0xfe; 8], &[0; 2]].concat();
    let message = refused("jar", &json!({"archive": {"content": STANDARD.encode(end)}}));
    assert!(message.ends_with("zip: not a valid zip file"), "{message}");
}
