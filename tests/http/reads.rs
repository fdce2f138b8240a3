//! Reads: what is served, for how long it may be cached, in part and compressed.

use std::io::Read;
use std::thread;

use fasti_kit::writer::Writer;

use crate::reader::{Reader, opaque_index};
use crate::wire::{Answer, exchange, get, post};

const LEAVES: u64 = 300;
const IMMUTABLE: Option<&str> = Some("public, max-age=31536000, immutable");

/// A writer whose log has a full and a partial tile.
fn filled() -> Writer {
    let writer = Writer::start(&["--accept-opaque"]);
    thread::scope(|scope| {
        for client in 0..4 {
            let address = writer.address;
            scope.spawn(move || {
                for n in (client..LEAVES).step_by(4) {
                    let entry = format!("entry {n} {}", "and so on ".repeat(20));
                    opaque_index(&post(address, "/add", entry.as_bytes()));
                }
            });
        }
    });
    assert_eq!(Reader::of(&writer).size(), LEAVES);
    writer
}

fn read(writer: &Writer, path: &str, fields: &[(&str, &str)]) -> Answer {
    exchange(writer.address, "GET", path, fields, b"")
}

#[test]
fn a_new_log_shows_a_checkpoint_of_size_0_at_once() {
    let writer = Writer::start(&[]);
    let head = Reader::of(&writer).head();
    assert_eq!((head.size.get(), head.root), (0, tiles_spec::EMPTY_ROOT));
    let checkpoint = get(writer.address, "/checkpoint");
    assert_eq!(checkpoint.body, get(writer.address, "/api/v2/checkpoint").body);
    assert!(
        checkpoint
            .text()
            .starts_with("localhost\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n")
    );
    get(writer.address, "/tile/0/000").refuses("an empty log", 404, "there is nothing at");
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn everything_is_there_under_both_prefixes_with_its_type_and_lifetime() {
    let writer = filled();
    let octets = Some("application/octet-stream");
    let rows = [
        ("checkpoint", Some("text/plain; charset=utf-8"), Some("no-cache"), None),
        ("tile/0/000", octets, IMMUTABLE, Some(8192)),
        ("tile/0/001.p/44", octets, IMMUTABLE, Some(44 * 32)),
        ("tile/1/000.p/1", octets, IMMUTABLE, Some(32)),
        ("tile/entries/000", octets, IMMUTABLE, None),
        ("tile/entries/001.p/44", octets, IMMUTABLE, None),
        ("time/000", octets, IMMUTABLE, Some(2048)),
        ("time/001.p/44", octets, IMMUTABLE, Some(44 * 8)),
    ];
    for (path, content_type, lifetime, length) in rows {
        let answer = get(writer.address, &format!("/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.field("content-type"), content_type, "{path}");
        assert_eq!(answer.field("cache-control"), lifetime, "{path}");
        assert_eq!(answer.field("accept-ranges"), Some("bytes"), "{path}");
        assert_eq!(answer.field("content-encoding"), None, "{path}");
        let vary = path.contains("entries").then_some("Accept-Encoding");
        assert_eq!(answer.field("vary"), vary, "{path}");
        assert!(length.is_none_or(|length: usize| answer.body.len() == length), "{path}");

        let same = get(writer.address, &format!("/api/v2/{path}"));
        assert_eq!((same.status, &same.body), (200, &answer.body), "{path}");
        assert_eq!(same.field("etag"), answer.field("etag"), "{path}");

        for fields in [&[][..], &[("Accept-Encoding", "gzip")], &[("Accept-Encoding", "zstd")]] {
            let answer = read(&writer, &format!("/{path}"), fields);
            let head = exchange(writer.address, "HEAD", &format!("/{path}"), fields, b"");
            let but_date = |answer: &Answer| {
                let mut fields = answer.fields.clone();
                fields.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
                fields.sort_unstable();
                (answer.status, fields)
            };
            assert_eq!(but_date(&head), but_date(&answer), "{path} {fields:?}");
            assert!(head.body.is_empty() && head.field("content-length").is_some(), "{path}");
        }
    }
}

#[test]
fn what_a_client_has_is_not_sent_again() {
    let writer = filled();
    for path in ["/checkpoint", "/tile/0/000", "/tile/entries/000"] {
        let first = get(writer.address, path);
        let etag = first.field("etag").expect("an ETag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'), "a strong one: {etag}");
        let (weak, list) = (format!("W/{etag}"), format!("\"other\", {etag}"));
        for known in [&etag, &weak, &list, "*"] {
            let again = read(&writer, path, &[("If-None-Match", known)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {known}");
            assert_eq!(again.field("etag"), Some(&*etag), "{path}");
            assert_eq!(again.field("cache-control"), first.field("cache-control"), "{path}");
        }
        let two_lines = [("If-None-Match", "\"other\""), ("If-None-Match", &*etag)];
        assert_eq!(read(&writer, path, &two_lines).status, 304, "{path}");
        for known in ["\"other\"", &etag[1..etag.len() - 1], "", ",,"] {
            let again = read(&writer, path, &[("If-None-Match", known)]);
            assert_eq!((again.status, &again.body), (200, &first.body), "{path} {known:?}");
        }
    }
    let before = get(writer.address, "/checkpoint").field("etag").expect("an ETag").to_owned();
    opaque_index(&post(writer.address, "/add", b"one more"));
    let after = read(&writer, "/checkpoint", &[("If-None-Match", &before)]);
    assert_eq!(after.status, 200, "the checkpoint has changed");
}

#[test]
fn parts_are_served() {
    let writer = filled();
    let path = "/tile/0/000";
    let whole = get(writer.address, path);
    let etag = whole.field("etag").expect("an ETag").to_owned();
    let rows = [
        ("bytes=0-31", 0..32),
        ("bytes=8160-8191", 8160..8192),
        ("bytes=8160-", 8160..8192),
        ("bytes=-32", 8160..8192),
        ("bytes=-9999", 0..8192),
        ("bytes=100-99999", 100..8192),
        ("bytes=8191-18446744073709551615", 8191..8192),
    ];
    for (range, expected) in rows {
        let part = read(&writer, path, &[("Range", range)]);
        assert_eq!(part.status, 206, "{range}");
        let said = format!("bytes {}-{}/8192", expected.start, expected.end - 1);
        assert_eq!(part.field("content-range"), Some(&*said), "{range}");
        assert_eq!(part.body, whole.body[expected], "{range}");
        assert_eq!(part.field("etag"), Some(&*etag), "{range}");
    }
    for range in ["bytes=8192-", "bytes=8192-9000", "bytes=-0", "bytes=99999-"] {
        let refused = read(&writer, path, &[("Range", range)]);
        refused.refuses(range, 416, "8192 bytes");
        assert_eq!(refused.field("content-range"), Some("bytes */8192"), "{range}");
    }
    // A Range that is not one range of bytes is ignored (RFC 9110 section 14.2).
    for range in [
        "bytes=5-2",
        "bytes=0-1,4-5",
        "bytes=-",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=0-18446744073709551616",
        "bytes 0-1",
        "lines=0-1",
        "",
    ] {
        let answer = read(&writer, path, &[("Range", range)]);
        assert_eq!((answer.status, &answer.body), (200, &whole.body), "{range}");
    }
    let if_same = |etag| read(&writer, path, &[("Range", "bytes=0-0"), ("If-Range", etag)]).status;
    assert_eq!((if_same(&etag), if_same("\"other\"")), (206, 200));
    let part =
        read(&writer, "/tile/entries/000", &[("Range", "bytes=0-1"), ("Accept-Encoding", "gzip")]);
    assert_eq!(
        (part.status, part.field("content-encoding")),
        (206, None),
        "parts are of the identity"
    );
}

#[test]
fn a_bundle_is_the_same_whatever_is_asked_of_it() {
    let writer = filled();
    let path = "/tile/entries/000";
    let whole = get(writer.address, path);
    let etag = whole.field("etag").expect("an ETag").to_owned();
    let length = whole.body.len();
    for (range, expected) in [("bytes=0-1", 0..2), ("bytes=-7", length - 7..length)] {
        let part = read(&writer, path, &[("Range", range)]);
        let said = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
        assert_eq!((part.status, part.field("content-range")), (206, Some(&*said)), "{range}");
        assert_eq!((&part.body[..], part.field("etag")), (&whole.body[expected], Some(&*etag)));
    }
    for accepted in ["gzip", "zstd"] {
        let packed: Vec<Answer> =
            (0..3).map(|_| read(&writer, path, &[("Accept-Encoding", accepted)])).collect();
        assert!(packed.iter().all(|one| one.body == packed[0].body), "{accepted}");
        let known = [("Accept-Encoding", accepted), ("If-None-Match", "*")];
        assert_eq!(read(&writer, path, &known).status, 304, "{accepted}");
    }
    for missing in ["/tile/entries/005", "/tile/entries/000.p/3"] {
        for fields in [&[][..], &[("Accept-Encoding", "gzip")], &[("If-None-Match", "*")]] {
            let status = read(&writer, missing, fields).status;
            assert!(status == 404 || missing.contains(".p/"), "{missing} {fields:?}: {status}");
        }
    }
}

#[test]
fn bundles_are_compressed_for_those_who_ask() {
    let writer = filled();
    for path in ["/tile/entries/000", "/tile/entries/001.p/44", "/api/v2/tile/entries/000"] {
        let plain = get(writer.address, path);
        let rows = [
            ("gzip", Some("gzip")),
            ("zstd", Some("zstd")),
            ("gzip, zstd", Some("zstd")),
            ("GZIP;q=0.5", Some("gzip")),
            ("gzip;q=1.0, zstd;q=0", Some("gzip")),
            ("gzip;q=0", None),
            ("identity", None),
            ("br, deflate", None),
            ("", None),
        ];
        for (accepted, coding) in rows {
            let answer = read(&writer, path, &[("Accept-Encoding", accepted)]);
            assert_eq!(answer.status, 200, "{accepted}");
            assert_eq!(answer.field("content-encoding"), coding, "{accepted}");
            assert_eq!(answer.field("vary"), Some("Accept-Encoding"), "{accepted}");
            let inflated = match coding {
                None => answer.body.clone(),
                Some("gzip") => {
                    let mut bytes = Vec::new();
                    let mut reader = flate2::read::MultiGzDecoder::new(&answer.body[..]);
                    reader.read_to_end(&mut bytes).expect("gzip");
                    bytes
                }
                Some(_) => zstd::decode_all(&answer.body[..]).expect("zstd"),
            };
            assert_eq!(inflated, plain.body, "{accepted}");
            let same = answer.field("etag") == plain.field("etag");
            assert_eq!(same, coding.is_none(), "{accepted}: another coding, another ETag");
            assert!(coding.is_none() || answer.body.len() < plain.body.len() / 2, "{accepted}");
            let etag = answer.field("etag").expect("an ETag");
            let known = [("Accept-Encoding", accepted), ("If-None-Match", etag)];
            let again = read(&writer, path, &known);
            assert_eq!((again.status, again.field("vary")), (304, Some("Accept-Encoding")));
        }
    }
    for path in ["/checkpoint", "/tile/0/000"] {
        let answer = read(&writer, path, &[("Accept-Encoding", "gzip, zstd")]);
        assert_eq!(answer.field("content-encoding"), None, "{path}: hashes do not compress");
    }
}
