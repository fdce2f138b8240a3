//! X.509: certificates, public keys, names, authorities. The writer's door, the lookup index and
//! the verifier each read them in their own way, and have to agree.

use std::net::{Ipv4Addr, Ipv6Addr};

use fasti::entry::KeyMaterial;
use fasti::x509::{
    AlternativeName, ArtifactDigest, Authorities, Authority, Certificate, Claims, Identity,
    PublicKey, X509, name,
};
use fasti_kit::certificates::{self, ED25519_PH, P256, Signer, fulcio, utf8};
use rcgen::SanType;
use x509_cert::der::{Decode as _, Encode as _};

use crate::Seeds;

/// See the crate.
pub fn check(data: &[u8]) {
    public_key(data);
    certificate(data);
    authority(data);
    // For people: not longer than what it is made of, by much.
    assert!(name(data).len() <= 16 * data.len() + 64);
}

fn public_key(data: &[u8]) {
    let Ok(key) = PublicKey::from_spki_der(data) else { return };
    assert_eq!(key.spki_der(), data);
    let algorithm = key.algorithm();
    assert_eq!(algorithm.key_details().algorithm().ok(), Some(algorithm));
    // Nobody has signed this with such a key.
    let digest = ArtifactDigest::of(algorithm.hash(), b"an artifact");
    for signature in [&data[..data.len().min(64)], &[0; 64], &[0x30, 6, 2, 1, 1, 2, 1, 1]] {
        assert!(key.verify(&digest, signature).is_err());
    }
}

fn certificate(data: &[u8]) {
    let claims = Claims::of(data);
    let certificate = Certificate::from_der(data);
    let Ok(parsed) = X509::from_der(data) else {
        assert!(certificate.is_err());
        return;
    };
    assert!((1..=3).contains(&parsed.version));
    let claims = claims.expect("an index finds what the door lets in");
    assert_eq!(claims.public_key, parsed.public_key);
    // An index lists whatever could be taken for the signer's name.
    for found in parsed.names() {
        let text = match found {
            AlternativeName::Email(text)
            | AlternativeName::Dns(text)
            | AlternativeName::Uri(text) => text.to_owned(),
            AlternativeName::Ip(bytes) => match bytes.len() {
                4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).expect("four")).to_string(),
                _ => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).expect("sixteen")).to_string(),
            },
            other => other.username().unwrap_or_default().to_owned(),
        };
        assert!(text.is_empty() || claims.names.iter().any(|name| *name == text), "{text}");
    }
    let issuer = parsed.fulcio_issuer().filter(|issuer| !issuer.is_empty());
    assert_eq!(claims.issuer, issuer);
    if let Ok(certificate) = certificate {
        assert_eq!(certificate.public_key().spki_der(), parsed.public_key);
        let material = KeyMaterial::Certificate(data.to_vec());
        assert_eq!(material.public_key().as_ref().ok(), Some(certificate.public_key()));
        for identity in certificate.identities() {
            let (Identity::Email(text) | Identity::Uri(text)) = identity;
            assert!(text.is_empty() || claims.names.iter().any(|name| name == text));
        }
    }
    // Another reader, where it reads the certificate at all.
    if let Ok(theirs) = x509_cert::Certificate::from_der(data) {
        let spki = theirs.tbs_certificate.subject_public_key_info.to_der();
        assert_eq!(spki.ok().as_deref(), Some(parsed.public_key));
        let found = theirs.tbs_certificate.extensions.unwrap_or_default();
        assert_eq!(found.len(), parsed.extensions.len());
        for (theirs, ours) in found.iter().zip(&parsed.extensions) {
            assert_eq!(theirs.extn_id.as_bytes(), ours.id);
            assert_eq!(theirs.extn_value.as_bytes(), ours.value);
            assert_eq!(theirs.critical, ours.critical);
        }
    }
}

fn authority(data: &[u8]) {
    let Ok(authority) = Authority::from_der(data) else { return };
    let parsed = X509::from_der(data).expect("an authority has a certificate");
    assert_eq!((authority.subject(), authority.issuer()), (parsed.subject, parsed.issuer));
    let span = [parsed.not_before, parsed.not_after];
    let listed = [authority];
    let authorities = Authorities::of_list(&listed);
    // An authority's own certificate is not a signer's.
    if let Ok(anchor) = authorities.check(data, span) {
        assert!(anchor.may_issue());
        assert_eq!(anchor.subject(), parsed.issuer);
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let names = || {
        let text = |text: &str| text.try_into().expect("ASCII");
        vec![
            SanType::Rfc822Name(text("dev@example.com")),
            SanType::URI(text("https://example.com/build/1")),
            SanType::DnsName(text("build.example.com")),
            SanType::IpAddress([192, 0, 2, 1].into()),
            SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 57264, 1, 7], "somebody".into())),
        ]
    };
    let extensions = || {
        let issuer = "https://accounts.example.com";
        vec![fulcio(1, issuer.as_bytes()), fulcio(8, &utf8(issuer))]
    };
    let signer = Signer::generate(P256);
    let rsa = Signer::generate("PKIX_RSA_PKCS1V15_2048_SHA256");
    let ed25519 = Signer::generate(ED25519_PH);
    let root = certificates::Authority::root(certificates::authority("authority.test"));
    vec![
        ("named", signer.certificate_with(names(), extensions())),
        ("plain", ed25519.certificate_with(Vec::new(), Vec::new())),
        ("authority", root.der),
        ("key-p256", signer.spki),
        ("key-rsa", rsa.spki),
        ("key-ed25519", ed25519.spki),
    ]
}
