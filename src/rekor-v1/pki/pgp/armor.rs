//! ASCII armor (RFC 9580, section 6.2), read as leniently as the library that Rekor uses reads it.
//!
//! Text before the block is skipped. Header lines are ignored, and so is the checksum. Spaces
//! around a line do not count. The last line may be missing. Lines are bounded: a longer one is
//! skipped before the block and refused in it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::fault::Fault;
use crate::error::KindError;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The columns of base64 that are written.
const COLUMNS: usize = 64;
/// From this length on a line is too long, with the spaces around it.
const LINE_BYTES_END: usize = 100;
/// The most characters of base64 in a line that is read.
const LINE_CHARACTERS_MAX: usize = 96;

/// Base64 as Go reads it: with padding, whatever the bits that encode nothing are.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A block whose content was not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a> {
    /// What stands in its first line, such as `PGP SIGNATURE`.
    pub label: &'a [u8],
    /// From the line after its headers.
    body: &'a [u8],
}

impl<'a> Block<'a> {
    /// The first block in a text.
    pub fn find(text: &'a [u8]) -> Option<Self> {
        let mut lines = Lines(text);
        'block: loop {
            let label = loop {
                let line = lines.next()?;
                let trimmed = line.trim_ascii();
                let is_long = trimmed.len() > BEGIN.len() + DASHES.len();
                if line.len() < LINE_BYTES_END && is_long && trimmed.starts_with(BEGIN) {
                    break &trimmed[BEGIN.len()..trimmed.len() - DASHES.len()];
                }
            };
            loop {
                let line = lines.next()?.trim_ascii();
                if line.is_empty() {
                    return Some(Self { label, body: lines.0 });
                }
                if !line.contains(&b':') {
                    continue 'block;
                }
            }
        }
    }

    /// The packets in a signature's block.
    pub fn content(&self) -> Result<Vec<u8>, KindError> {
        self.bytes().map_err(|fault| fault.during("unable to read PGP signature"))
    }

    /// The bytes in it.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut base64 = Vec::new();
        for line in Lines(self.body) {
            let trimmed = line.trim_ascii();
            if line.len() < LINE_BYTES_END {
                let is_checksum = trimmed.len() == 5 && trimmed[0] == b'=';
                if is_checksum || trimmed.starts_with(END) {
                    break;
                }
            }
            if line.len() >= LINE_BYTES_END || trimmed.len() > LINE_CHARACTERS_MAX {
                return Err(Fault::structure("armor invalid"));
            }
            base64.extend_from_slice(trimmed);
        }
        LENIENT.decode(&base64).map_err(|error| match error {
            base64::DecodeError::InvalidByte(at, _)
            | base64::DecodeError::InvalidLastSymbol(at, _) => Fault::Base64(at),
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                Fault::Cut
            }
        })
    }
}

/// Armors bytes: no header lines, a checksum, no line break at the end.
pub(super) fn encode(label: &str, bytes: &[u8]) -> Vec<u8> {
    let base64 = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n\n");
    text.reserve(base64.len() / COLUMNS * (COLUMNS + 1) + 2 * COLUMNS);
    let mut rest = &base64[..];
    while !rest.is_empty() {
        let (line, others) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = others;
    }
    let checksum = STANDARD.encode(&crc24(bytes).to_be_bytes()[1..]);
    text.extend(["=", &checksum, "\n-----END ", label, "-----"]);
    text.into_bytes()
}

/// The checksum of RFC 9580, section 6.1.
fn crc24(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(0x00b7_04ce, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        })
    });
    crc & 0x00ff_ffff
}

/// The lines of a text, without their line breaks.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (self.0, &[][..]),
        };
        self.0 = rest;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Result<Vec<u8>, Fault>> {
        Block::find(text.as_bytes()).map(|block| block.bytes())
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 47, 48, 49, 96, 1000] {
            let bytes: Vec<u8> = (0..length).map(|byte: u32| (byte % 251) as u8).collect();
            let text = String::from_utf8(encode("PGP SIGNATURE", &bytes)).unwrap();
            assert!(text.ends_with("\n-----END PGP SIGNATURE-----"), "{text}");
            assert_eq!(read(&text), Some(Ok(bytes)));
        }
    }

    #[test]
    fn a_known_checksum() {
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
        let expected = b"-----BEGIN X-----\n\nAA==\n=YWnT\n-----END X-----";
        assert_eq!(encode("X", &[0]), expected);
    }

    #[test]
    fn lenient_where_the_library_is() {
        let body = "AQID\n=aaaa\n-----END PGP SIGNATURE-----\n";
        for text in [
            format!("-----BEGIN PGP SIGNATURE-----\n\n{body}"),
            format!("text\n-----BEGIN PGP SIGNATURE-----\nVersion: 1\nComment:x\n\n{body}text"),
            format!("-----BEGIN PGP SIGNATURE-----\n\n{body}").replace('\n', " \r\n"),
            "-----BEGIN PGP SIGNATURE-----\n\nAQ\nID".to_owned(),
            format!("-----BEGIN X-----\nno header\n-----BEGIN PGP SIGNATURE-----\n\n{body}"),
            format!("{}\n-----BEGIN PGP SIGNATURE-----\n\n{body}", "x".repeat(200)),
        ] {
            assert_eq!(read(&text), Some(Ok(vec![1, 2, 3])), "{text}");
            assert_eq!(Block::find(text.as_bytes()).unwrap().label, b"PGP SIGNATURE");
        }
        assert_eq!(read("-----BEGIN X-----\n\nAR==\n"), Some(Ok(vec![1])));
    }

    #[test]
    fn what_is_not_armor_or_broken() {
        for text in ["", "x", "-----BEGIN X-----", "-----BEGIN X-----\nA: b\n", "-----BEGIN -----"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        let block = |body: &str| read(&format!("-----BEGIN X-----\n\n{body}")).unwrap();
        assert_eq!(block("AQ!D"), Err(Fault::Base64(2)));
        assert_eq!(block("AQI"), Err(Fault::Cut));
        assert_eq!(block(&"A".repeat(97)), Err(Fault::structure("armor invalid")));
        assert_eq!(
            block(&format!("AQID{}", " ".repeat(96))),
            Err(Fault::structure("armor invalid"))
        );
    }
}
