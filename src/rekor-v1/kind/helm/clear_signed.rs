//! Text signed in the clear (RFC 9580, section 7).
//!
//! Text before the first line and after the last is ignored. Of the headers `Hash` alone can
//! stand there, and it decides nothing.

use crate::pki::pgp::Block;

const FIRST: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";
const LAST: &[u8] = b"\n-----END PGP SIGNATURE-----";
/// Hashes that can be named.
const HASHES: [&str; 9] =
    ["MD5", "SHA1", "RIPEMD160", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512"];

/// Text, and the signature over it.
pub(super) struct ClearSigned<'a> {
    /// The text with line feeds between its lines.
    pub text: Vec<u8>,
    /// The same with carriage returns and line feeds, as it is signed.
    pub signed: Vec<u8>,
    pub signature: Block<'a>,
}

impl<'a> ClearSigned<'a> {
    /// Reads the first signed text, or returns `None` if it is missing or malformed.
    pub fn find(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = after_first_line(bytes)?;
        loop {
            let line = line(&mut rest)?;
            if String::from_utf8_lossy(line).trim().is_empty() {
                break;
            }
            check_header(line)?;
        }
        let (mut text, mut signed) = (Vec::new(), Vec::new());
        let mut is_first = true;
        loop {
            let from_here = rest;
            let line = line(&mut rest)?;
            if line == SIGNATURE {
                rest = from_here;
                break;
            }
            if !is_first {
                text.push(b'\n');
                signed.extend_from_slice(b"\r\n");
            }
            is_first = false;
            let line = line.strip_prefix(b"- ").unwrap_or(line);
            let end = line.iter().rposition(|byte| !b" \t".contains(byte));
            let line = &line[..end.map_or(0, |end| end + 1)];
            text.extend_from_slice(line);
            signed.extend_from_slice(line);
        }
        let end = find(rest, LAST)? + LAST.len();
        // Line breaks after it belong to it, and say nothing.
        Some(Self { text, signed, signature: Block::find(&rest[..end])? })
    }
}

/// What follows the line that begins a signed text.
fn after_first_line(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = if let Some(rest) = bytes.strip_prefix(FIRST) {
        rest
    } else {
        let marker = [b"\n", FIRST].concat();
        &bytes[find(bytes, &marker)? + marker.len()..]
    };
    if rest.is_empty() {
        return None;
    }
    line(&mut rest)?.is_empty().then_some(rest)
}

fn check_header(line: &[u8]) -> Option<()> {
    let line = std::str::from_utf8(line).ok()?;
    if !line.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return None;
    }
    let (name, hashes) = line.split_once(':')?;
    let is_known = |hash: &str| HASHES.contains(&&hash.trim().to_ascii_uppercase()[..]);
    (name.trim() == "Hash" && hashes.split(',').all(is_known)).then_some(())
}

/// Takes a line, without its line break; `None` at the end.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    let (line, others) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &[][..]),
    };
    *rest = others;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "-----BEGIN PGP SIGNATURE-----\n\nAQID\n-----END PGP SIGNATURE-----\n";

    fn read(text: &str) -> Option<(String, String)> {
        let found = ClearSigned::find(text.as_bytes())?;
        assert_eq!(found.signature.label, b"PGP SIGNATURE");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Some((text(found.text), text(found.signed)))
    }

    #[test]
    fn lines_end_as_they_are_signed() {
        let first = "-----BEGIN PGP SIGNED MESSAGE-----\n";
        let expected = Some(("a\n-b\n\nc".to_owned(), "a\r\n-b\r\n\r\nc".to_owned()));
        for text in [
            format!("{first}Hash: SHA512\n\na\n- -b\n\nc \t\n{TAIL}"),
            format!("{first}Hash: SHA256, sha1\n\na\n-b\n\nc\n{TAIL}rest"),
            format!("before\n{first}\na\n-b\n\nc\n{TAIL}"),
            format!("{first}\na\n-b\n\nc\n{TAIL}").replace('\n', "\r\n"),
        ] {
            assert_eq!(read(&text), expected, "{text}");
        }
        assert_eq!(read(&format!("{first}\n{TAIL}")), Some((String::new(), String::new())));
    }

    #[test]
    fn what_is_not_signed_text() {
        let first = "-----BEGIN PGP SIGNED MESSAGE-----";
        for text in [
            String::new(),
            "a".to_owned(),
            first.to_owned(),
            format!("{first}\n"),
            format!("{first}x\n\na\n{TAIL}"),
            format!("x{first}\n\na\n{TAIL}"),
            format!("{first}\nVersion: 1\n\na\n{TAIL}"),
            format!("{first}\nHash: X\n\na\n{TAIL}"),
            format!("{first}\nno header\n\na\n{TAIL}"),
            format!("{first}\nHash: SHA1\u{7}\n\na\n{TAIL}"),
            format!("{first}\n\na\n"),
            format!("{first}\n\na\n-----BEGIN PGP SIGNATURE-----\n\nAQID\n"),
            format!("{first}\n\na\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----"),
        ] {
            assert!(read(&text).is_none(), "{text}");
        }
    }
}
