//! Packages made in tests.

/// A value in a header.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Texts(&'a [&'a str]),
    Number(u32),
    Binary(&'a [u8]),
}

/// A header with these tags.
pub(super) fn header(values: &[(u32, Value<'_>)]) -> Vec<u8> {
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
        table.extend(fields.map(|field| u32::try_from(field).unwrap().to_be_bytes()).concat());
    }
    let lengths = [values.len(), data.len()].map(|length| u32::try_from(length).unwrap());
    let lengths = lengths.map(u32::to_be_bytes).concat();
    [&[0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0], &lengths[..], &table, &data].concat()
}

/// A package with these headers.
pub(super) fn package(signatures: &[u8], header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut lead = vec![0xed, 0xab, 0xee, 0xdb];
    lead.resize(96, 0);
    let padding = vec![0; signatures.len().next_multiple_of(8) - signatures.len()];
    [&lead, signatures, &padding, header, payload].concat()
}
