//! Signed data, whole, true and false.

use sha2::{Digest as _, Sha256};

use super::SignedData;
use super::testing::Block;

const CONTENT: &[u8] = b"what was signed";

fn verify(block: &[u8], content: &[u8]) -> Result<usize, String> {
    let keys = SignedData::read(block).and_then(|data| data.verify(content));
    keys.map(|keys| keys.len()).map_err(|error| error.to_string())
}

#[test]
fn content_inside_and_outside() {
    let outside = Block::default().over(CONTENT);
    let inside = Block { is_inside: true, ..Block::default() }.over(CONTENT);
    let bare = Block { has_attributes: false, ..Block::default() }.over(CONTENT);
    for block in [&outside, &inside, &bare, &[&outside[..], &[0, 0]].concat()] {
        assert_eq!(verify(block, CONTENT), Ok(1));
    }
    assert_eq!(verify(&outside, b"else").unwrap_err(), "pkcs7: content digest does not match");
    assert_eq!(verify(&bare, b"else").unwrap_err(), "ECDSA verification failed");
    assert!(verify(&inside, b"else").unwrap_err().ends_with("but are not equal"));
    let forged = Block { is_forged: true, ..Block::default() }.over(CONTENT);
    assert_eq!(verify(&forged, CONTENT).unwrap_err(), "ECDSA verification failed");
    let read = |block| SignedData::read(block).unwrap();
    assert_eq!(
        read(&inside).first_certificate().unwrap(),
        read(&bare).first_certificate().unwrap()
    );
    let detached = read(&outside).detached();
    let block = crate::pki::pem::first(detached.as_bytes()).unwrap();
    assert_eq!((block.label, block.bytes), (&b"PKCS7"[..], outside.clone()));
    let garbage = [&outside[..], b"x"].concat();
    assert!(verify(&garbage, CONTENT).unwrap_err().contains("trailing garbage"));
}

#[test]
fn timestamps_are_over_the_signature() {
    let stamped = |imprint| Block { stamped: Some(imprint), ..Block::default() }.over(CONTENT);
    assert_eq!(verify(&stamped(|signature| Sha256::digest(signature).to_vec()), CONTENT), Ok(1));
    let wrong = verify(&stamped(|_| vec![0; 32]), CONTENT).unwrap_err();
    assert_eq!(wrong, "verifying timestamp imprint: digest check failed");
}

#[test]
fn what_is_cut_or_changed() {
    let stamped = Block {
        is_inside: true,
        stamped: Some(|signature| Sha256::digest(signature).to_vec()),
        ..Block::default()
    };
    let block = stamped.over(CONTENT);
    for length in 0..block.len() {
        assert!(verify(&block[..length], CONTENT).is_err());
    }
    for at in 0..block.len() {
        let mut changed = block.clone();
        changed[at] ^= 0x55;
        let _ = verify(&changed, CONTENT);
        let _ = SignedData::read(&changed).map(|data| data.detached());
    }
}
