//! Keys and certificates of signers, as files in a world.

use std::ops::Range;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::certificates::{self, Authority, pem};
use fasti_kit::made_tsa::MadeTsa;
use rcgen::{KeyPair, SigningKey as _, date_time_ymd};
use serde_json::{Value, json};

use crate::world::World;

/// The kinds of key generated here, which also name their files.
pub const KINDS: [&str; 4] = ["p256", "p384", "ed25519", "rsa"];

/// Generates a key and writes `NAME.pem` and `NAME.pub` into the world.
pub fn generate(world: &World, kind: &str, name: &str) -> KeyPair {
    let algorithm = match kind {
        "p256" => &rcgen::PKCS_ECDSA_P256_SHA256,
        "p384" => &rcgen::PKCS_ECDSA_P384_SHA384,
        "ed25519" => &rcgen::PKCS_ED25519,
        "rsa" => &rcgen::PKCS_RSA_SHA256,
        _ => panic!("no such kind of key: {kind}"),
    };
    let pair = KeyPair::generate_for(algorithm).expect("a key can be made");
    world.write(&format!("{name}.pem"), pair.serialize_pem());
    world.write(&format!("{name}.pub"), pair.public_key_pem());
    pair
}

/// Signs with the scheme of the key's kind, without prehashing.
pub fn sign(pair: &KeyPair, message: &[u8]) -> Vec<u8> {
    pair.sign(message).expect("the key signs")
}

/// Writes an authority's certificate to `NAME.ca.crt`, and one that it issued for `email` to
/// `NAME.crt`.
pub fn certify(world: &World, pair: &KeyPair, name: &str, email: &str) {
    certify_in(world, pair, name, email, 2000..3000);
}

/// Writes a certificate that is valid from the first of these years until the last.
pub fn certify_in(world: &World, pair: &KeyPair, name: &str, email: &str, years: Range<i32>) {
    let authority = Authority::root(certificates::authority("authority.test"));
    world.write(&format!("{name}.ca.crt"), authority.pem());
    let mut params =
        certificates::signing(certificates::email(email), "https://oidc.test", SystemTime::now());
    params.not_before = date_time_ymd(years.start, 1, 1);
    params.not_after = date_time_ymd(years.end, 1, 1);
    world.write(&format!("{name}.crt"), pem("CERTIFICATE", &authority.issue(&params, pair)));
}

/// Has a new timestamp authority sign the signature in a bundle at a time such as
/// `20260101000000Z`, and writes its certificates to `NAME.tsa.crt`.
pub fn stamp(world: &World, bundle: &str, name: &str, time: &str) {
    let tsa = MadeTsa::default();
    let mut json: Value = serde_json::from_slice(&world.read(bundle)).expect("JSON");
    let signature = json["messageSignature"]["signature"].as_str().expect("a signature");
    let stamp = tsa.stamp(&STANDARD.decode(signature).expect("base64"), time);
    json["verificationMaterial"]["timestampVerificationData"] =
        json!({"rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode(stamp)}]});
    world.write(bundle, json.to_string());
    let certificates = [tsa.signer, tsa.root].map(|der| pem("CERTIFICATE", &der));
    world.write(&format!("{name}.tsa.crt"), certificates.concat());
}
