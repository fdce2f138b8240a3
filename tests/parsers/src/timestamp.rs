//! Timestamps of authorities (RFC 3161), and those of certificate logs in certificates (RFC 6962).

use std::sync::LazyLock;

use fasti::x509::{CertificateTimestamp, Timestamp, TimestampAuthority};
use fasti_kit::certificates::{self, P256, Signer};
use fasti_kit::made_ct_log::MadeCtLog;
use fasti_kit::made_tsa::{MadeTsa, info};

use crate::Seeds;

/// An authority that has signed nothing.
static STRANGER: LazyLock<TimestampAuthority> = LazyLock::new(|| {
    let tsa = MadeTsa::default();
    TimestampAuthority::new(&[tsa.signer, tsa.root]).expect("an authority")
});

/// See the crate.
pub fn check(data: &[u8]) {
    if let Ok(timestamp) = Timestamp::from_der(data) {
        // For people: not longer than what it is made of, by much.
        assert!(timestamp.signer().len() <= 16 * data.len() + 64);
        assert!(STRANGER.verify(&timestamp, b"a signature").is_err());
        // What can be read has nothing after it.
        assert!(Timestamp::from_der(&[data, &[0]].concat()).is_err());
    }
    let Ok(timestamps) = CertificateTimestamp::of(data) else { return };
    assert!(timestamps.len() * 32 <= data.len());
    for timestamp in timestamps {
        assert_eq!(timestamp.log_id.len(), 32);
        assert!(!timestamp.is_signed(&Signer::of(P256).spki, data, &Signer::of(P256).spki));
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let tsa = MadeTsa::default();
    let accuracy_and_nonce = [0x30, 3, 2, 1, 1, 2, 1, 9];
    let message = b"a signature";
    let mut parts = tsa.parts(info(1, message, "20260304050607.25Z", &accuracy_and_nonce));
    parts.certificates.clear();
    let authority = certificates::authority("authority.test");
    let key = rcgen::KeyPair::generate().expect("a key can be made");
    let issuer = rcgen::Issuer::new(authority, key);
    let params = rcgen::CertificateParams::new([]).expect("parameters");
    let log = MadeCtLog::default();
    let logged = log.certify(params, Signer::of(P256), &issuer, 1_772_600_767_123, |_| {});
    vec![
        ("response", tsa.stamp(message, "20260304050607Z")),
        ("response-without-certificates", tsa.sign(&parts)),
        ("certificate", logged),
    ]
}
