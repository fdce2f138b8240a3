//! Error bodies: as Rekor's clients expect them, or as in RFC 9457, as the client prefers.

use fasti_kit::writer::Writer;
use serde_json::{Value, json};

use crate::reader::{ENTRIES, Reader};
use crate::submitter::{P256, Submitter, base64, good, with};
use crate::wire::{Answer, exchange, get, post};

fn asking(writer: &Writer, accept: &str, path: &str, body: &[u8]) -> Answer {
    exchange(writer.address, "POST", path, &[("Accept", accept)], body)
}

#[test]
fn problem_details_for_those_who_ask() {
    let writer = Writer::start(&[]);
    let answer = asking(&writer, "application/problem+json", ENTRIES, b"{}");
    assert_eq!(answer.status, 400);
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let problem: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let plain = asking(&writer, "*/*", ENTRIES, b"{}").json();
    let expected = json!({
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": plain["message"],
        "code": plain["code"],
        "requestId": answer.field("x-request-id"),
    });
    assert_eq!(problem, expected);

    for (accept, form) in [
        ("application/json", "application/json"),
        ("application/json, application/problem+json", "application/problem+json"),
        ("application/json, application/problem+json;q=0.9", "application/json"),
        ("application/problem+json;q=0", "application/json"),
        ("application/json;q=0.1, application/problem+json;q=0.2", "application/problem+json"),
        ("text/html", "application/json"),
    ] {
        let answer = asking(&writer, accept, "/nothing", b"");
        assert_eq!((answer.status, answer.field("content-type")), (404, Some(form)), "{accept}");
    }
    let taken = asking(&writer, "application/problem+json", ENTRIES, good().as_bytes());
    assert_eq!((taken.status, taken.field("content-type")), (201, Some("application/json")));
    Reader::of(&writer).is_unharmed(1);
}

/// The codes and first words are those of rekor-tiles; after them comes what to fix.
#[test]
fn words_and_codes_are_those_of_rekor_tiles() {
    let writer = Writer::start(&[]);
    let request = Submitter::of(P256).request("an artifact", None);
    let content = "/hashedRekordRequestV002/signature/content";
    let unsigned = with(&request, content, json!(base64(b"no signature"))).to_string();
    let long = vec![b' '; (4 << 20) + 1];
    let rows: [(&[u8], u16, u64, &str); 6] = [
        (b"{}", 400, 3, "invalid type, must be hashedrekord: "),
        (b"{\"hashedRekordRequestV002\": {}}", 400, 3, "invalid hashedrekord request: "),
        (unsigned.as_bytes(), 400, 3, "invalid hashedrekord request: "),
        (b"{\"dsseRequestV002\": {}}", 400, 3, "invalid dsse request: "),
        (b"{\"other\": 1}", 400, 3, "other: unknown field"),
        (&long, 413, 3, "the body is longer than 4194304 bytes"),
    ];
    for (body, status, code, words) in rows {
        let answer = post(writer.address, ENTRIES, body);
        answer.refuses(words, status, words);
        let error = answer.json();
        assert!(error["message"].as_str().is_some_and(|text| text.starts_with(words)), "{error}");
        assert!(
            error["message"].as_str().is_some_and(|text| text.len() > words.len() || status == 413)
        );
        assert_eq!(error["code"], code, "{words}");
    }
    assert_eq!(get(writer.address, "/api/v2/nothing").json()["code"], 5);
    assert_eq!(exchange(writer.address, "PUT", ENTRIES, &[], b"").json()["code"], 12);
    Reader::of(&writer).is_unharmed(0);
}

/// The protobuf JSON mapping over HTTP: every spelling that it allows gives the same entry, and
/// unknown fields and values are refused.
#[test]
fn the_json_mapping_is_kept() {
    let writer = Writer::start(&[]);
    let request = Submitter::of(P256).request("an artifact", None);
    let plain = request.to_string();
    let bare = |text: &str| text.replace('=', "");
    let url_safe = || {
        let mut json = request.clone();
        for pointer in [
            "/hashedRekordRequestV002/digest",
            "/hashedRekordRequestV002/signature/content",
            "/hashedRekordRequestV002/signature/verifier/publicKey/rawBytes",
        ] {
            let value = json.pointer_mut(pointer).expect("there");
            *value = json!(value.as_str().expect("text").replace('+', "-").replace('/', "_"));
        }
        json.to_string()
    };
    let snake = plain
        .replace("hashedRekordRequestV002", "hashed_rekord_request_v002")
        .replace("publicKey", "public_key")
        .replace("rawBytes", "raw_bytes")
        .replace("keyDetails", "key_details");
    let by_number = plain.replace("\"PKIX_ECDSA_P256_SHA_256\"", "5");
    let with_null = plain.replacen('{', "{\"dsseRequestV002\":null,", 1);
    let spellings =
        [plain.clone(), bare(&plain), url_safe(), bare(&url_safe()), snake, by_number, with_null];
    for spelling in &spellings {
        let answer = post(writer.address, ENTRIES, spelling.as_bytes());
        assert_eq!(answer.status, 201, "{spelling}: {}", answer.text());
        assert_eq!(answer.json()["logIndex"], "0", "{spelling}");
    }
    for (bad, words) in [
        (plain.replacen('{', "{\"extra\":1,", 1), "extra: unknown field"),
        (plain.replace("\"digest\"", "\"Digest\""), "Digest: unknown field"),
        (plain.replace("PKIX_ECDSA_P256_SHA_256", "PKIX_NEW"), "unknown value"),
        (plain.replace("\"PKIX_ECDSA_P256_SHA_256\"", "99"), "unknown value 99"),
    ] {
        post(writer.address, ENTRIES, bad.as_bytes()).refuses(&bad[..60], 400, words);
    }
    Reader::of(&writer).is_unharmed(1);
}
