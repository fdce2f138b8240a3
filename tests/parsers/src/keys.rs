//! Keys in text: verifier keys, private keys of notes, and PEM (RFC 7468) with keys of logs and of
//! those who sign, compared with the `pem-rfc7468` crate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::client::keys::{read_certificates, read_key_material};
use fasti::client::private_key::PrivateKey as ArtifactKey;
use fasti::client::signature_file::read_signature;
use fasti::entry::{KeyMaterial, LookupTerm, SigningAlgorithm};
use fasti::signer::PrivateKey as LogKey;
use fasti::x509::pem::{self, Part};
use fasti_kit::certificates::{P256, Signer};
use tiles_spec::{CosigningKey, KeyName, NoteSigningKey, TreeCosigningKey, VerifierKey};

use crate::{Seeds, signed};

/// See the crate.
pub fn check(data: &[u8]) {
    blocks(data);
    material(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    verifier(text);
    note_keys(text);
    private_keys(text);
}

fn verifier(text: &str) {
    if let Ok(name) = text.parse::<KeyName>() {
        assert_eq!(name.as_str(), text);
    }
    let Ok(key) = text.parse::<VerifierKey>() else { return };
    assert_eq!(key.to_string(), text);
    assert_eq!(key.log_id()[..4], *key.key_id().as_bytes());
    let again = VerifierKey::new(key.name().clone(), key.public_key().clone());
    assert_eq!(again.as_ref(), Ok(&key));
    if let Some(spki) = key.public_key().to_spki_der() {
        let read = tiles_spec::PublicKey::from_spki_der(&spki);
        assert_eq!(read.as_ref(), Ok(key.public_key()));
        assert!(!key.public_key().cosigns());
    }
    // Nobody has signed this with such a key.
    for length in [0, 64, 72, 2428] {
        assert!(!key.verify("a text\n", &vec![0; length]));
    }
}

fn note_keys(text: &str) {
    let mut read = 0;
    if let Ok(key) = text.parse::<NoteSigningKey>() {
        assert_eq!(*key.to_private_string(), text);
        let line = key.sign("a text\n");
        assert!(key.verifier_key().verify("a text\n", line.bytes()));
        read += 1;
    }
    if let Ok(key) = text.parse::<CosigningKey>() {
        assert_eq!(*key.to_private_string(), text);
        read += 1;
    }
    if let Ok(key) = text.parse::<TreeCosigningKey>() {
        assert_eq!(*key.to_private_string(), text);
        read += 1;
    }
    assert!(read <= 1, "a key of two types");
}

fn private_keys(text: &str) {
    // Without a password: an encrypted key says itself how much work it is to decrypt.
    let name: KeyName = "a.name".parse().expect("a key name");
    if let Ok(key) = LogKey::parse(text, name, None) {
        let vkey = key.verifier_key().to_string();
        assert_eq!(vkey.parse::<VerifierKey>().as_ref(), Ok(key.verifier_key()));
        assert!(!format!("{key:?}").contains("seed"));
    }
    if let Ok(key) = ArtifactKey::from_pem(text.as_bytes()) {
        let spki = key.public_key().spki_der();
        let read = fasti::x509::PublicKey::from_spki_der(spki);
        assert_eq!(read.as_ref().ok(), Some(key.public_key()));
    }
}

fn blocks(text: &[u8]) {
    let parts: Vec<_> = pem::parts(text).collect();
    assert!(parts.iter().map(|(line, _)| line).is_sorted_by(|a, b| a < b));
    let found: Vec<_> = pem::blocks(text).collect();
    let of_parts = parts.iter().filter_map(|(_, part)| match part {
        Part::Block(block) => Some(*block),
        Part::Text(_) => None,
    });
    assert!(of_parts.eq(found.iter().copied()));
    for block in &found {
        let Ok(der) = block.der() else { continue };
        assert!(der.len() <= text.len());
        assert_eq!(block.content_to_any_end().as_ref(), Some(&der));
        // Written again as everybody writes it, it is the same.
        let label = block.label().expect("a whole block has a label");
        let plain =
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(&der));
        let again = pem::blocks(plain.as_bytes()).next().expect("a block");
        assert_eq!((again.label(), again.der()), (Some(label), Ok(der)));
    }
    // A strict reader finds nothing else in a block that is alone. (It also takes a carriage return
    // by itself for the end of a line.)
    let ends_lines = |at: usize| text[at] != b'\r' || text.get(at + 1) == Some(&b'\n');
    if text.starts_with(b"-----BEGIN ")
        && (0..text.len()).all(ends_lines)
        && let Ok((label, der)) = pem_rfc7468::decode_vec(text)
    {
        assert_eq!((found[0].label(), found[0].der()), (Some(label), Ok(der)));
    }
}

/// The door, the verifier and the index read the same key.
fn material(data: &[u8]) {
    for algorithm in SigningAlgorithm::ALL {
        // What was read is read as it is.
        if let Ok(signature) = read_signature(data, algorithm) {
            assert_eq!(read_signature(&signature, algorithm), Ok(signature.clone()));
        }
    }
    if let Ok(certificates) = read_certificates(data) {
        assert_eq!(
            certificates.len(),
            pem::blocks(data).filter(|block| block.label() == Some("CERTIFICATE")).count()
        );
    }
    let Ok(material) = read_key_material(data) else { return };
    let Ok(key) = material.public_key() else { return };
    let read = fasti::x509::PublicKey::from_spki_der(key.spki_der());
    assert_eq!(read.as_ref().ok(), Some(&key));
    let label = match material {
        KeyMaterial::PublicKey(_) => "PUBLIC KEY",
        KeyMaterial::Certificate(_) => "CERTIFICATE",
    };
    let base64 = STANDARD.encode(material.der());
    let text = format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
    let term = LookupTerm::of_pem(text.as_bytes());
    assert_eq!(term, Some(LookupTerm::of_public_key(key.spki_der())));
}

/// See the crate.
pub fn seeds() -> Seeds {
    let [log, witness, trees] = signed::verifier_keys();
    let pem = |label: &str, der: &[u8]| {
        let text = pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der);
        text.expect("a label").into_bytes()
    };
    let signer = Signer::generate(P256);
    let certificate = signer.certificate_with(Vec::new(), Vec::new());
    let pair = rcgen::KeyPair::generate().expect("a key pair");
    let chain = [b"subject=one\n", &*pem("CERTIFICATE", &certificate)].concat();
    vec![
        ("verifier-ed25519", log.to_string().into_bytes()),
        ("verifier-cosignature", witness.to_string().into_bytes()),
        ("verifier-ml-dsa", trees.to_string().into_bytes()),
        ("private-ed25519", signed::key().to_private_string().as_bytes().to_vec()),
        ("private-cosignature", signed::witness().to_private_string().as_bytes().to_vec()),
        ("private-ml-dsa", signed::tree_witness().to_private_string().as_bytes().to_vec()),
        ("pem-public-key", pem("PUBLIC KEY", &signer.spki)),
        ("pem-certificate", chain),
        ("pem-private-key", pem("PRIVATE KEY", &pair.serialize_der())),
    ]
}
