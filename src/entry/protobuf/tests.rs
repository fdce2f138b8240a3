//! The protobuf encoding, compared with the `.proto` files next to it by another implementation.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, Kind as Type, MessageDescriptor, SerializeOptions,
};
use serde_json::{Value as Json, json};

use super::*;
use crate::submission::CREATE_ENTRY_REQUEST;
use crate::{EntryError, InclusionProof, Submission, TransparencyLogEntry};

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("protobuf")
}

/// The descriptors compiled from the `.proto` files.
fn compiled() -> Vec<u8> {
    let mut compiler = protox::Compiler::new([here()]).expect("the directory is there");
    compiler.include_imports(true).include_source_info(false);
    compiler.open_file("rekor_v2.proto").expect("the files are in order");
    compiler.encode_file_descriptor_set()
}

#[test]
fn the_descriptors_are_those_of_the_files() {
    assert!(
        PROTOBUF_DESCRIPTORS == compiled(),
        "a .proto file has changed: run the ignored test that writes them"
    );
}

#[test]
#[ignore = "writes descriptors.binpb after a change of the .proto files"]
fn writes_the_descriptors() {
    fs::write(here().join("descriptors.binpb"), compiled()).expect("the file can be written");
}

fn described(message: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(&compiled()[..]).expect("descriptors");
    pool.get_message_by_name(message).unwrap_or_else(|| panic!("no {message}"))
}

#[track_caller]
fn is_described(shape: &Message, message: &MessageDescriptor) {
    let name = message.full_name();
    assert_eq!(shape.fields.len(), message.fields().count(), "{name}");
    for field in shape.fields {
        let described = message.get_field(field.number).expect("the number is there");
        assert_eq!(field.name, described.json_name(), "{name}");
        let many = described.cardinality() == Cardinality::Repeated;
        match (&field.kind, described.kind(), many) {
            (FieldType::Bytes, Type::Bytes, false)
            | (FieldType::Text, Type::String, false)
            | (FieldType::Enum, Type::Enum(_), false) => {}
            (FieldType::One(shape), Type::Message(message), false)
            | (FieldType::Many(shape), Type::Message(message), true) => {
                is_described(shape, &message);
            }
            (_, other, _) => panic!("{name}.{} is {other:?}", field.name),
        }
    }
}

#[test]
fn the_shapes_of_requests_are_those_of_the_files() {
    // All but the kind that is made up for the tests.
    let (fields, _) = CREATE_ENTRY_REQUEST.fields.split_at(2);
    let request = Message { fields };
    is_described(&request, &described("dev.sigstore.rekor.v2.CreateEntryRequest"));
}

#[test]
fn the_names_of_algorithms_are_those_of_the_files() {
    let pool = DescriptorPool::decode(&compiled()[..]).expect("descriptors");
    let details = pool.get_enum_by_name("dev.sigstore.common.v1.PublicKeyDetails").expect("there");
    let known = details.values().filter(|value| value.number() != 0);
    let mut count = 0;
    for value in known {
        let details = crate::KeyDetails::from_name(value.name());
        let details = details.unwrap_or_else(|| panic!("{} is not known", value.name()));
        assert_eq!(i64::from(value.number()), details.number().cast_signed(), "{}", value.name());
        count += 1;
    }
    assert_eq!(count, 23);
}

#[test]
fn an_answer_says_the_same_in_both_encodings() {
    let proof = InclusionProof {
        log_index: 735,
        root_hash: [1; 32],
        tree_size: 736,
        hashes: vec![[2; 32], [0xff; 32]],
        checkpoint: "log.example\n736\nAQ==\n\n\u{2014} log.example AA==\n".to_owned(),
    };
    let answer = TransparencyLogEntry {
        log_index: 735,
        log_id: vec![7; 32],
        kind: "hashedrekord".to_owned(),
        version: "0.0.2".to_owned(),
        integrated_time: 0,
        inclusion_promise: None,
        inclusion_proof: Some(proof),
        canonicalized_body: b"{}".to_vec(),
    };
    let dated = TransparencyLogEntry {
        integrated_time: 9,
        inclusion_promise: Some(vec![1, 2, 3]),
        inclusion_proof: None,
        ..answer.clone()
    };
    let options = SerializeOptions::new().skip_default_fields(false);
    for answer in [answer, dated] {
        let descriptor = described("dev.sigstore.rekor.v1.TransparencyLogEntry");
        let read = DynamicMessage::decode(descriptor, &answer.to_protobuf()[..]).expect("decodes");
        let read = read.serialize_with_options(serde_json::value::Serializer, &options);
        let mut read = read.expect("JSON");
        for field in ["inclusionPromise", "inclusionProof"] {
            read.as_object_mut().expect("an object").entry(field).or_insert(Json::Null);
        }
        let json: Json = serde_json::from_slice(&answer.to_json()).expect("JSON");
        assert_eq!(read, json);
    }
}

/// The protobuf encoding of a request given as JSON.
fn encode(json: &Json) -> Vec<u8> {
    let descriptor = described("dev.sigstore.rekor.v2.CreateEntryRequest");
    DynamicMessage::deserialize(descriptor, json.clone()).expect("a request").encode_to_vec()
}

/// The result of reading the request in either encoding, which must be the same.
fn read(json: &Json) -> Result<Submission, String> {
    let text = |error: EntryError| error.to_string();
    let from_json = Submission::parse(json.to_string().as_bytes()).map_err(text);
    let from_protobuf = Submission::parse_protobuf(&encode(json)).map_err(text);
    assert_eq!(from_json, from_protobuf);
    let verified = |read: &Result<Submission, String>| {
        read.clone()?.verify().map(|entry| entry.bytes().to_vec()).map_err(text)
    };
    assert_eq!(verified(&from_json), verified(&from_protobuf));
    from_protobuf
}

fn requests() -> Vec<Json> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rekor");
    let paths = fs::read_dir(dir).expect("the data").map(|entry| entry.expect("a file").path());
    let requests = paths.filter(|path| path.to_string_lossy().ends_with(".request.json"));
    let requests = requests.map(|path| fs::read(path).expect("a request"));
    requests.map(|bytes| serde_json::from_slice(&bytes).expect("JSON")).collect()
}

/// Collects every pointer to a value inside `json`.
fn pointers(json: &Json, at: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                let at = format!("{at}/{name}");
                pointers(value, &at, found);
                found.push(at);
            }
        }
        Json::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn requests_say_the_same_in_both_encodings() {
    let requests = requests();
    assert!(requests.len() >= 10);
    for request in &requests {
        let read = read(request).expect("a good request");
        read.verify().expect("it verifies");
    }
}

/// Each field omitted or emptied, one at a time, in one request of each kind.
#[test]
fn what_is_missing_is_missed_with_the_same_words() {
    let requests = requests();
    let mut refused = 0;
    for kind in ["hashedRekordRequestV002", "dsseRequestV002"] {
        let request = requests.iter().find(|request| request.get(kind).is_some());
        let request = request.expect("there is one of each kind");
        let mut found = Vec::new();
        pointers(request, "", &mut found);
        for pointer in found {
            let mut bad = request.clone();
            let value = bad.pointer_mut(&pointer).expect("it is there");
            *value = match value {
                Json::String(_) if pointer.ends_with("keyDetails") => json!("PKIX_ED25519"),
                Json::String(_) => Json::Null,
                Json::Array(_) => json!([]),
                _ => Json::Null,
            };
            refused += usize::from(read(&bad).is_err());
        }
    }
    assert!(refused >= 15, "{refused} were refused");
}

#[test]
fn limits_and_conflicts_hold_in_both_encodings() {
    let envelope = |signatures: usize, verifiers: usize| {
        let verifier = |n: usize| json!({"publicKey": {"rawBytes": format!("AAA{n}")}, "keyDetails": "PKIX_ED25519_PH"});
        json!({"dsseRequestV002": {
            "envelope": {
                "payload": "AAAA",
                "payloadType": "text/plain",
                "signatures": vec![json!({"sig": "AAAA", "keyid": ""}); signatures],
            },
            "verifiers": (0..verifiers).map(|n| verifier(n % 4)).collect::<Vec<_>>(),
        }})
    };
    assert!(read(&envelope(10, 1)).is_ok());
    for (signatures, verifiers, words) in [
        (11, 1, "dsseRequestV002.envelope.signatures: 11 elements; at most 10 are allowed"),
        (1, 11, "dsseRequestV002.verifiers: 11 elements"),
        (1, 5, "dsseRequestV002.verifiers[4]: the same key"),
        (0, 1, "dsseRequestV002.envelope.signatures: missing"),
    ] {
        let error = read(&envelope(signatures, verifiers)).expect_err("too many");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_is_no_message_is_refused_by_name() {
    // A length-delimited field: key, length, bytes.
    let field = |number: u8, bytes: &[u8]| {
        [&[number << 3 | 2, u8::try_from(bytes.len()).expect("short")], bytes].concat()
    };
    let within = |bytes: &[u8]| field(1, bytes);
    let sig = "hashedRekordRequestV002.signature";
    let rows: Vec<(Vec<u8>, &str, &str)> = vec![
        (vec![0xff; 11], "", "the key of a field is invalid"),
        (vec![0x0a], "hashedRekordRequestV002", "the length of a field is invalid"),
        (vec![0x0a, 5, 0], "hashedRekordRequestV002", "it is cut short"),
        (vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], "hashedRekordRequestV002", "it is cut short"),
        (vec![0x08, 1], "hashedRekordRequestV002", "another wire type"),
        (field(3, b""), "#3", "unknown field; this message has only hashedRekordRequestV002"),
        (within(&field(7, b"x")), "hashedRekordRequestV002.#7", "unknown field"),
        ([within(b""), within(b"")].concat(), "hashedRekordRequestV002", "more than once"),
        (
            within(&[field(1, b"x"), field(1, b"y")].concat()),
            "hashedRekordRequestV002.digest",
            "more than once",
        ),
        (within(&field(2, &field(2, &[0x1a, 0]))), sig, "another wire type"),
        (within(&field(2, &field(2, &[0x18]))), sig, "a number is invalid"),
        ([field(1, b""), field(2, b"")].concat(), "", "missing or empty"),
        (field(2, &field(1, &field(2, b"\xff"))), "dsseRequestV002.envelope.payloadType", "UTF-8"),
        (b"".to_vec(), "hashedRekordRequestV002", "a hashedrekord request is required"),
    ];
    for (bytes, field, words) in rows {
        let error = Submission::parse_protobuf(&bytes).expect_err("this is not a request");
        assert!(error.to_string().contains(words), "{bytes:?}: {error}");
        assert!(error.field().unwrap_or_default().starts_with(field), "{bytes:?}: {error}");
    }
}

/// Each value takes two bytes on the wire; their number is bounded while parsing.
#[test]
fn a_flood_of_empty_messages_ends_early() {
    let signatures = [0x1a, 0].repeat(1 << 20);
    let mut envelope = vec![0x0a];
    prost_reflect::prost::encoding::encode_varint(signatures.len() as u64, &mut envelope);
    envelope.extend(signatures);
    let mut request = vec![0x12];
    prost_reflect::prost::encoding::encode_varint(envelope.len() as u64, &mut request);
    request.extend(envelope);
    let error = Submission::parse_protobuf(&request).expect_err("a flood");
    assert!(error.to_string().contains("more than 8192 values"), "{error}");
}

#[test]
fn no_cut_and_no_flipped_bit_makes_a_request_that_cannot_be_handled() {
    for request in requests().iter().take(3) {
        let good = encode(request);
        for cut in 0..good.len() {
            drop(Submission::parse_protobuf(&good[..cut]));
        }
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            // It must not panic. If it is accepted, `verify` judges it.
            drop(Submission::parse_protobuf(&bad));
        }
    }
}
