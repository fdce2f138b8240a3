//! A client of Rekor v1 that trusts one key, and verifies what it gets: checkpoints, inclusion and
//! signed entry timestamps.

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use fasti_kit::writer::Writer;
use serde_json::{Value, json};
use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize, leaf_hash, verify_inclusion};

use crate::reader::{ORIGIN, decode, text};
use crate::wire::{Answer, exchange, get, post_json};

pub const ENTRIES: &str = "/api/v1/log/entries";
pub const RETRIEVE: &str = "/api/v1/log/entries/retrieve";
pub const SEARCH: &str = "/api/v1/index/retrieve";

/// A client of one log.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    /// The key that it trusts: a DER `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
    /// The log's tree ID.
    pub tree: u64,
    /// The index of its first entry, after those of the shards before it.
    pub first: u64,
}

/// An entry that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its entry ID.
    pub id: String,
    /// Over all shards.
    pub index: u64,
    pub time: u64,
    pub body: Vec<u8>,
}

impl Client {
    /// Trusts the log's own key.
    pub fn of(writer: &Writer) -> Self {
        let spki = writer.key.public_key().to_spki_der().expect("it signs texts");
        Self::trusting(writer, spki)
    }

    /// Trusts another key.
    pub fn trusting(writer: &Writer, spki: Vec<u8>) -> Self {
        // The tree ID comes from the log's own key, as `formats.md` says.
        let log_id = Hash::from(writer.key.log_id()).to_string();
        let first = u64::from_str_radix(&log_id[..16], 16).expect("hexadecimal");
        Self { address: writer.address, spki, tree: first & i64::MAX as u64, first: 0 }
    }

    /// The same log, whose indices begin elsewhere.
    pub fn from(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// The same log, as another server shows it.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    pub fn get(&self, target: &str) -> Answer {
        get(self.address, target)
    }

    pub fn post(&self, target: &str, body: &Value) -> Answer {
        post_json(self.address, target, body.to_string().as_bytes())
    }

    pub fn post_as(&self, target: &str, fields: &[(&str, &str)], body: &Value) -> Answer {
        let fields = [&[("Content-Type", "application/json")], fields].concat();
        exchange(self.address, "POST", target, &fields, body.to_string().as_bytes())
    }

    /// The tree ID as in entry IDs.
    pub fn tree_digits(&self) -> String {
        format!("{:016x}", self.tree)
    }

    /// The SHA-256 of the key.
    pub fn log_id(&self) -> String {
        let digest = digest(&SHA256, &self.spki);
        Hash::try_from(digest.as_ref()).expect("32 bytes").to_string()
    }

    fn signed(&self, message: &str, signature: &[u8]) {
        let (algorithm, length): (&'static dyn aws_lc_rs::signature::VerificationAlgorithm, _) =
            if self.spki.len() == 44 { (&ED25519, 32) } else { (&ECDSA_P256_SHA256_ASN1, 65) };
        let key = &self.spki[self.spki.len() - length..];
        let verdict = UnparsedPublicKey::new(algorithm, key).verify(message.as_bytes(), signature);
        verdict.unwrap_or_else(|_| panic!("the signature does not verify: {message}"));
    }

    /// Opens a v1 checkpoint: three lines, an empty one, and one signature line.
    #[track_caller]
    pub fn head(&self, checkpoint: &Value) -> TreeHead {
        let (body, signatures) = text(checkpoint).split_once("\n\n").expect("an empty line");
        let [origin, size, root] = body.split('\n').collect::<Vec<_>>()[..] else {
            panic!("three lines: {body}");
        };
        assert_eq!(origin, format!("{ORIGIN} - {}", self.tree));
        let line = signatures.strip_suffix('\n').expect("a newline at the end");
        let signature = line.strip_prefix(&format!("\u{2014} {ORIGIN} ")).expect("one signature");
        let signature = decode(&json!(signature));
        let (hint, signature) = signature.split_at(4);
        let hint = u32::from_be_bytes(hint.try_into().expect("four bytes"));
        assert_eq!(format!("{hint:08x}"), self.log_id()[..8]);
        self.signed(&format!("{body}\n"), signature);
        let size = size.parse().ok().and_then(TreeSize::new).expect("a size");
        TreeHead { size, root: Hash::from_base64(root).expect("a root") }
    }

    /// Verifies a `LogEntry`, which has exactly the members of v1.
    #[track_caller]
    pub fn verify(&self, entry: &Value) -> Verified {
        let [(id, entry)] = entry.as_object().expect("an object").iter().collect::<Vec<_>>()[..]
        else {
            panic!("one entry: {entry}");
        };
        let proof = &entry["verification"]["inclusionProof"];
        let timestamp = &entry["verification"]["signedEntryTimestamp"];
        let (index, time) = (entry["logIndex"].as_u64(), entry["integratedTime"].as_u64());
        let (index, time) = (index.expect("an index"), time.expect("a time"));
        assert!(time > 1_700_000_000, "seconds since 1970: {time}");
        let head = self.head(&proof["checkpoint"]);
        let leaf = index.checked_sub(self.first).expect("it is after those of other shards");
        let expected = json!({
            "body": entry["body"],
            "integratedTime": time,
            "logID": self.log_id(),
            "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": proof["checkpoint"],
                    "hashes": proof["hashes"],
                    "logIndex": leaf,
                    "rootHash": head.root.to_string(),
                    "treeSize": head.size.get(),
                },
                "signedEntryTimestamp": timestamp,
            },
        });
        let mut expected = expected;
        if let Some(attestation) = entry.get("attestation") {
            // The entry has the hash of what was signed.
            let digest = digest(&SHA256, &decode(&attestation["data"]));
            let stated = Hash::try_from(digest.as_ref()).expect("32 bytes").to_string();
            let body = String::from_utf8(decode(&entry["body"])).expect("JSON");
            assert!(body.contains(&stated), "{body}");
            expected["attestation"] = json!({"data": attestation["data"]});
        }
        assert_eq!(*entry, expected);
        let body = decode(&entry["body"]);
        assert_eq!(*id, format!("{}{}", self.tree_digits(), leaf_hash(&body)));
        let leaf = LeafIndex::new(leaf).expect("an index");
        let hashes = hashes(&proof["hashes"]);
        verify_inclusion(&leaf_hash(&body), leaf, &head, &hashes).expect("a proof");
        self.is_promised(entry);
        Verified { id: id.clone(), index, time, body }
    }

    /// Verifies the signed timestamp of an entry: the signature over its canonical JSON.
    #[track_caller]
    fn is_promised(&self, entry: &Value) {
        let said = format!(
            r#"{{"body":{},"integratedTime":{},"logID":{},"logIndex":{}}}"#,
            entry["body"], entry["integratedTime"], entry["logID"], entry["logIndex"],
        );
        self.signed(&said, &decode(&entry["verification"]["signedEntryTimestamp"]));
    }

    /// Reads an entry, and verifies it.
    #[track_caller]
    pub fn read(&self, target: &str) -> Verified {
        let answer = self.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        is_a_line(&answer);
        self.verify(&answer.json())
    }

    /// Submits a proposal, and verifies the new entry.
    #[track_caller]
    pub fn submit(&self, proposal: &Value) -> Verified {
        let answer = self.post(ENTRIES, proposal);
        assert_eq!(answer.status, 201, "{}", answer.text());
        is_a_line(&answer);
        let verified = self.verify(&answer.json());
        assert_eq!(answer.field("etag"), Some(&*verified.id), "without quotes");
        let place = format!("{ENTRIES}/{}", verified.id);
        assert_eq!(answer.field("location"), Some(&*place));
        verified
    }
}

/// v1's answers end in a newline, which is the only one.
#[track_caller]
pub fn is_a_line(answer: &Answer) {
    assert_eq!(answer.text().find('\n'), Some(answer.body.len() - 1), "{}", answer.text());
}

pub fn hashes(list: &Value) -> Vec<Hash> {
    let hashes = list.as_array().expect("hashes").iter();
    hashes.map(|hash| text(hash).parse().expect("a hash")).collect()
}

/// Errors as v1's clients read them: a code and a message.
#[track_caller]
pub fn refuses(answer: &Answer, row: &str, (status, code): (u16, u16), message: &str) {
    assert_eq!(answer.status, status, "{row}: {}", answer.text());
    let error = answer.json();
    assert!(text(&error["message"]).contains(message), "{row}: {error}");
    assert!(answer.body.len() < 1000, "{row}: {error}");
    assert_eq!(answer.field("cache-control"), Some("no-store"), "{row}: errors pass");
    assert_eq!(error, json!({"code": code, "message": error["message"]}), "{row}");
}
