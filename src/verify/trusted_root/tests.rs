//! What is written is read again, in every spelling that protobuf JSON allows.

use fasti_entry::PublicKey;
use fasti_kit::certificates::Signer;
use fasti_kit::made_ct_log::MadeCtLog;
use fasti_kit::made_tsa::MadeTsa;
use fasti_read::TrustedLog;
use serde_json::{Value, json};
use tiles_spec::{NoteSigningKey, VerifierKey};

use super::super::span::Span;
use super::super::v1_log::V1Log;
use super::json::{ECDSA_P256, ED25519, MEDIA_TYPE};
use super::*;

/// The trusted root of a log that has one key.
fn write(key: &VerifierKey, url: &str, span: &Span) -> Result<String, TrustedRootError> {
    super::write(&[LogKey::Own(key.clone())], url, span)
}

fn key(name: &str) -> VerifierKey {
    NoteSigningKey::from_seed(name.parse().unwrap(), &[1; 32]).verifier_key().clone()
}

fn span(start: &str, end: &str) -> Span {
    Span { start: Some(start.to_owned()), end: Some(end.to_owned()) }
}

#[test]
fn what_is_written_is_read_again() {
    for (name, url) in [
        ("log.example", "https://log.example"),
        ("log.example:8443", "https://log.example:8443"),
        ("log.example/one", "https://log.example/one/"),
        ("log.example", "http://log.example:3000"),
    ] {
        let span = span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let json = write(&key(name), url, &span).unwrap();
        let in_use = span.window().unwrap();
        let expected = TrustedLog { in_use, ..TrustedLog::new(key(name)) };
        assert_eq!(read(json.as_bytes()).unwrap().trust.logs, [expected], "{url}");
    }
}

/// Clients of Rekor v1 know a log by the hash of its key alone.
#[test]
fn keys_for_clients_of_rekor_v1_are_beside_the_logs_own() {
    let url = "https://log.example";
    let own = key("log.example");
    let own_again = own.public_key().to_spki_der().unwrap();
    let [p256, p384, rsa] =
        [ECDSA_P256, "PKIX_ECDSA_P384_SHA_384", "PKIX_RSA_PKCS1V15_4096_SHA256"];
    let made = |kind| (kind, Signer::of(kind).spki.clone());
    for others in [
        vec![made(p256)],
        vec![made(p384)],
        vec![made(rsa), made(p256)],
        vec![(ED25519, own_again)],
    ] {
        let mut keys = vec![LogKey::Own(own.clone())];
        let of_v1 = others.iter().map(|(_, spki)| PublicKey::from_spki_der(spki).unwrap());
        keys.extend(of_v1.map(LogKey::RekorV1));
        let json = super::write(&keys, url, &year()).unwrap();
        let root: Value = serde_json::from_str(&json).unwrap();
        let written = root["tlogs"].as_array().unwrap().iter().skip(1);
        let written = written.map(|log| log["publicKey"]["keyDetails"].as_str().unwrap());
        assert!(written.eq(others.iter().map(|(kind, _)| *kind)), "{json}");
        let read = read(json.as_bytes()).unwrap();
        assert_eq!(read.left_out, [""; 0]);
        assert_eq!(read.trust.logs[0].key, own);
        for (kind, spki) in others {
            let is_known = |log: &V1Log| log.key().spki_der() == spki && log.name == "log.example";
            assert!(read.rekor_v1.iter().any(is_known), "{kind}");
        }
    }
}

#[test]
fn a_key_that_does_for_both_apis_is_named_once() {
    let url = "https://log.example";
    let spki = &Signer::of(ECDSA_P256).spki;
    let public = tiles_spec::PublicKey::from_spki_der(spki).unwrap();
    let own = LogKey::Own(VerifierKey::new("log.example".parse().unwrap(), public).unwrap());
    let of_v1 = LogKey::RekorV1(PublicKey::from_spki_der(spki).unwrap());
    let alone = super::write(std::slice::from_ref(&own), url, &year()).unwrap();
    assert_eq!(super::write(&[own, of_v1.clone()], url, &year()).unwrap(), alone);
    assert_eq!(super::write(&[of_v1], url, &year()).unwrap(), alone);
}

#[test]
fn fields_that_clients_require_are_there_even_if_empty() {
    let json = write(&key("log.example"), "https://log.example", &Span::default());
    let root: Value = serde_json::from_str(&json.unwrap()).unwrap();
    for field in ["certificateAuthorities", "ctlogs"] {
        assert_eq!(root[field], json!([]), "{field}");
    }
}

#[test]
fn refusals_name_the_part() {
    let json = write(&key("log.example"), "https://log.example", &year()).unwrap();
    for (from, to, part) in [
        (MEDIA_TYPE, "text/plain", "media type"),
        ("MCow", "AAAA", "publicKey.rawBytes"),
        (ED25519, "PKIX_ED25519_PH", "no log"),
        ("https://log.example", "https://", "baseUrl"),
        ("\"start\"", "\"begin\"", "no start"),
        ("2027-", "2025-", "before it begins"),
        ("\"keyId\": \"", "\"keyId\": \"AAAA", "logId.keyId"),
    ] {
        let damaged = json.replace(from, to);
        assert_ne!(damaged, json);
        let error = read(damaged.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let odd = span("yesterday", "2027-01-01T00:00:00Z");
    assert!(write(&key("log.example"), "https://log.example", &odd).is_err());
}

/// A root of one log and one authority, as it is usually written.
fn usual_root() -> Value {
    let json = write(&key("log.example"), "https://log.example", &year());
    let mut root: Value = serde_json::from_str(&json.unwrap()).unwrap();
    let params = rcgen::CertificateParams::new([]).unwrap();
    let pair = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let raw = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, certificate.der());
    root["certificateAuthorities"] = json!([{
        "uri": "https://ca.example",
        "certChain": {"certificates": [{"rawBytes": raw}]},
        "validFor": {"start": "2026-01-01T00:00:00Z"},
    }]);
    root
}

fn year() -> Span {
    span("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
}

/// Replaces the value at `pointer`, which must be there.
fn with(pointer: &str, value: Value) -> Value {
    let mut root = usual_root();
    *root.pointer_mut(pointer).expect("it is there") = value;
    root
}

#[test]
fn other_spellings_say_the_same() {
    let text = |root: &Value| root.to_string();
    let said = |json: &str| {
        let root = read(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
        (root.trust.logs, root.authorities.len())
    };
    let usual = text(&usual_root());
    let expected = said(&usual);
    assert_eq!((expected.0.len(), expected.1), (1, 1));
    let mut snake = usual.clone();
    for (camel, name) in [
        ("mediaType", "media_type"),
        ("certificateAuthorities", "certificate_authorities"),
        ("certChain", "cert_chain"),
        ("rawBytes", "raw_bytes"),
        ("validFor", "valid_for"),
        ("baseUrl", "base_url"),
        ("publicKey", "public_key"),
        ("keyDetails", "key_details"),
        ("logId", "log_id"),
        ("keyId", "key_id"),
    ] {
        assert!(snake.contains(camel), "{camel}");
        snake = snake.replace(&format!("\"{camel}\""), &format!("\"{name}\""));
    }
    assert_eq!(said(&snake), expected);
    let merged = merge(&[snake.into_bytes(), usual.clone().into_bytes()]).unwrap();
    assert_eq!(said(&merged).0, expected.0);

    // Only the base64 of these values has these characters.
    let value = |pointer: &str| usual_root().pointer(pointer).unwrap().clone();
    let (key, id) = ("/tlogs/0/publicKey/rawBytes", "/tlogs/0/logId/keyId");
    for pointer in [key, id] {
        let standard = value(pointer).as_str().unwrap().to_owned();
        let url_safe = standard.replace('+', "-").replace('/', "_");
        for spelled in [&url_safe, url_safe.trim_end_matches('='), standard.trim_end_matches('=')] {
            assert_eq!(said(&text(&with(pointer, json!(spelled)))).0, expected.0, "{spelled}");
        }
    }
    assert_eq!(said(&text(&with("/tlogs/0/publicKey/keyDetails", json!(7)))).0, expected.0);
    for start in ["2026-01-01T00:00:00.000000000Z", "2026-01-01T02:30:00+02:30"] {
        let other = with("/tlogs/0/publicKey/validFor/start", json!(start));
        assert_eq!(said(&text(&other)).0, expected.0, "{start}");
    }
    let mut further = usual_root();
    further["somethingNew"] = json!({"a": [1, true, null]});
    further["tlogs"][0]["operator"] = json!("somebody");
    further["tlogs"][0]["checkpointKeyId"] = json!(null);
    further["ctlogs"] = json!(null);
    assert_eq!(said(&text(&further)), expected);
    let timeless = with("/tlogs/0/publicKey/validFor", json!(null));
    assert!(!said(&text(&timeless)).0[0].in_use.is_bounded());
}

#[test]
fn faults_are_named_by_their_path() {
    for (pointer, value, words) in [
        ("/mediaType", json!(null), "mediaType: missing or empty"),
        ("/tlogs", json!({}), "tlogs: expected an array"),
        ("/tlogs/0/baseUrl", json!(1), "tlogs[0].baseUrl: expected a string"),
        (
            "/tlogs/0/publicKey/rawBytes",
            json!("!"),
            "tlogs[0].publicKey.rawBytes: not valid base64",
        ),
        ("/tlogs/0/publicKey/keyDetails", json!([]), "tlogs[0].publicKey.keyDetails: expected"),
        ("/tlogs/0/publicKey/validFor/end", json!(1), "publicKey.validFor.end: expected a string"),
        ("/tlogs/0/logId", json!(null), "tlogs[0].logId: missing"),
        ("/tlogs/0/logId", json!([]), "tlogs[0].logId: expected an object"),
    ] {
        let error = read(with(pointer, value).to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let twice = usual_root().to_string().replacen('{', "{\"tlogs\":[],", 1);
    let error = read(twice.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("tlogs: the field is given more than once"), "{error}");
    let twice = usual_root().to_string().replace("\"baseUrl\"", "\"base_url\":\"\",\"baseUrl\"");
    let error = read(twice.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("tlogs[0].baseUrl: the field is given more than once"), "{error}");
    let error = merge(&[twice.into_bytes()]).unwrap_err().to_string();
    assert!(error.contains("tlogs[0].baseUrl: the field is given more than once"), "{error}");
}

#[test]
fn what_cannot_be_used_is_left_out_and_named() {
    let mut root = usual_root();
    let mut other = root["tlogs"][0].clone();
    for (details, words) in [
        (json!("PKIX_ML_DSA_99"), "PKIX_ML_DSA_99 signs no checkpoints"),
        (json!(99), "99 signs no checkpoints"),
        (json!("PKCS1_RSA_PKCS1V5"), "PKCS1_RSA_PKCS1V5 signs no checkpoints"),
        (json!(5), "not an ECDSA public key on P-256"),
        (json!([]), "tlogs[1].publicKey.keyDetails: expected"),
    ] {
        other["publicKey"]["keyDetails"] = details;
        root["tlogs"] = json!([usual_root()["tlogs"][0], other]);
        let read = read(root.to_string().as_bytes()).unwrap();
        assert_eq!((read.trust.logs.len(), read.authorities.len()), (1, 1));
        let [left_out] = read.left_out.as_slice() else { panic!("{:?}", read.left_out) };
        assert!(left_out.starts_with("tlogs[1]") && left_out.contains(words), "{left_out}");
    }
    let certificate = "/certificateAuthorities/0/certChain/certificates/0";
    for (value, words) in [
        (json!({}), "certificateAuthorities[0].certChain.certificates[0].rawBytes: missing"),
        (json!({"rawBytes": "AAAA"}), "(\"https://ca.example\"): a certificate of a certificate"),
    ] {
        let read = read(with(certificate, value).to_string().as_bytes()).unwrap();
        assert!(read.authorities.is_empty());
        assert!(read.left_out[0].contains(words), "{:?}", read.left_out);
    }
}

/// What is read of certificate logs and timestamp authorities, and what merging keeps of them.
#[test]
fn logs_and_authorities_of_other_kinds() {
    let encode =
        |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let (log, tsa) = (MadeCtLog::default(), MadeTsa::default());
    let mut root = usual_root();
    root["ctlogs"] = json!([{
        "baseUrl": "https://ct.example",
        "publicKey": {
            "rawBytes": encode(&log.key),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2026-01-01T00:00:00Z"},
        },
        "logId": {"keyId": encode(&log.id())},
    }]);
    root["timestampAuthorities"] = json!([{
        "certChain": {"certificates": [
            {"rawBytes": encode(&tsa.signer)},
            {"rawBytes": encode(&tsa.root)},
        ]},
        "validFor": {"start": "2026-01-01T00:00:00Z"},
    }]);
    let count = |root: &Value| {
        let merged = merge(&[root.to_string().into_bytes()]).unwrap();
        let read = read(merged.as_bytes()).unwrap();
        (read.certificate_logs.len(), read.timestamp_authorities.len(), read.left_out)
    };
    assert_eq!(count(&root), (1, 1, Vec::new()));
    for (pointer, value, expected, words) in [
        ("/ctlogs/0/logId/keyId", json!(encode(&[7; 32])), (0, 1), "not the SHA-256 hash"),
        ("/ctlogs/0/publicKey/rawBytes", json!("AAAA"), (0, 1), "its key cannot be used"),
        ("/ctlogs/0/publicKey/validFor", json!({}), (0, 1), "no start"),
        ("/timestampAuthorities/0/validFor", json!({}), (1, 0), "no start"),
        (
            "/timestampAuthorities/0/certChain/certificates",
            json!([{"rawBytes": encode(&tsa.signer)}]),
            (1, 0),
            "its certificates cannot be used",
        ),
    ] {
        let mut other = root.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        let (logs, authorities, left_out) = count(&other);
        assert_eq!((logs, authorities), expected, "{pointer}");
        assert!(left_out.len() == 1 && left_out[0].contains(words), "{left_out:?}");
    }
}

/// `v0.2` names the key of checkpoints instead of the log.
#[test]
fn a_log_is_known_by_the_key_of_its_checkpoints_too() {
    let usual = read(usual_root().to_string().as_bytes()).unwrap().trust.logs;
    let mut root = usual_root();
    let id = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        &key("log.example").log_id()[..4],
    );
    root["tlogs"][0]["checkpointKeyId"] = json!({"keyId": id});
    root["tlogs"][0].as_object_mut().unwrap().remove("logId");
    let read_again = |root: &Value| read(root.to_string().as_bytes()).unwrap().trust.logs;
    assert_eq!(read_again(&root), usual);
    root["tlogs"][0]["baseUrl"] = json!("log.example");
    assert_eq!(read_again(&root), usual);
    root["tlogs"][0]["baseUrl"] = json!("https://log.example");
    let merged = merge(&[usual_root(), root].map(|root| root.to_string().into_bytes())).unwrap();
    assert_eq!(read(merged.as_bytes()).unwrap().trust.logs, usual);
}

#[test]
fn the_id_of_a_checkpoints_key_can_stand_alone() {
    let mut root = usual_root();
    let id = |length: usize| {
        let id = &key("log.example").log_id()[..length];
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, id)
    };
    root["tlogs"][0]["logId"] = json!(null);
    for length in [4, 32] {
        root["tlogs"][0]["checkpointKeyId"] = json!({"keyId": id(length)});
        let read = read(root.to_string().as_bytes()).unwrap();
        assert_eq!(read.trust.logs[0].log_id, key("log.example").log_id());
    }
    root["tlogs"][0]["checkpointKeyId"] = json!({"keyId": "AAAAAA=="});
    let error = read(root.to_string().as_bytes()).unwrap_err().to_string();
    assert!(error.contains("not the ID of the key"), "{error}");
}
