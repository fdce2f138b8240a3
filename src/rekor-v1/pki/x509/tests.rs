//! Keys and certificates as PEM, and what they sign.

use fasti_kit::certificates::{ARTIFACT, Authority, P256, Signer, authority, email, pem};
use fasti_kit::certificates::{fulcio, utf8};
use fasti_kit::made_tsa::der;
use fasti_x509::HashAlgorithm;
use rcgen::{CertificateParams, SanType};

use super::*;
use crate::testing::public_pem;

const P384: &str = "PKIX_ECDSA_P384_SHA_384";
const RSA: &str = "PKIX_RSA_PKCS1V15_2048_SHA256";

fn refusal(text: &str) -> String {
    Key::parse(text.as_bytes()).expect_err("a refusal").to_string()
}

#[test]
fn one_key_has_one_form() {
    let canonical = public_pem(Signer::of(P256));
    let one_line = canonical.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let begin = "-----BEGIN PUBLIC KEY-----";
    let end = "-----END PUBLIC KEY-----";
    for text in [
        canonical.clone(),
        format!(" \r\n{canonical}\n\n"),
        canonical.replace('\n', "\r\n"),
        format!("a key:\n{canonical}"),
        format!("{begin}\nComment: mine\n\n{one_line}\n{end}"),
    ] {
        let key = Key::parse(text.as_bytes()).expect("a key");
        assert_eq!(key.canonical(), canonical.as_bytes());
        assert!(key.subjects().is_empty());
        key.check_chain().expect("a bare key has no chain to check");
    }
}

#[test]
fn what_is_no_key() {
    let spki = &Signer::of(P256).spki;
    let compressed = {
        let mut spki = spki[..27 + 32].to_vec();
        spki[1] -= 32;
        // The length of the BIT STRING, and the form of the point.
        let at = spki.len() - 35;
        spki[at] -= 32;
        spki[at + 2] = 2;
        spki
    };
    for (text, message) in [
        (String::new(), "invalid public key: failure decoding PEM"),
        ("a key".to_owned(), "invalid public key: failure decoding PEM"),
        (pem("RSA PUBLIC KEY", spki), "invalid public key: cannot handle type RSA PUBLIC KEY"),
        (pem("PUBLIC KEY", b""), "x509: malformed public key"),
        (pem("PUBLIC KEY", &spki[..90]), "x509: malformed public key"),
        (pem("PUBLIC KEY", &[spki, &[0][..]].concat()), "x509: malformed public key"),
        (pem("PUBLIC KEY", &compressed), "ecdsa: invalid uncompressed public key"),
        (public_pem(Signer::of(P256)) + "more", "error during PEM decoding"),
    ] {
        assert_eq!(refusal(&text), message);
    }
    let evil = refusal(&pem("\u{1b}[31m\u{202e}", spki));
    assert!(evil.is_ascii() && !evil.contains('\u{1b}'), "{evil}");
}

#[test]
fn names_are_listed_kind_by_kind() {
    let uri = |uri: &str| SanType::URI(uri.try_into().expect("a URI"));
    let dns = |name: &str| SanType::DnsName(name.try_into().expect("a name"));
    let other = || {
        SanType::OtherName((
            vec![1, 3, 6, 1, 4, 1, 57264, 1, 7],
            rcgen::OtherNameValue::Utf8String("a!b".to_owned()),
        ))
    };
    let names = vec![
        email("Dev@Example.com"),
        uri("https://Example.com/x"),
        other(),
        dns("B.example"),
        SanType::IpAddress([192, 0, 2, 1].into()),
        dns("a.example"),
    ];
    let der = Signer::of(P256).certificate_with(names, vec![fulcio(8, &utf8("https://issuer"))]);
    let key = Key::parse(pem(CERTIFICATE, &der).as_bytes()).expect("a certificate");
    let listed = ["B.example", "a.example", "Dev@Example.com", "192.0.2.1"];
    assert_eq!(key.subjects(), [&listed[..], &["https://Example.com/x", "a!b"]].concat());
    let two = Signer::of(P256).certificate_with(vec![other(), other(), email("a@b")], vec![]);
    let key = Key::parse(pem(CERTIFICATE, &two).as_bytes()).expect("a certificate");
    assert_eq!(key.subjects(), ["a@b"]);
}

#[test]
fn chains_are_bounded_and_must_be_chains() {
    let root = Authority::root(authority("root"));
    let inner = root.below(authority("inner"));
    let signer = inner.issue(&CertificateParams::new([]).unwrap(), Signer::of(P256));
    let signer = pem(CERTIFICATE, &signer);
    let chain = [&signer[..], &inner.pem(), &root.pem()].concat();
    let key = Key::parse(chain.as_bytes()).expect("a chain");
    assert_eq!(key.canonical(), chain.as_bytes());
    key.check_chain().expect("it is one");
    key.verify(ARTIFACT, &Signer::of(P256).sign(ARTIFACT)).expect("the first key signs");
    let broken = [&signer[..], &root.pem()].concat();
    let error = Key::parse(broken.as_bytes()).unwrap().check_chain().unwrap_err().to_string();
    assert_eq!(error, "x509: certificate signed by unknown authority");
    let long = |above: usize| [&signer[..], &inner.pem().repeat(above)].concat();
    Key::parse(long(9).as_bytes()).expect("ten").check_chain().expect("with copies of one");
    for above in [10, 99, 10_000] {
        assert_eq!(refusal(&long(above)), "too many certificates specified in PEM block");
    }
    assert_eq!(refusal(&[&chain, "more"].concat()), "error during PEM decoding");
    assert!(refusal(&[&signer[..], &pem(CERTIFICATE, b"x")].concat()).starts_with("x509: "));
}

#[test]
fn messages_are_signed_with_sha256() {
    for kind in [P256, RSA] {
        let signer = Signer::of(kind);
        let key = Key::parse(public_pem(signer).as_bytes()).unwrap();
        let signature = signer.sign(ARTIFACT);
        key.verify(ARTIFACT, &signature).expect("it is good");
        for (message, signature) in
            [(&b"another"[..], &signature[..]), (ARTIFACT, &signature[1..]), (ARTIFACT, b"")]
        {
            key.verify(message, signature).unwrap_err();
        }
        for at in 0..signature.len() {
            let mut flipped = signature.clone();
            flipped[at] ^= 0x10;
            key.verify(ARTIFACT, &flipped).unwrap_err();
        }
    }
    // Signed with SHA-384.
    let signer = Signer::of(P384);
    let key = Key::parse(public_pem(signer).as_bytes()).unwrap();
    key.verify(ARTIFACT, &signer.sign(ARTIFACT)).unwrap_err();
}

#[test]
fn numbers_of_ecdsa_can_stand_side_by_side() {
    let signer = Signer::of(P256);
    let key = Key::parse(public_pem(signer).as_bytes()).unwrap();
    let der = signer.sign(ARTIFACT);
    // Each number, without the zero before it.
    let r = &der[4..4 + usize::from(der[3])];
    let s = &der[4 + r.len() + 2..];
    let padded = |number: &[u8]| {
        let digits = number.strip_prefix(&[0]).unwrap_or(number);
        [&vec![0; 32 - digits.len()][..], digits].concat()
    };
    let pair = [padded(r), padded(s)].concat();
    key.verify(ARTIFACT, &pair).expect("it is the same signature");
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, ARTIFACT);
    key.verify_digest(&digest, &pair).expect("and over a digest");
    let swapped = [padded(s), padded(r)].concat();
    let error = key.verify(ARTIFACT, &swapped).unwrap_err().to_string();
    assert_eq!(error, "invalid signature when validating IEEE_P1363 encoded signature");
    let odd = key.verify(ARTIFACT, &pair[1..]).unwrap_err().to_string();
    assert_eq!(odd, "ecdsa: Invalid IEEE_P1363 encoded bytes");
}

/// Keys, and their fingerprints as `ssh-keygen -l` tells them.
const FINGERPRINTS: [(&str, &str); 3] = [
    (
        "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8",
    ),
    (
        "30819f300d06092a864886f70d010101050003818d0030818902818100b4cd69b55fc6f9d3e1e6868d27553b64\
         e6fad50a4b6a92a27710733007e2800f44a3693b23da52f8754a1c26637047555bfb8850ce79772d08dd47fb37\
         c02bb9ceb4e21cc8d801ab851d50a65b0e0b6c3a1f813a6bdfe3511565f8a0dd8bc013c53947367d3e08fde389\
         5826b5d8aefb05d96b0b213e0e24a1c8241a1d0984910203010001",
        "SHA256:IorCBJkpEHenJ2+uv9/zAtvAynYo/ERQcP1HfOijV7M",
    ),
    (
        "3076301006072a8648ce3d020106052b8104002203620004a96385838e867a0f27a58187c32d6cc64c29cecbac\
         8dc322540fc12bb37e8b89de5689425fe1aff5d7967a572293a777aa9483dbe6a226cd42fe4a61cddd3101d67d\
         191613973d40b608da71569fc8518dfa076cb2ae19d7799098218157561e",
        "SHA256:gFsil915CP6vVPeqjU3JUWSDrtqCZoV+3nKY5D1tc1U",
    ),
];

#[test]
fn fingerprints_are_those_of_ssh() {
    for (spki, fingerprint) in FINGERPRINTS {
        let key = Key::of_spki(&hex::decode(spki).unwrap()).unwrap();
        assert_eq!(key.ssh_fingerprint().as_deref(), Some(fingerprint));
    }
}

#[test]
fn keys_that_are_read_and_not_verified_with() {
    let rsa = |bytes: usize| {
        let modulus = [&[0x41][..], &vec![0x41; bytes - 1]].concat();
        let numbers = der(0x30, &[&der(2, &[&modulus]), &[2, 3, 1, 0, 1]]);
        let kind = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
        Key::of_spki(&der(0x30, &[&der(0x30, &[&kind]), &der(3, &[&[0], &numbers])]))
    };
    rsa(129).unwrap().check_kind().expect("1031 bits");
    for bytes in [1, 128, 1025] {
        let error = rsa(bytes).unwrap().check_kind().unwrap_err().to_string();
        assert_eq!(error, "unsupported public key type: RSA of such a size");
    }
    let ec = |curve: &str, point: usize| {
        let curve = hex::decode(curve).unwrap();
        let kind = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
        let point = der(3, &[&[0, 4], &vec![1; point]]);
        Key::of_spki(&der(0x30, &[&der(0x30, &[&kind, &curve]), &point]))
    };
    let p224 = ec("06052b81040021", 56).expect("it is read");
    let error = p224.verify(b"", b"").unwrap_err().to_string();
    assert_eq!(error, "unsupported public key type: ECDSA on P-224");
    let digest = ArtifactDigest::of(HashAlgorithm::Sha256, b"");
    let error = p224.verify_digest(&digest, b"").unwrap_err();
    assert!(matches!(error, KindError::Algorithm), "{error}");
    assert!(p224.ssh_fingerprint().is_none());
    let secp256k1 = ec("06052b8104000a", 64).unwrap_err().to_string();
    assert_eq!(secp256k1, "x509: unsupported elliptic curve");
    // A point that is not on its curve.
    let nowhere = ec("06082a8648ce3d030107", 64).expect("it is read");
    nowhere.verify(b"", &[0x30, 6, 2, 1, 1, 2, 1, 1]).unwrap_err();
}
