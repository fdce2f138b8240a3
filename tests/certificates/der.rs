//! A DER writer, and certificates made of parts, any of which can be replaced.

/// An element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut header = vec![tag];
    if length < 0x80 {
        header.push(u8::try_from(length).unwrap());
    } else {
        let bytes = length.to_be_bytes();
        let digits = &bytes[bytes.iter().position(|byte| *byte > 0).unwrap()..];
        header.push(0x80 | u8::try_from(digits.len()).unwrap());
        header.extend(digits);
    }
    [&header, content].concat()
}

pub fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(0x30, &elements.concat())
}

pub fn object_identifier(numbers: &[u8]) -> Vec<u8> {
    element(0x06, numbers)
}

/// A name with one attribute, a common name, with this value.
pub fn name(value: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[&object_identifier(&[0x55, 4, 3]), value]);
    sequence(&[&element(0x31, &attribute)])
}

/// An extension under 2.5.29.
pub fn extension(number: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[&object_identifier(&[0x55, 0x1d, number]), &element(4, value)])
}

/// Subject alternative names: their tags and contents.
pub fn names(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|(tag, content)| element(*tag, content)).collect();
    extension(17, &element(0x30, &names.concat()))
}

/// The encoded parts of a certificate.
#[derive(Clone)]
pub struct Parts {
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub public_key: Vec<u8>,
    pub unique_ids: Vec<u8>,
    /// The extensions, concatenated; empty for no list at all.
    pub extensions: Vec<u8>,
    /// Bytes after the extensions.
    pub surplus: Vec<u8>,
    pub outer_algorithm: Vec<u8>,
    pub signature: Vec<u8>,
}

pub const EMAIL: u8 = 0x81;
pub const DNS: u8 = 0x82;
pub const URI: u8 = 0x86;
pub const IP: u8 = 0x87;

impl Parts {
    /// A valid certificate for one email address.
    pub fn good() -> Self {
        let algorithm = sequence(&[&object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
        Self {
            version: element(0xa0, &element(2, &[2])),
            serial: element(2, &[1, 2, 3]),
            issuer: name(&element(0x0c, b"issuer")),
            validity: sequence(&[
                &element(0x17, b"260101000000Z"),
                &element(0x17, b"260101001000Z"),
            ]),
            subject: sequence(&[]),
            public_key: p256_key(),
            unique_ids: Vec::new(),
            extensions: names(&[(EMAIL, b"dev@example.com")]),
            surplus: Vec::new(),
            outer_algorithm: algorithm.clone(),
            algorithm,
            signature: element(3, &[0, 0x30, 6, 2, 1, 1, 2, 1, 1]),
        }
    }

    pub fn to_der(&self) -> Vec<u8> {
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            element(0xa3, &element(0x30, &self.extensions))
        };
        let signed = sequence(&[
            &self.version,
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.public_key,
            &self.unique_ids,
            &extensions,
            &self.surplus,
        ]);
        sequence(&[&signed, &self.outer_algorithm, &self.signature])
    }
}

/// The base point of P-256, which is the public key of the private key 1.
pub fn p256_key() -> Vec<u8> {
    let point = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let ec = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let p256 = object_identifier(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    key(&[&ec, &p256], &hex::decode(point).unwrap())
}

/// A `SubjectPublicKeyInfo`.
pub fn key(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(algorithm), &element(3, &[&[0], key].concat())])
}
