//! Packages, whole, true and false.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::made_rpm::{Value, header, package};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::accept;
use crate::json::{Object, Reading};
use crate::limits::{Limits, Setting};
use crate::pki::pgp::testing::{MADE, TestKey};

const PAYLOAD: &[u8] = b"an archive";

/// What a package is made of.
struct Made {
    header: Vec<u8>,
    signer: TestKey,
    /// Tags of signatures, and whether they are over the payload, too.
    signatures: Vec<(u32, bool)>,
    more: Vec<(u32, Vec<u8>)>,
    payload: &'static [u8],
}

impl Made {
    fn new() -> Self {
        let digest = hex::encode(Sha256::digest(PAYLOAD));
        let header = header(&[
            (1000, Value::Text("demo")),
            (1001, Value::Text("1.0")),
            (1002, Value::Text("2")),
            (1022, Value::Text("noarch")),
            (5092, Value::Texts(&[&digest])),
            (5093, Value::Number(8)),
        ]);
        let signatures = vec![(268, false)];
        Self { header, signer: TestKey::new(1), signatures, more: Vec::new(), payload: PAYLOAD }
    }

    fn bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|(tag, is_over_payload)| {
            let payload = if *is_over_payload { self.payload } else { &[] };
            (*tag, self.signer.detached(MADE, &[&self.header[..], payload].concat()))
        });
        let mut values: Vec<_> = signatures.collect();
        values.extend(self.more.iter().cloned());
        let text = |tag: u32| tag == 273;
        let values: Vec<_> = values
            .iter()
            .map(|(tag, value)| match std::str::from_utf8(value) {
                Ok(value) if text(*tag) => (*tag, Value::Text(value)),
                _ => (*tag, Value::Binary(value)),
            })
            .collect();
        package(&header(&values), &self.header, self.payload)
    }

    fn judge(&self) -> Result<serde_json::Value, String> {
        let key = STANDARD.encode(TestKey::new(1).whole("Ann <a@b.c>"));
        let content = STANDARD.encode(self.bytes());
        let spec = json!({"package": {"content": content}, "publicKey": {"content": key}});
        let spec = spec.to_string();
        let spec = Object::parse(spec.as_bytes(), Reading::Exact).unwrap();
        let draft = accept(&spec, &Setting { limits: Limits::default(), now: 0 });
        draft.map(|draft| draft.spec).map_err(|error| error.to_string())
    }
}

#[test]
fn what_identifies_a_package_is_stored() {
    let mut made = Made::new();
    let spec = made.judge().unwrap();
    let mut headers = json!({
        "Name": "demo", "Epoch": "0", "Version": "1.0", "Release": "2", "Architecture": "noarch",
    });
    assert_eq!(spec["package"]["headers"], headers);
    let digest = hex::encode(Sha256::digest(made.bytes()));
    assert_eq!(spec["package"]["hash"], json!({"algorithm": "sha256", "value": digest}));
    // All signatures at once, the header's digest, and an old checksum, which is stored.
    made.signatures.extend([(267, false), (1002, true), (1005, true)]);
    made.more.push((273, hex::encode(Sha256::digest(&made.header)).into_bytes()));
    made.more.push((1004, vec![7; 16]));
    headers["RPMSIGTAG_MD5"] = json!("07".repeat(16));
    assert_eq!(made.judge().unwrap()["package"]["headers"], headers);
}

#[test]
fn an_old_checksum_stands_for_a_digest_of_the_payload() {
    let mut made = Made::new();
    made.header = header(&[
        (1000, Value::Text("demo")),
        (1001, Value::Text("1.0")),
        (1002, Value::Text("2")),
        (1003, Value::Number(5)),
        (1022, Value::Text("noarch")),
    ]);
    assert_eq!(made.judge().unwrap_err(), "no usable payload digest found");
    made.more.push((1004, vec![7; 16]));
    assert_eq!(made.judge().unwrap_err(), "md5 digest mismatch");
    let checksum = crate::kind::checksum::Checksum::Md5.of(&[&made.header, PAYLOAD]);
    made.more = vec![(1004, checksum)];
    assert_eq!(made.judge().unwrap()["package"]["headers"]["Epoch"], "5");
}

#[test]
fn what_is_not_signed_so() {
    let made = || Made { signatures: vec![(268, false), (1002, true)], ..Made::new() };
    assert!(made().judge().is_ok());
    let none = Made { signatures: Vec::new(), ..Made::new() };
    assert_eq!(none.judge().unwrap_err(), "no supported PGP signature found in RPM");
    let other = Made { signer: TestKey::new(2), ..made() };
    assert!(other.judge().unwrap_err().ends_with(" not found"));
    // The one over the payload is over the header alone.
    let wrong = Made { signatures: vec![(268, false), (1002, false)], ..made() };
    assert!(wrong.judge().unwrap_err().ends_with("EdDSA verification failure"));
    let payload = Made { payload: b"another", ..made() };
    assert_eq!(payload.judge().unwrap_err(), "payload SHA-256 digest mismatch");
    let digest = Made { more: vec![(273, b"00".to_vec())], ..made() };
    assert_eq!(digest.judge().unwrap_err(), "SHA-256 mismatch in signature header");
    let binary = Made { more: vec![(269, b"\xff".to_vec())], ..made() };
    assert!(binary.judge().unwrap_err().starts_with("unsupported datatype for string"));
    let nameless = Made { header: header(&[(5093, Value::Number(8))]), ..made() };
    assert_eq!(nameless.judge().unwrap_err(), "no usable payload digest found");
    let garbage = Made { more: vec![(1005, b"\xc2\x01\x09".to_vec())], ..made() };
    assert!(garbage.judge().unwrap_err().contains("signature packet version 9"));
}
