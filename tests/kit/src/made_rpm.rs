//! A package of RPM, and what it is made of: headers of tagged values.

use sha2::{Digest as _, Sha256};

use crate::made_pgp::MadePgp;

/// A package whose header is signed.
pub fn signed(key: &MadePgp) -> Vec<u8> {
    const PAYLOAD: &[u8] = b"an archive";
    let digest = hex::encode(Sha256::digest(PAYLOAD));
    let header = header(&[
        (1000, Value::Text("demo")),
        (1001, Value::Text("1.0")),
        (1002, Value::Text("2")),
        (1022, Value::Text("noarch")),
        (5092, Value::Texts(&[&digest])),
        (5093, Value::Number(8)),
    ]);
    let signature = key.detached(&header);
    package(&self::header(&[(268, Value::Binary(&signature))]), &header, PAYLOAD)
}

/// A value in a header.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// One text.
    Text(&'a str),
    /// Several texts.
    Texts(&'a [&'a str]),
    /// A number.
    Number(u32),
    /// Bytes.
    Binary(&'a [u8]),
}

/// A header with these tags.
pub fn header(values: &[(u32, Value<'_>)]) -> Vec<u8> {
    let (mut table, mut data) = (Vec::new(), Vec::new());
    for (tag, value) in values {
        let offset = data.len();
        let (kind, count) = match value {
            Value::Text(text) => {
                data.extend([text.as_bytes(), b"\0"].concat());
                (6, 1)
            }
            Value::Texts(texts) => {
                texts.iter().for_each(|text| data.extend([text.as_bytes(), b"\0"].concat()));
                (8, texts.len())
            }
            Value::Number(number) => {
                data.extend(number.to_be_bytes());
                (4, 1)
            }
            Value::Binary(bytes) => {
                data.extend_from_slice(bytes);
                (7, bytes.len())
            }
        };
        let fields = [*tag as usize, kind, offset, count];
        table.extend(
            fields.map(|field| u32::try_from(field).expect("it is short").to_be_bytes()).concat(),
        );
    }
    let lengths =
        [values.len(), data.len()].map(|length| u32::try_from(length).expect("it is short"));
    let lengths = lengths.map(u32::to_be_bytes).concat();
    [&[0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0], &lengths[..], &table, &data].concat()
}

/// A package with these headers.
pub fn package(signatures: &[u8], header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut lead = vec![0xed, 0xab, 0xee, 0xdb];
    lead.resize(96, 0);
    let padding = vec![0; signatures.len().next_multiple_of(8) - signatures.len()];
    [&lead, signatures, &padding, header, payload].concat()
}
