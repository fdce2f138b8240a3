//! Requests that are not valid entries: each is refused with a status and a message that names the
//! fault, and leaves no trace in the log.

use fasti::entry::{ENTRY_BYTES_MAX, SigningAlgorithm, Submission};
use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use crate::reader::{ENTRIES, Reader};
use crate::submitter::{P256, Submitter, base64, good, with};
use crate::wire::post;

const DIGEST: &str = "/hashedRekordRequestV002/digest";
const CONTENT: &str = "/hashedRekordRequestV002/signature/content";
const VERIFIER: &str = "/hashedRekordRequestV002/signature/verifier";
const DETAILS: &str = "/hashedRekordRequestV002/signature/verifier/keyDetails";
const KEY: &str = "/hashedRekordRequestV002/signature/verifier/publicKey/rawBytes";

/// Posts each body, and checks that it is refused with `status` and that the log contains none of
/// them.
fn all_are_refused(status: u16, rows: &[(impl AsRef<[u8]>, &str)]) {
    let writer = Writer::start(&[]);
    let reader = Reader::of(&writer);
    for (body, words) in rows {
        let body = body.as_ref();
        let row = String::from_utf8_lossy(&body[..body.len().min(300)]);
        post(writer.address, ENTRIES, body).refuses(&row, status, words);
    }
    reader.is_unharmed(0);
}

#[test]
fn what_is_not_json() {
    let nested = |open: &str, depth: usize| open.repeat(depth).into_bytes();
    let signature = |value: &str| {
        format!(r#"{{"hashedRekordRequestV002":{{"signature":{value}}}}}"#).into_bytes()
    };
    let fields: Vec<String> = (0..65).map(|n| format!("\"f{n}\":0")).collect();
    let rows: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "EOF"),
        (b" \r\n\t ".to_vec(), "EOF"),
        (b"\0".to_vec(), "expected value"),
        (b"entry".to_vec(), "expected value"),
        (b"{".to_vec(), "EOF"),
        (b"{}{}".to_vec(), "trailing"),
        (format!("{} x", good()).into_bytes(), "trailing"),
        (format!("\u{feff}{}", good()).into_bytes(), "expected value"),
        (good().replace('"', "'").into_bytes(), "key must be a string"),
        (good().replace("}}}}", "}}},}").into_bytes(), "trailing comma"),
        (good().replace(r#""digest""#, r#"/* a comment */"digest""#).into_bytes(), "key must be"),
        (signature("NaN"), "expected value"),
        (signature("-Infinity"), "invalid number"),
        (signature("1e999"), "out of range"),
        (signature(&"9".repeat(100_000)), "out of range"),
        (signature("18446744073709551616"), "found a number"),
        (signature("-9223372036854775809"), "found a number"),
        (signature("01"), "invalid number"),
        (signature(r#""\ud800""#), "hex escape"),
        (signature(r#""\udc00\ud800""#), "surrogate"),
        (signature(r#""\u00""#), "invalid escape"),
        (signature("\"\u{1}\""), "control character"),
        ([&signature("\"")[..], b"\xff\xfe"].concat(), "EOF"),
        (b"{\"\xc0\xaf\":1}".to_vec(), "invalid unicode"),
        (b"{\"hashedRekordRequestV002\":\"\xed\xa0\x80\"}".to_vec(), "invalid unicode"),
        (nested("[", 100_000), "nested deeper than 16"),
        (nested(r#"{"hashedRekordRequestV002":"#, 100_000), "nested deeper than 16"),
        (signature(&format!("{}{}", "[".repeat(20), "]".repeat(20))), "nested deeper than 16"),
        (signature(&format!("[{}0]", "0,".repeat(9_000))), "more than 8192 values"),
        (format!("{{{}}}", fields.join(",")).into_bytes(), "more than 64 fields"),
    ];
    all_are_refused(400, &rows);
}

#[test]
fn what_is_json_of_another_shape() {
    let twice = |name: &str, again: &str| {
        let request = good();
        let at = request.find(&format!("\"{name}\"")).expect("the field");
        let value = &request[at + name.len() + 3..];
        let value = &value[..value.find([',', '}']).expect("its end")];
        let whole = if value.starts_with('{') { format!("{value}}}") } else { value.to_owned() };
        format!("{}\"{again}\":{whole},{}", &request[..at], &request[at..])
    };
    let deep = |pointer: &str, name: &str| {
        let mut request: Value = serde_json::from_str(&good()).expect("JSON");
        request.pointer_mut(pointer).expect("an object")[name] = json!(1);
        request.to_string()
    };
    let rows: Vec<(String, &str)> = vec![
        ("null".to_owned(), "expected an object, found null"),
        ("[]".to_owned(), "expected an object, found an array"),
        ("\"entry\"".to_owned(), "expected an object, found a string"),
        ("7".to_owned(), "expected an object, found a number"),
        ("{}".to_owned(), "hashedRekordRequestV002: missing or empty"),
        (r#"{"hashedRekordRequestV001":{}}"#.to_owned(), "hashedRekordRequestV001: unknown field"),
        (r#"{"<script>":{}}"#.to_owned(), "unknown field"),
        (format!(r#"{{"{}":0}}"#, "x".repeat(100_000)), "unknown field"),
        (r#"{"hashedRekordRequestV002":{}}"#.to_owned(), "missing or empty"),
        (r#"{"hashedRekordRequestV002":{},"dsseRequestV002":{}}"#.to_owned(), "missing or empty"),
        (deep("", "more"), "more: unknown field; this message has only"),
        (deep("/hashedRekordRequestV002", "artifact"), "artifact: unknown field"),
        (deep("/hashedRekordRequestV002/signature", "format"), "signature.format: unknown field"),
        (deep(VERIFIER, "hint"), "verifier.hint: unknown field"),
        (deep(&format!("{VERIFIER}/publicKey"), "pem"), "publicKey.pem: unknown field"),
        (twice("digest", "digest"), "digest: the field is given more than once"),
        (twice("keyDetails", "key_details"), "keyDetails: the field is given more than once"),
        (twice("publicKey", "public_key"), "publicKey: the field is given more than once"),
        (twice("publicKey", "x509Certificate"), "exclude each other"),
    ];
    all_are_refused(400, &rows);
}

#[test]
fn what_is_signed_wrongly() {
    let submitter = Submitter::of(P256);
    let p384 = Submitter::of(SigningAlgorithm::EcdsaP384Sha384);
    let request = submitter.request("an artifact", None);
    let certified = submitter.request("an artifact", Some(&submitter.certificate("a@b.c")));
    let certificate = submitter.certificate("a@b.c");
    let in_certificate = "/hashedRekordRequestV002/signature/verifier/x509Certificate/rawBytes";
    let row = |pointer: &str, value: Value| with(&request, pointer, value).to_string();
    let key = |der: &[u8]| row(KEY, json!(base64(der)));
    let pem = |label: &str, der: &[u8]| {
        base64(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64(der)))
    };
    let spki = submitter.spki();
    let mut off_curve = spki.clone();
    *off_curve.last_mut().expect("a key") ^= 1;
    let rows: Vec<(String, &str)> = vec![
        (row(DIGEST, json!("!")), "digest: not valid base64"),
        (row(DIGEST, json!("AA=A")), "digest: not valid base64"),
        (row(DIGEST, json!("AAAA AAAA")), "digest: not valid base64"),
        (row(DIGEST, json!("AA+_")), "digest: not valid base64"),
        (row(DIGEST, json!("AAB")), "digest: not valid base64"),
        (row(DIGEST, json!(true)), "digest: expected a base64 string, found a boolean"),
        (row(DIGEST, json!("")), "digest: missing or empty"),
        (row(DIGEST, json!(base64([0; 31]))), "31 bytes long, but SHA2_256 digests have 32"),
        (row(DIGEST, json!(base64([0; 48]))), "48 bytes long, but SHA2_256 digests have 32"),
        (row(DIGEST, json!(base64([0; 32]))), "signature.content: the signature does not verify"),
        (row(CONTENT, json!("")), "content: missing or empty"),
        (row(CONTENT, json!(base64(b"no DER"))), "the signature does not verify"),
        (
            row(CONTENT, json!(base64(submitter.sign(b"another artifact")))),
            "the signature does not verify",
        ),
        (
            row(CONTENT, json!(base64([submitter.sign(b"an artifact"), vec![0]].concat()))),
            "the signature does not verify",
        ),
        (row(CONTENT, json!(base64(vec![0; 30_000]))), "does not verify"),
        (row(DETAILS, json!(null)), "keyDetails: missing or empty"),
        (row(DETAILS, json!("PKIX_NONE")), "unknown value \"PKIX_NONE\"; expected one of"),
        (row(DETAILS, json!(0)), "unknown value 0"),
        (row(DETAILS, json!(99)), "unknown value 99"),
        (row(DETAILS, json!(-5)), "keyDetails: expected the name or number"),
        (row(DETAILS, json!(5.5)), "keyDetails: expected the name or number"),
        (row(DETAILS, json!("PKIX_ED25519")), "PKIX_ED25519 is not admitted"),
        (row(DETAILS, json!(9)), "does not fit the key; for this key send PKIX_ECDSA_P256_SHA_256"),
        (
            row(KEY, json!(base64(p384.spki()))),
            "PKIX_ECDSA_P256_SHA_256 does not fit the key; for this key send PKIX_ECDSA_P384",
        ),
        (row(KEY, json!(pem("PUBLIC KEY", &spki))), "this is PEM; send the DER bytes inside it"),
        (key(b""), "rawBytes: missing or empty"),
        (key(b"garbage"), "not a DER encoded SubjectPublicKeyInfo"),
        (key(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), "not a DER encoded SubjectPublicKeyInfo"),
        (key(&[0x30, 0x80].repeat(15_000)), "not a DER encoded SubjectPublicKeyInfo"),
        (key(&spki[..spki.len() - 1]), "not a DER encoded SubjectPublicKeyInfo"),
        (key(&[&spki[..], &[0]].concat()), "bytes follow the end of the DER structure"),
        (key(&off_curve), "the point is not on its curve"),
        (key(&certificate), "not a DER encoded SubjectPublicKeyInfo"),
        (
            with(&certified, in_certificate, json!(pem("CERTIFICATE", &certificate))).to_string(),
            "x509Certificate.rawBytes: this is PEM",
        ),
        (
            with(&certified, in_certificate, json!(base64(&spki))).to_string(),
            "malformed certificate: it has no signature algorithm",
        ),
        (
            with(&certified, in_certificate, json!(base64([&certificate[..], &spki].concat())))
                .to_string(),
            "bytes follow the end of the DER structure",
        ),
        (
            with(&certified, in_certificate, json!(base64(p384.certificate("a@b.c")))).to_string(),
            "does not fit the key",
        ),
    ];
    all_are_refused(400, &rows);
}

#[test]
fn envelopes_that_are_not_signed() {
    let submitter = Submitter::of(P256);
    let request = submitter.envelope("a payload");
    let signatures = "/dsseRequestV002/envelope/signatures";
    let verifiers = "/dsseRequestV002/verifiers";
    let row = |pointer: &str, value: Value| with(&request, pointer, value).to_string();
    let signature = request.pointer(&format!("{signatures}/0")).expect("a signature").clone();
    let verifier = request.pointer(&format!("{verifiers}/0")).expect("a verifier").clone();
    let rows: Vec<(String, &str)> = vec![
        (row("/dsseRequestV002/envelope/payload", json!("AAAA")), "none of the verifiers"),
        (row("/dsseRequestV002/envelope/payloadType", json!("x")), "none of the verifiers"),
        (row(signatures, json!([])), "signatures: missing or empty"),
        (row(signatures, json!(vec![&signature; 11])), "11 elements; at most 10"),
        (row(verifiers, json!([])), "verifiers: missing or empty"),
        (row(verifiers, json!([verifier, verifier])), "verifiers[1]: the same key"),
        (row("/dsseRequestV002/envelope", json!(null)), "envelope: missing or empty"),
    ];
    all_are_refused(400, &rows);
}

/// An entry bundle stores an entry's length in 16 bits: canonical forms of up to 65,535 bytes fit.
#[test]
fn entries_that_fit_no_bundle() {
    let signers: Vec<_> =
        (0..4).map(|_| Submitter::generate(SigningAlgorithm::Ed25519ph)).collect();
    // The last certificate's length decides.
    let request = |last: usize| {
        let lengths = [12_000, 12_000, 12_000, last];
        let email = |length: usize| format!("{}@b.c", "a".repeat(length));
        let signers = signers.iter().zip(lengths);
        let certified =
            signers.map(|(signer, length)| (signer, signer.certificate(&email(length))));
        Submitter::envelope_of(&certified.collect::<Vec<_>>(), "a payload").to_string()
    };
    let length = |request: &str| {
        let entry = Submission::parse(request.as_bytes()).expect("a request").verify();
        entry.expect("it fits").bytes().len()
    };
    // Three more bytes in the certificate are four in base64. Each authority's signature can be a
    // few bytes shorter than the last time.
    let last = 8_000 + (ENTRY_BYTES_MAX - length(&request(8_000))) / 4 * 3;
    let (longest, longer) = (request(last - 30), request(last + 30));
    assert!((ENTRY_BYTES_MAX - 80..=ENTRY_BYTES_MAX).contains(&length(&longest)));

    all_are_refused(413, &[(longer, "canonical form; the log holds at most 65535")]);
    let writer = Writer::start(&[]);
    let answer = post(writer.address, ENTRIES, longest.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let (index, body) = Reader::of(&writer).verify(&answer.json());
    Reader::of(&writer).holds(index, &body);
}

#[test]
fn certificates_that_cost_an_index_too_much() {
    let submitter = Submitter::of(P256);
    let request = |certificate: &[u8]| submitter.request("an artifact", Some(certificate));
    let named = |names| submitter.certificate_of(names);
    let long = submitter.certificate(&format!("{}@b.c", "a".repeat(1_000_000)));
    let rows = [
        (
            request(&named(101)).to_string(),
            "101 or more subject alternative names; the log takes at most 100",
        ),
        (request(&named(7_000)).to_string(), "the log takes at most 16384"),
        (request(&long).to_string(), "the log takes at most 16384"),
    ];
    all_are_refused(400, &rows);

    // The same through `/add`, as an entry that nobody has verified.
    let writer = Writer::start(&["--accept-opaque"]);
    let opaque = |names| {
        json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
            "signature": {"verifier": {"x509Certificate": {"rawBytes": base64(named(names))}}},
        }}})
        .to_string()
    };
    let refused = post(writer.address, "/add", opaque(3_000).as_bytes());
    refused.refuses("3,000 names", 400, "more than 256 keys");
    assert_eq!(post(writer.address, "/add", opaque(254).as_bytes()).status, 200);
    post(writer.address, "/add", opaque(255).as_bytes()).refuses(
        "255 names",
        400,
        "more than 256 keys",
    );
}
