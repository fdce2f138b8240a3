//! The two encodings of an ECDSA signature: as DER (`Ecdsa-Sig-Value` of RFC 3279), and as its two
//! numbers side by side (IEEE P1363).

/// The most bytes of two numbers side by side: of P-521.
const SIDE_BY_SIDE_MAX: usize = 132;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 2;

/// The DER of a signature that may be of either kind; `None` if it is of neither.
pub(crate) fn der(signature: &[u8]) -> Option<Vec<u8>> {
    if is_der(signature) {
        return Some(signature.to_vec());
    }
    let is_pair = signature.len().is_multiple_of(2) && signature.len() <= SIDE_BY_SIDE_MAX;
    let (r, s) = signature.split_at(signature.len() / 2);
    (is_pair && !signature.is_empty()).then(|| of_numbers(r, s))
}

/// The DER of a signature of these two numbers, big-endian.
pub(crate) fn of_numbers(r: &[u8], s: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[integer(r), integer(s)].concat())
}

/// Whether it begins with a list that begins with two numbers. Whoever verifies it asks for more.
pub(crate) fn is_der(signature: &[u8]) -> bool {
    let Some((SEQUENCE, content, _)) = read(signature) else { return false };
    let Some((INTEGER, _, rest)) = read(content) else { return false };
    matches!(read(rest), Some((INTEGER, _, _)))
}

/// The tag and the content of the first element, and what follows it. Signatures are short.
fn read(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, rest) = match *der {
        [tag, length @ 0..=0x7f, ref rest @ ..] => (tag, length, rest),
        [tag, 0x81, length @ 0x80..=0xff, ref rest @ ..] => (tag, length, rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length.into())?;
    Some((tag, content, rest))
}

fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    match &number[start..] {
        [] => element(INTEGER, &[0]),
        digits @ [0x80..=0xff, ..] => element(INTEGER, &[&[0], digits].concat()),
        digits => element(INTEGER, digits),
    }
}

/// An element of at most 255 bytes, as those of signatures are.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let head: &[u8] = if length < 0x80 { &[tag, length] } else { &[tag, 0x81, length] };
    [head, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings() {
        let pair = [&[0, 0, 0x80, 1][..], &[0, 0, 0, 0x7f]].concat();
        let encoded = vec![0x30, 8, 2, 3, 0, 0x80, 1, 2, 1, 0x7f];
        assert_eq!(der(&pair), Some(encoded.clone()));
        assert_eq!(der(&encoded), Some(encoded));
        assert_eq!(der(&[0; 4]), Some(vec![0x30, 6, 2, 1, 0, 2, 1, 0]));
        let longest = der(&[0xff; 132]).unwrap();
        assert_eq!(longest.len(), 3 + 2 * (2 + 67));
        assert!(is_der(&longest));
        for neither in [&[][..], &[1], &[0xff; 134], &[1, 2, 3]] {
            assert_eq!(der(neither), None);
        }
    }

    #[test]
    fn a_list_of_two_numbers_is_der_whatever_else_is_wrong_with_it() {
        let good = [0x30, 6, 2, 1, 1, 2, 1, 1];
        assert!(is_der(&good) && is_der(&[&good[..], &[0]].concat()));
        for bad in [&good[..7], &[0x30, 3, 2, 1, 1], &[0x31, 6, 2, 1, 1, 2, 1, 1], &[0x30]] {
            assert!(!is_der(bad));
        }
    }
}
