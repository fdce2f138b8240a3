//! The files of an index: served like those of the log, and for large files only the requested part
//! is read.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use fasti_kit::writer::Writer;

use crate::reader::Reader;
use crate::wire::{Answer, exchange, get};

const IMMUTABLE: Option<&str> = Some("public, max-age=31536000, immutable");
const TEXT: Option<&str> = Some("text/plain; charset=utf-8");
const OCTETS: Option<&str> = Some("application/octet-stream");
/// Longer than the memory limit for all answers, and than fits into 32 bits.
const HUGE: u64 = 5 << 30;
const HELD_MAX: u64 = 64 << 20;

/// A writer that keeps no index, with index files in its store that it serves as they are.
fn with_an_index() -> Writer {
    let writer = Writer::start(&["--no-lookup"]);
    let lookup = writer.home.store().join("lookup");
    for (path, content) in [
        ("latest", "fasti/lookup-latest/v1 1 2 3\nand so on\n"),
        ("checkpoint", "localhost/lookup\n1\nand so on\n"),
        ("tile/0/000.p/1", "0123456789abcdef0123456789abcdef"),
        ("tile/entries/000.p/1", "\0\u{3}abc"),
        ("revision/000", "fasti/lookup-revision-file/v1 1 2\nand so on\n"),
        ("run/0/256/0", "0123456789"),
    ] {
        let path = lookup.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it is there");
        fs::write(path, content).expect("a file");
    }
    let huge = File::create(lookup.join("run/0/256/1")).expect("a file");
    huge.set_len(HUGE).expect("a sparse file");
    huge.write_all_at(b"here", HUGE - 4).expect("written");
    huge.write_all_at(b"there", 1 << 32).expect("written");
    writer
}

fn read(writer: &Writer, path: &str, fields: &[(&str, &str)]) -> Answer {
    exchange(writer.address, "GET", path, fields, b"")
}

#[test]
fn everything_is_there_under_both_prefixes_with_its_type_and_lifetime() {
    let writer = with_an_index();
    for (path, content_type, lifetime, vary) in [
        ("lookup/latest", TEXT, Some("no-cache"), true),
        ("lookup/checkpoint", TEXT, Some("no-cache"), false),
        ("lookup/tile/0/000.p/1", OCTETS, IMMUTABLE, false),
        ("lookup/tile/entries/000.p/1", OCTETS, IMMUTABLE, true),
        ("lookup/revision/000", TEXT, IMMUTABLE, true),
        ("lookup/run/0/256/0", OCTETS, IMMUTABLE, false),
    ] {
        let stored = fs::read(writer.home.store().join(path)).expect("a file");
        for prefix in ["/", "/api/v2/"] {
            let answer = get(writer.address, &format!("{prefix}{path}"));
            assert_eq!((answer.status, &answer.body), (200, &stored), "{path}");
            assert_eq!(answer.field("content-type"), content_type, "{path}");
            assert_eq!(answer.field("cache-control"), lifetime, "{path}");
            assert_eq!(answer.field("accept-ranges"), Some("bytes"), "{path}");
            assert_eq!(answer.field("content-encoding"), None, "{path}");
            assert_eq!(answer.field("vary"), vary.then_some("Accept-Encoding"), "{path}");
            let etag = answer.field("etag").expect("an ETag");
            let again = read(&writer, &format!("{prefix}{path}"), &[("If-None-Match", etag)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            assert_eq!(again.field("cache-control"), lifetime, "{path}");
            let part = read(&writer, &format!("{prefix}{path}"), &[("Range", "bytes=2-4")]);
            assert_eq!((part.status, &part.body[..]), (206, &stored[2..5]), "{path}");
            let said = format!("bytes 2-4/{}", stored.len());
            assert_eq!(part.field("content-range"), Some(&*said), "{path}");
        }
        let head = exchange(writer.address, "HEAD", &format!("/{path}"), &[], b"");
        let length = stored.len().to_string();
        assert_eq!((head.status, head.field("content-length")), (200, Some(&*length)), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    Reader::of(&writer).is_unharmed(0);
}

#[test]
fn ranges_of_parts() {
    let writer = with_an_index();
    let path = "/lookup/run/0/256/0";
    let etag = get(writer.address, path).field("etag").expect("an ETag").to_owned();
    for (range, expected) in [
        ("bytes=0-0", "0"),
        ("bytes=7-", "789"),
        ("bytes=-2", "89"),
        ("bytes=-99", "0123456789"),
        ("bytes=8-99", "89"),
    ] {
        let part = read(&writer, path, &[("Range", range)]);
        assert_eq!((part.status, part.text()), (206, expected), "{range}");
        assert_eq!(part.field("etag"), Some(&*etag), "{range}");
    }
    for range in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=18446744073709551615-"] {
        let refused = read(&writer, path, &[("Range", range)]);
        refused.refuses(range, 416, "10 bytes");
        assert_eq!(refused.field("content-range"), Some("bytes */10"), "{range}");
    }
    for range in ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "lines=0-1", ""] {
        let answer = read(&writer, path, &[("Range", range)]);
        assert_eq!((answer.status, answer.text()), (200, "0123456789"), "{range}");
    }
    let if_same = |etag| read(&writer, path, &[("Range", "bytes=0-0"), ("If-Range", etag)]).status;
    assert_eq!((if_same(&etag), if_same("\"other\"")), (206, 200));
    let other = get(writer.address, "/lookup/run/0/257/0");
    other.refuses("another run", 404, "there is nothing at");
}

#[test]
fn a_part_may_be_larger_than_memory() {
    let writer = with_an_index();
    let path = "/lookup/run/0/256/1";
    for (first, expected) in [(1u64 << 32, "there"), (HUGE - 4, "here"), (9, "\0\0\0")] {
        let last = first + expected.len() as u64 - 1;
        let part = read(&writer, path, &[("Range", &format!("bytes={first}-{last}"))]);
        assert_eq!((part.status, part.text()), (206, expected));
        let said = format!("bytes {first}-{last}/{HUGE}");
        assert_eq!(part.field("content-range"), Some(&*said));
    }
    let head = exchange(writer.address, "HEAD", path, &[], b"");
    assert_eq!(head.field("content-length"), Some(&*HUGE.to_string()));
    let too_much = format!("bytes=0-{HELD_MAX}");
    for fields in [&[][..], &[("Range", "bytes=5-")], &[("Range", &*too_much)]] {
        let refused = read(&writer, path, fields);
        refused.refuses(&format!("{fields:?}"), 400, "ask for them in parts");
    }
    let all_that_is_held = format!("bytes=5-{}", HELD_MAX + 4);
    let most = read(&writer, path, &[("Range", &all_that_is_held)]);
    assert_eq!((most.status, most.body.len() as u64), (206, HELD_MAX));
    Reader::of(&writer).is_unharmed(0);
}
