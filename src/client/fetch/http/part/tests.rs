//! Servers that send parts of objects correctly, incorrectly, or not at all.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use fasti_seams::egress::Redirects;

use super::*;
use crate::fetch::{Fetch as _, HttpFetch};

const PART: &str = "lookup/run/0/256/0";
const LENGTH: usize = 100_000;

fn object() -> Vec<u8> {
    (0..LENGTH).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

/// Writes the answer on one connection.
type Answer = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// Serves these answers, one per connection, and returns the requests.
fn serve(answers: Vec<Answer>) -> (HttpFetch, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/log", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let answer = |answer: Answer| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap();
            answer(&mut stream);
            String::from_utf8_lossy(&request[..length]).to_lowercase()
        };
        answers.into_iter().map(answer).collect()
    });
    (HttpFetch::new(&url.parse().unwrap(), Redirects::default()).unwrap(), server)
}

/// An answer with this status line, headers and body. It ends with the connection.
fn answer(head: &str, body: &[u8]) -> Answer {
    let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
    let bytes = [head.as_bytes(), body].concat();
    Box::new(move |stream| stream.write_all(&bytes).unwrap())
}

fn with_length(head: &str, body: &[u8]) -> Answer {
    answer(&format!("{head}\r\ncontent-length: {}", body.len()), body)
}

/// The status line and headers of a correct server for a part.
fn partial(range: &Range<usize>) -> String {
    format!(
        "206 Partial Content\r\ncontent-range: bytes {}-{}/{LENGTH}",
        range.start,
        range.end - 1
    )
}

/// Requests these bytes from a server with these answers.
async fn fetch(answers: Vec<Answer>, range: Range<u64>) -> Result<Option<Vec<u8>>, FetchError> {
    let count = answers.len();
    let (fetch, server) = serve(answers);
    let fetched = fetch.fetch_part(&PART.parse().unwrap(), range.clone()).await;
    let requests = server.join().unwrap();
    assert_eq!(requests.len(), count);
    for request in requests {
        assert!(request.starts_with(&format!("get /log/{PART} http/1.1\r\n")), "{request}");
        assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
        let asked = format!("range: bytes={}-{}\r\n", range.start, range.end - 1);
        assert!(request.contains(&asked), "{request}");
    }
    fetched
}

/// Does the same with an answer that is refused, and returns the fault.
async fn fault(answers: Vec<Answer>, range: Range<u64>) -> PartFault {
    match fetch(answers, range.clone()).await {
        Err(FetchError::Part { place, bytes, fault }) => {
            assert!(place.ends_with(PART), "{place}");
            assert_eq!(bytes, range);
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn parts_and_absence() {
    let object = object();
    for range in [0..1, 0..LENGTH, 70_000..74_512, LENGTH - 1..LENGTH] {
        let wanted = range.start as u64..range.end as u64;
        let expected = Some(object[range.clone()].to_vec());
        let with_length = with_length(&partial(&range), &object[range.clone()]);
        assert_eq!(fetch(vec![with_length], wanted.clone()).await.unwrap(), expected);
        let until_the_end = answer(&partial(&range), &object[range.clone()]);
        assert_eq!(fetch(vec![until_the_end], wanted.clone()).await.unwrap(), expected);
        let unknown = partial(&range).replace("/100000", "/*").replace("bytes", "Bytes");
        let unknown = answer(&unknown, &object[range.clone()]);
        assert_eq!(fetch(vec![unknown], wanted).await.unwrap(), expected);
    }
    for absent in ["404 Not Found", "410 Gone", "403 Forbidden"] {
        assert_eq!(fetch(vec![with_length(absent, b"")], 0..9).await.unwrap(), None);
    }
    // An empty range sends no request.
    assert_eq!(fetch(vec![], 9..9).await.unwrap(), Some(Vec::new()));
    assert_eq!(fault(vec![], 0..PART_BYTES_MAX + 1).await, PartFault::TooMuch);
}

#[tokio::test]
async fn a_server_that_gives_only_whole_objects() {
    let object = object();
    for range in [0..1, 0..LENGTH, 70_000..74_512, LENGTH - 1..LENGTH] {
        let wanted = range.start as u64..range.end as u64;
        let whole = with_length("200 OK", &object);
        let expected = Some(object[range].to_vec());
        assert_eq!(fetch(vec![whole], wanted).await.unwrap(), expected);
    }
    for range in [0..LENGTH as u64 + 1, 99_999..200_000, 200_000..200_001] {
        let whole = with_length("200 OK", &object);
        assert_eq!(fault(vec![whole], range).await, PartFault::BeyondEnd);
    }
    // A part too far from the beginning is not waited for.
    for range in [0..PART_BYTES_MAX, PART_BYTES_MAX - 1..PART_BYTES_MAX] {
        let whole = with_length("200 OK", &object);
        assert_eq!(fault(vec![whole], range).await, PartFault::BeyondEnd);
    }
    let far = PART_BYTES_MAX - 1..PART_BYTES_MAX + 1;
    assert_eq!(fault(vec![with_length("200 OK", &object)], far).await, PartFault::OnlyWhole);
}

/// The server would send forever; the connection is closed once the part is read.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_after_the_part() {
    let endless: Answer = Box::new(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: x\r\n\r\n").unwrap();
        while stream.write_all(&[7; 4096]).is_ok() {}
    });
    let range = 1_000_000..1_004_512;
    assert_eq!(fetch(vec![endless], range).await.unwrap(), Some(vec![7; 4512]));
    let endless: Answer = Box::new(|stream| {
        let head = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 3-9/10\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        while stream.write_all(&[7; 4096]).is_ok() {}
    });
    assert_eq!(fault(vec![endless], 3..10).await, PartFault::TooLong);
}

#[tokio::test]
async fn other_parts_are_refused() {
    let object = object();
    let other = |said: &str| PartFault::Other(said.to_owned());
    for said in [
        "bytes 0-9/100000",
        "bytes 11-20/100000",
        "bytes 10-20/100000",
        "bytes 10-18/100000",
        "bytes 10-18/*",
        "bytes 10-19/19",
        "bytes 10-19/0",
        "bytes 19-10/100000",
        "bytes 10-19",
        "bytes */100000",
        "bytes 10-19/-1",
        "bytes +10-19/100000",
        "bytes 0010-19/99999999999999999999",
        "lines 10-19/100000",
        "bytes=10-19/100000",
        "",
        "nonsense",
    ] {
        let head = format!("206 Partial Content\r\ncontent-range: {said}");
        assert_eq!(fault(vec![with_length(&head, &object[10..20])], 10..20).await, other(said));
    }
    let long = format!("206 Partial Content\r\ncontent-range: {}", "x".repeat(5000));
    assert_eq!(fault(vec![with_length(&long, b"")], 10..20).await, other(&"x".repeat(64)));
    let unnamed = with_length("206 Partial Content", &object[10..20]);
    assert_eq!(fault(vec![unnamed], 10..20).await, PartFault::Unnamed);
    let several = "206 Partial Content\r\ncontent-type: Multipart/Byteranges; boundary=x\r\n\
                   content-range: bytes 10-19/100000";
    let several = with_length(several, &object[10..20]);
    assert_eq!(fault(vec![several], 10..20).await, PartFault::Multipart);
}

#[tokio::test]
async fn objects_that_end_before() {
    let object = object();
    let refused = with_length("416 Range Not Satisfiable\r\ncontent-range: bytes */100000", b"");
    assert_eq!(fault(vec![refused], 100_000..100_001).await, PartFault::BeyondEnd);
    let cut = with_length(&partial(&(99_990..100_000)), &object[99_990..]);
    assert_eq!(fault(vec![cut], 99_990..100_010).await, PartFault::BeyondEnd);
}

#[tokio::test]
async fn bodies_of_another_length() {
    let object = object();
    let head = partial(&(10..20));
    for length in [9usize, 11, 0] {
        let announced = with_length(&head, &object[10..10 + length]);
        let length = length as u64;
        assert_eq!(fault(vec![announced], 10..20).await, PartFault::Length { length });
    }
    let longer = answer(&head, &object[10..21]);
    assert_eq!(fault(vec![longer], 10..20).await, PartFault::TooLong);
    // An answer that breaks off is retried.
    let short = || answer(&head, &object[10..19]);
    let broken_off = PartFault::BrokenOff { length: 9 };
    assert_eq!(fault(vec![short(), short(), short()], 10..20).await, broken_off);
    let reset = || answer(&format!("{head}\r\ncontent-length: 10"), &object[10..13]);
    let busy = || with_length("503 Service Unavailable", b"");
    let whole = with_length(&head, &object[10..20]);
    let answers = vec![reset(), busy(), whole];
    assert_eq!(fetch(answers, 10..20).await.unwrap(), Some(object[10..20].to_vec()));
    let refused = fetch(vec![busy(), busy(), busy()], 10..20).await.unwrap_err();
    assert!(matches!(&refused, FetchError::Status { status, .. } if status.as_u16() == 503));
}

#[tokio::test]
async fn packed_parts_are_refused() {
    let object = object();
    for head in [partial(&(10..20)), "200 OK".to_owned()] {
        let packed = with_length(&format!("{head}\r\ncontent-encoding: gzip"), &object[10..20]);
        let refused = fetch(vec![packed], 10..20).await.unwrap_err();
        assert!(matches!(&refused, FetchError::Coding { coding, .. } if coding == "gzip"));
        let plain = format!("{head}\r\ncontent-encoding: identity");
        let plain = if head == "200 OK" {
            with_length(&plain, &object)
        } else {
            with_length(&plain, &object[10..20])
        };
        assert_eq!(fetch(vec![plain], 10..20).await.unwrap(), Some(object[10..20].to_vec()));
    }
}
