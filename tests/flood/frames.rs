//! HTTP/2 frames (RFC 9113) as bytes.

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A PING.
pub const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head[..], payload].concat()
}

/// The start of a connection whose answers may not be sent yet: the window of its streams is empty.
pub fn hello_without_a_window() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])].concat()
}

/// The start of a connection.
pub fn hello() -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()
}

fn head(method: u8, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).expect("short");
    [&[method, 0x86, 0x04, length], path.as_bytes(), b"\x01\x08log.test"].concat()
}

/// A complete GET.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &head(0x82, path))
}

/// A POST whose body is still to come.
pub fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &head(0x83, path))
}

/// Resets a stream.
pub fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])
}

/// A head of this many bytes that does not end: its field is longer than what was sent.
pub fn endless_head(bytes: usize) -> Vec<u8> {
    let mut start = head(0x82, "/healthz");
    // A literal without indexing, with a name of one byte and a value of 16,000: 127 + 15,873 in
    // groups of seven bits.
    start.extend([0x00, 0x01, b'x', 0x7f, 0x81, 0x7c]);
    let mut frames = frame(HEADERS, END_STREAM, 1, &start);
    for piece in vec![b'v'; bytes].chunks(4000) {
        frames.extend(frame(CONTINUATION, 0, 1, piece));
    }
    frames
}
