//! The wire format of protobuf: varints, and the keys of fields.
//!
//! Invariant: a number or key is read as protobuf's own libraries read it, or refused.

/// How the value of a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    LengthDelimited,
    /// Another type that exists, but that no message here uses.
    Other,
}

/// Most bytes of a varint with 64 bits.
const VARINT_BYTES_MAX: usize = 10;

/// Takes the next varint; `None` if it is cut short or has more than 64 bits.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, all) = (0, *bytes);
    for (position, byte) in all.iter().enumerate().take(VARINT_BYTES_MAX) {
        if position == VARINT_BYTES_MAX - 1 && *byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            *bytes = &all[position + 1..];
            return Some(number);
        }
    }
    None
}

/// Takes the next key: a field's number and the type of its value.
pub(super) fn take_key(bytes: &mut &[u8]) -> Option<(u32, WireType)> {
    let key = u32::try_from(take_varint(bytes)?).ok()?;
    let wire_type = match key & 7 {
        0 => WireType::Varint,
        2 => WireType::LengthDelimited,
        1 | 3 | 4 | 5 => WireType::Other,
        _ => return None,
    };
    (key >> 3 > 0).then_some((key >> 3, wire_type))
}

/// Appends a varint.
pub(super) fn put_varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number > 0x7f {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Appends a field whose value is a number.
pub(super) fn put_number(field: u32, number: u64, bytes: &mut Vec<u8>) {
    put_varint(u64::from(field << 3), bytes);
    put_varint(number, bytes);
}

/// Appends a field whose value is bytes, a string or a message.
pub(super) fn put_bytes(field: u32, value: &[u8], bytes: &mut Vec<u8>) {
    put_varint(u64::from((field << 3) | 2), bytes);
    put_varint(value.len() as u64, bytes);
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost_reflect::prost::encoding::{decode_key, decode_varint, encode_varint};

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_prost(bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), Just(0xff), Just(0x80), 0..3_u8], 0..12,
        )) {
            let (mut ours, mut theirs) = (&bytes[..], &bytes[..]);
            let expected = decode_varint(&mut theirs).ok();
            prop_assert_eq!(take_varint(&mut ours), expected);
            if let Some(number) = expected {
                prop_assert_eq!(ours, theirs);
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                put_varint(number, &mut ours);
                encode_varint(number, &mut theirs);
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn keys_are_those_of_prost(key in any::<u64>(), small in any::<u32>()) {
            for key in [key, u64::from(small), u64::from(small & 0xff)] {
                let mut bytes = Vec::new();
                put_varint(key, &mut bytes);
                let theirs = decode_key(&mut &bytes[..]).ok();
                let ours = take_key(&mut &bytes[..]);
                prop_assert_eq!(ours.map(|key| key.0), theirs.map(|key| key.0));
            }
        }
    }
}
