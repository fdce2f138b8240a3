//! A made-up OpenPGP key with its signatures: of version 4, for Ed25519, with one user ID
//! (RFC 9580, with the algorithm that it calls EdDSALegacy).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

/// When keys and signatures are made.
const TIME: u32 = 1_700_000_000;
const EDDSA: u8 = 22;
const SHA_256: u8 = 8;
/// The curve of Ed25519: its identifier, after its length.
const CURVE: [u8; 10] = [9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1];

const SIGNATURE: u8 = 2;
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;

const BINARY: u8 = 0;
const CERTIFICATION: u8 = 0x13;

/// A key.
pub struct MadePgp {
    key: SigningKey,
    public: Vec<u8>,
    user_id: String,
}

impl MadePgp {
    /// The key with this number, of somebody with this user ID.
    pub fn new(number: u8, user_id: &str) -> Self {
        let key = SigningKey::from_bytes(&[number; 32]);
        let point = [&[0x40], key.verifying_key().as_bytes().as_slice()].concat();
        let public = [&[4], &TIME.to_be_bytes()[..], &[EDDSA], &CURVE, &number_of(&point)].concat();
        Self { key, public, user_id: user_id.to_owned() }
    }

    /// The public key in armor.
    pub fn public_key(&self) -> String {
        let length = u32::try_from(self.user_id.len()).expect("it is short");
        let over =
            [&self.hashed()[..], &[0xb4], &length.to_be_bytes(), self.user_id.as_bytes()].concat();
        let packets = [
            packet(PUBLIC_KEY, &self.public),
            packet(USER_ID, self.user_id.as_bytes()),
            packet(SIGNATURE, &self.signature(CERTIFICATION, &over)),
        ];
        armor("PGP PUBLIC KEY BLOCK", &packets.concat())
    }

    /// A signature over a message, in armor.
    pub fn sign(&self, message: &[u8]) -> String {
        armor("PGP SIGNATURE", &self.detached(message))
    }

    /// The same, not in armor.
    pub fn detached(&self, message: &[u8]) -> Vec<u8> {
        packet(SIGNATURE, &self.signature(BINARY, message))
    }

    /// A text with a signature, signed in the clear. No line of it begins with a dash.
    pub fn sign_in_clear(&self, text: &str) -> String {
        let text = text.trim_end();
        let signature = self.sign(text.replace('\n', "\r\n").as_bytes());
        format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{text}\n{signature}")
    }

    /// What is hashed of the key.
    fn hashed(&self) -> Vec<u8> {
        let length = u16::try_from(self.public.len()).expect("it is short");
        [&[0x99], &length.to_be_bytes()[..], &self.public].concat()
    }

    fn signature(&self, kind: u8, over: &[u8]) -> Vec<u8> {
        let fingerprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.hashed());
        // When it was made, that the key may sign, and who made it.
        let said = [&[5, 2][..], &TIME.to_be_bytes(), &[2, 27, 3]].concat();
        let by = [&[9, 16], &fingerprint.as_ref()[12..]].concat();
        let short = |part: &[u8]| u16::try_from(part.len()).expect("it is short").to_be_bytes();
        let head = [&[4, kind, EDDSA, SHA_256], &short(&said)[..], &said].concat();
        let [high, low] = short(&head);
        let hash = Sha256::digest([over, &head, &[4, 0xff, 0, 0, high, low]].concat());
        let signature = self.key.sign(&hash).to_bytes();
        let (r, s) = signature.split_at(32);
        [&head, &short(&by)[..], &by, &hash[..2], &number_of(r), &number_of(s)].concat()
    }
}

/// A number, with its length in bits before it.
fn number_of(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    let bits = 8 * digits.len() - digits.first().map_or(0, |first| first.leading_zeros() as usize);
    [&u16::try_from(bits).expect("it is short").to_be_bytes(), digits].concat()
}

fn packet(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 192);
    [&[0xc0 | kind, length.expect("it is short")], content].concat()
}

fn armor(label: &str, packets: &[u8]) -> String {
    let text = STANDARD.encode(packets);
    let lines = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    let sum = STANDARD.encode(&checksum(packets).to_be_bytes()[1..]);
    format!("-----BEGIN {label}-----\n\n{lines}\n={sum}\n-----END {label}-----\n")
}

/// The CRC-24 of armor.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 16, |sum, _| {
            let next = sum << 1;
            if next & 0x0100_0000 == 0 { next } else { next ^ 0x0186_4cfb }
        })
    })
}
