//! Small files of text that tell whether they are whole: a first line that says what it is, more
//! lines, and a last one with the SHA-256 of all before it, in hexadecimal.
//!
//! Invariant: [`lines`] takes nothing but what [`finish`] made of a text with this first line, as
//! long as SHA-256 is what it is: no cut, flipped or added byte goes unnoticed.

use sha2::{Digest as _, Sha256};

/// Adds the last line. The text ends with a line feed.
pub fn finish(mut text: String) -> Vec<u8> {
    let sum = hex::encode(Sha256::digest(&text));
    text.push_str(&sum);
    text.push('\n');
    text.into_bytes()
}

/// The lines between the first, which must be `title`, and the last, which must be right.
pub fn lines<'a>(
    bytes: &'a [u8],
    title: &str,
    bytes_max: usize,
) -> Result<std::str::Lines<'a>, &'static str> {
    if bytes.len() > bytes_max {
        return Err("it is too long");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text")?;
    let without_end = text.strip_suffix('\n').ok_or("it is too short")?;
    let end_of_body = without_end.rfind('\n').ok_or("it is too short")?;
    let (body, sum) = without_end.split_at(end_of_body + 1);
    let mut lines = body.lines();
    if lines.next() != Some(title) {
        return Err("it is of another version");
    }
    if sum != hex::encode(Sha256::digest(body)) {
        return Err("its checksum is wrong");
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: &str = "a state 1";

    #[test]
    fn takes_what_was_finished_and_nothing_else() {
        let whole = finish(format!("{TITLE}\none 1\ntwo 2\n"));
        let read: Vec<_> = lines(&whole, TITLE, whole.len()).expect("is whole").collect();
        assert_eq!(read, ["one 1", "two 2"]);
        assert_eq!(lines(&whole, TITLE, whole.len() - 1).err(), Some("it is too long"));
        assert_eq!(lines(&whole, "a state 2", 999).err(), Some("it is of another version"));
        for at in 0..whole.len() {
            assert!(lines(&whole[..at], TITLE, 999).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                assert!(lines(&damaged, TITLE, 999).is_err(), "bit {bit} of byte {at}");
            }
        }
        assert!(lines(&[&whole[..], b"\n"].concat(), TITLE, 999).is_err());
        assert_eq!(lines(&finish(String::new()), TITLE, 999).err(), Some("it is too short"));
    }
}
