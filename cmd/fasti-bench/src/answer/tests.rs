//! Answers whole, cut at every byte, chunked and broken.

use super::*;

const BODY_MAX: usize = 1 << 20;

fn whole(input: &[u8]) -> Answer<'_> {
    scan(input, BODY_MAX).expect("well formed").expect("complete")
}

#[test]
fn takes_the_fields_it_acts_on() {
    let answer = whole(
        b"HTTP/1.1 503 Service Unavailable\r\nretry-after:  7 \r\nX-Log-Index: 42\r\n\
          Server: x\r\ncontent-encoding: gzip\r\nCONTENT-LENGTH: 5\r\nConnection: close\r\n\r\nhello",
    );
    assert_eq!((answer.status, answer.retry_after, answer.log_index), (503, Some(7), Some(42)));
    assert!(!answer.keep_alive && answer.gzip);
    assert_eq!(&*answer.body, b"hello");
}

#[test]
fn a_date_in_retry_after_counts_as_absent() {
    let input =
        b"HTTP/1.1 429 \r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(whole(input).retry_after, None);
}

#[test]
fn old_versions_close_by_default() {
    assert!(!whole(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n").keep_alive);
    assert!(whole(b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n").keep_alive);
}

#[test]
fn every_proper_prefix_is_incomplete_and_the_rest_is_left_alone() {
    let plain = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n123\n".as_slice();
    let chunked: &[u8] = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
    for (input, body) in [(plain, b"123\n".as_slice()), (chunked, b"abc0123456789")] {
        for cut in 0..input.len() {
            assert_eq!(scan(&input[..cut], BODY_MAX), Ok(None), "cut at {cut}");
        }
        let mut longer = input.to_vec();
        longer.extend_from_slice(b"HTTP/1.1 ");
        let answer = whole(&longer);
        assert_eq!(answer.length, input.len());
        assert_eq!(&*answer.body, body);
    }
}

#[test]
fn broken_answers_say_how() {
    let endless = vec![b'a'; HEAD_BYTES_MAX + 1];
    for (input, malformed) in [
        (b"SSH-2.0-x\r\n".as_slice(), Malformed::StatusLine),
        (b"HTTP/1.1 2000 OK\r\n", Malformed::StatusLine),
        (b"HTTP/1.1 100 Continue\r\n", Malformed::StatusLine),
        (b"HTTP/1.1 200 OK\r\n\r\n", Malformed::NoLength),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", Malformed::BadLength),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", Malformed::BadLength),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n", Malformed::BodyTooLong),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", Malformed::BadChunk),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc", Malformed::BadChunk),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n",
            Malformed::BodyTooLong,
        ),
        (&endless, Malformed::HeadTooLong),
    ] {
        let text = String::from_utf8_lossy(&input[..input.len().min(80)]).into_owned();
        assert_eq!(scan(input, BODY_MAX), Err(malformed), "{text}");
    }
}

#[test]
fn an_opaque_index_is_a_bare_decimal_line() {
    assert_eq!(opaque_index(b"123"), Some(123));
    assert_eq!(opaque_index(b"0\nproof follows"), Some(0));
    assert_eq!(opaque_index(b"18446744073709551615"), Some(u64::MAX));
    for bad in [b"".as_slice(), b"\n1", b" 1", b"1 ", b"+1", b"1\r\n", b"18446744073709551616"] {
        assert_eq!(opaque_index(bad), None, "{bad:?}");
    }
}

#[test]
fn a_rekor_index_is_the_first_log_index() {
    assert_eq!(rekor_index(br#"{"logIndex":"77","inclusionProof":{"logIndex":"5"}}"#), Some(77));
    assert_eq!(rekor_index(br#"{ "logIndex" : 8, "x": 1 }"#), Some(8));
    for bad in [b"{}".as_slice(), br#"{"logIndex":"x"}"#, br#"{"logIndex""#, br#"{"logIndex":-1}"#]
    {
        assert_eq!(rekor_index(bad), None, "{bad:?}");
    }
}
