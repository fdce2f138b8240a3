//! Numbers of variable length: seven bits per byte, least significant first, with the high bit set
//! in all bytes but the last.
//!
//! Invariant: each number has one spelling, the shortest.

/// Appends a number.
pub fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// The number of bytes that [`write`] appends.
pub const fn len(number: u64) -> usize {
    match number.checked_ilog2() {
        Some(log) => log as usize / 7 + 1,
        None => 1,
    }
}

/// Reads a number from the front; `None` if it is missing or not in its canonical spelling.
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return (byte != 0 || shift == 0).then_some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        for number in [0, 1, 127, 128, 255, 16_383, 16_384, 1 << 62, u64::MAX] {
            let mut bytes = Vec::new();
            write(&mut bytes, number);
            assert_eq!(bytes.len(), len(number), "{number}");
            let mut rest = &bytes[..];
            assert_eq!((read(&mut rest), rest), (Some(number), &[][..]));
            for cut in 0..bytes.len() {
                assert_eq!(read(&mut &bytes[..cut]), None);
            }
        }
        for bad in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0xff; 10], &[0x80; 11]] {
            assert_eq!(read(&mut &bad[..]), None, "{bad:?}");
        }
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(read(&mut &most[..]), Some(u64::MAX));
        most[9] = 2;
        assert_eq!(read(&mut &most[..]), None);
    }
}
