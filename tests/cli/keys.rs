//! Keys and certificates of signers, as files in a world.

use std::ops::Range;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SigningKey as _, date_time_ymd,
};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_x509::testing::made_up_tsa::MadeUpTsa;
use pem_rfc7468::{LineEnding, encode_string};
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
    let mut params = CertificateParams::new([]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "authority.test");
    let key = KeyPair::generate().expect("a key can be made");
    let authority = params.self_signed(&key).expect("it signs itself");
    world.write(&format!("{name}.ca.crt"), authority.pem());

    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new([]).expect("parameters");
    params.not_before = date_time_ymd(years.start, 1, 1);
    params.not_after = date_time_ymd(years.end, 1, 1);
    params.subject_alt_names =
        vec![SanType::Rfc822Name(email.try_into().expect("an email address"))];
    let oidc = b"https://oidc.test";
    let length = u8::try_from(oidc.len()).expect("short");
    let oidc = [&[0x0c, length][..], oidc].concat();
    let fulcio_issuer = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
    params.custom_extensions = vec![CustomExtension::from_oid_content(&fulcio_issuer, oidc)];
    let certificate = params.signed_by(pair, &issuer).expect("the authority signs");
    world.write(&format!("{name}.crt"), certificate.pem());
}

/// Has a new timestamp authority sign the signature in a bundle at a time such as
/// `20260101000000Z`, and writes its certificates to `NAME.tsa.crt`.
pub fn stamp(world: &World, bundle: &str, name: &str, time: &str) {
    let tsa = MadeUpTsa::default();
    let mut json: Value = serde_json::from_slice(&world.read(bundle)).expect("JSON");
    let signature = json["messageSignature"]["signature"].as_str().expect("a signature");
    let stamp = tsa.stamp(&STANDARD.decode(signature).expect("base64"), time);
    json["verificationMaterial"]["timestampVerificationData"] =
        json!({"rfc3161Timestamps": [{"signedTimestamp": STANDARD.encode(stamp)}]});
    world.write(bundle, json.to_string());
    let pem = [tsa.signer, tsa.root]
        .map(|der| encode_string("CERTIFICATE", LineEnding::LF, &der).expect("it is encoded"));
    world.write(&format!("{name}.tsa.crt"), pem.concat());
}
