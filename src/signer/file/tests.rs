//! Keys of every kind in files of every form: read, written, refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use pkcs8::{EncodePrivateKey as _, LineEnding};
use tempfile::TempDir;
use tiles_spec::{Checkpoint, NoteSigningKey, TreeHead};

use super::*;
use crate::{KeyAlgorithm, KeyEncoding, NewKey};

const ORIGIN: &str = "log.test/keys";

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }
}

fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

fn password(text: &str) -> Password {
    text.parse().unwrap()
}

fn text() -> String {
    let (origin, head) = (ORIGIN.to_owned(), TreeHead::EMPTY);
    Checkpoint { origin, head, extensions: Vec::new() }.to_text()
}

fn refusal(read: Result<FileSigner, KeyFileError>) -> String {
    let error = read.unwrap_err();
    std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[tokio::test]
async fn new_keys_of_every_kind_and_form() {
    use KeyAlgorithm as A;
    use KeyEncoding as E;
    let files = Files::new();
    for (n, (algorithm, encoding, password)) in [
        (A::Ed25519, E::Note, None),
        (A::Ed25519, E::Pkcs8, None),
        (A::Ed25519, E::Pkcs8, Some(password("pass word"))),
        (A::EcdsaP256, E::Pkcs8, None),
        (A::EcdsaP256, E::Pkcs8, Some(password("é"))),
        (A::MlDsa44, E::Note, None),
        (A::MlDsa44, E::Pkcs8, None),
        (A::MlDsa44, E::Pkcs8, Some(password("x"))),
    ]
    .into_iter()
    .enumerate()
    {
        let path = files.path(&n.to_string());
        let new = NewKey { algorithm, encoding, password: password.clone() };
        let vkey = new.write(&path, &origin()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(new.write(&path, &origin()), Err(KeyFileError::Io { .. })), "overwritten");
        let open = |password: Option<&Password>| match algorithm {
            A::MlDsa44 => FileSigner::open_ml_dsa(&path, origin(), password),
            _ => FileSigner::open(&path, origin(), password),
        };
        let signer = open(password.as_ref()).unwrap();
        assert_eq!(signer.verifier_key(), vkey, "{n}");
        assert_eq!(vkey.name().as_str(), ORIGIN);
        let line = signer.sign(Statement::Checkpoint(&text())).await.unwrap();
        assert!(vkey.made(&line) && vkey.verify(&text(), line.bytes()), "{n}");
        assert_eq!(
            signer.sign(Statement::Checkpoint(&text())).await.unwrap(),
            line,
            "the same line again"
        );
        if password.is_some() {
            assert!(refusal(open(None)).contains("FASTI_KEY_PASSWORD"));
            let wrong = "wrong".parse().unwrap();
            assert!(refusal(open(Some(&wrong))).contains("the password is wrong"));
            let content = fs::read_to_string(&path).unwrap();
            assert!(content.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        }
    }
    for (algorithm, encoding, password) in
        [(A::EcdsaP256, E::Note, None), (A::Ed25519, E::Note, Some(password("x")))]
    {
        let new = NewKey { algorithm, encoding, password };
        let path = files.path("none");
        assert!(matches!(new.write(&path, &origin()), Err(KeyFileError::NoSuchForm(_))));
        assert!(!path.exists());
    }
}

/// As `ecparam -genkey`, its conversions and `genpkey` write them.
#[test]
fn the_forms_that_openssl_writes() {
    let files = Files::new();
    let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let sec1 = secret.to_sec1_der().unwrap();
    let sec1 = pem_rfc7468::encode_string("EC PRIVATE KEY", LineEnding::LF, &sec1).unwrap();
    let parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let pkcs8 = secret.to_pkcs8_pem(LineEnding::LF).unwrap();
    let keys: Vec<_> = [parameters.to_owned() + &sec1, pkcs8.replace('\n', "\r\n"), sec1.clone()]
        .iter()
        .map(|text| FileSigner::open(&files.write("key", text), origin(), None).unwrap())
        .map(|signer| signer.verifier_key())
        .collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
    // Both versions of PKCS #8, with the public half and without.
    let pair = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let signer = files.write("key", &pair.to_pkcs8_pem(LineEnding::LF).unwrap());
    let signer = FileSigner::open(&signer, origin(), None).unwrap();
    let same = NoteSigningKey::from_seed(origin().key_name(), &[5; 32]);
    assert_eq!(signer.verifier_key(), *same.verifier_key());
}

#[test]
fn what_is_no_key_is_refused_by_name() {
    let files = Files::new();
    let note = NoteSigningKey::from_seed("other.test".parse().unwrap(), &[1; 32]);
    let note = note.to_private_string();
    let der = [0x30, 3, 2, 1, 0];
    let pem = |label| pem_rfc7468::encode_string(label, LineEnding::LF, &der).unwrap();
    let p384 = aws_lc_rs::signature::EcdsaKeyPair::generate(
        &aws_lc_rs::signature::ECDSA_P384_SHA384_ASN1_SIGNING,
    );
    let p384 = p384.unwrap().to_pkcs8v1().unwrap();
    let p384 = pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, p384.as_ref()).unwrap();
    for (content, reason) in [
        ("", "neither a note key"),
        ("-----BEGIN PUBLIC KEY-----\n", "neither a note key"),
        ("PRIVATE+KEY+log.test/keys+00000000+AAAA", "malformed note key"),
        (&note, "belongs to the log \"other.test\", not to \"log.test/keys\""),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n", "malformed PEM block \"PRIVATE KEY\""),
        (&pem("PRIVATE KEY"), "malformed PEM block \"PRIVATE KEY\""),
        (&pem("ENCRYPTED PRIVATE KEY"), "malformed PEM block \"ENCRYPTED PRIVATE KEY\""),
        (&pem("RSA PRIVATE KEY"), "a key of a kind that logs do not sign with"),
        (&pem("EC PRIVATE KEY"), "a key of a kind that logs do not sign with"),
        (&p384, "a key of a kind that logs do not sign with"),
        (&"x".repeat(65 << 10), "neither a note key"),
    ] {
        let path = files.write("key", content);
        let refused = refusal(FileSigner::open(&path, origin(), None));
        assert!(refused.contains(reason), "{reason:?}: {refused}");
        assert!(content.is_empty() || !refused.contains(content), "{refused}");
    }
    let path = files.write("key", &note);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let refused = refusal(FileSigner::open(&path, "other.test".parse().unwrap(), None));
    assert!(refused.contains("can be read by others (mode 644)"), "{refused}");
}

#[test]
fn a_group_may_read_a_key_that_was_given_to_it() {
    let files = Files::new();
    let path = files.path("key");
    NewKey::default().write(&path, &origin()).unwrap();
    let is_taken = |mode| {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        match FileSigner::open(&path, origin(), None) {
            Ok(_) => true,
            Err(KeyFileError::Exposed { mode: said, .. }) => {
                assert_eq!(said, mode);
                false
            }
            Err(other) => panic!("{other}"),
        }
    };
    for mode in [0o600, 0o400, 0o440, 0o640] {
        assert!(is_taken(mode), "{mode:o}: the group is our own");
    }
    for mode in [0o644, 0o444, 0o604, 0o660, 0o620, 0o650, 0o601, 0o602] {
        assert!(!is_taken(mode), "{mode:o}");
    }
    // As secrets are mounted: a link to a link to the file.
    fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
    std::os::unix::fs::symlink("key", files.path("data")).unwrap();
    std::os::unix::fs::symlink("data", files.path("mounted")).unwrap();
    FileSigner::open(&files.path("mounted"), origin(), None).unwrap();
    // A group that is not ours. Only root can give files away.
    if std::os::unix::fs::chown(&path, Some(4711), Some(4711)).is_ok() {
        assert!(is_taken(0o400) && !is_taken(0o440), "of a stranger, for strangers");
        std::os::unix::fs::chown(&path, Some(0), Some(4711)).unwrap();
        assert!(is_taken(0o440), "of root, for the group");
    }
}

#[test]
fn each_kind_has_its_flag() {
    let files = Files::new();
    let (own, further) = (files.path("own"), files.path("further"));
    NewKey::default().write(&own, &origin()).unwrap();
    let ml_dsa = NewKey { algorithm: KeyAlgorithm::MlDsa44, ..NewKey::default() };
    ml_dsa.write(&further, &origin()).unwrap();
    let refused = refusal(FileSigner::open(&further, origin(), None));
    assert!(refused.contains("--ml-dsa-key"), "{refused}");
    let refused = refusal(FileSigner::open_ml_dsa(&own, origin(), None));
    assert!(refused.contains("is not an ML-DSA-44 key"), "{refused}");
}

#[test]
fn debug_shows_no_secret() {
    let secret: Password = "correct horse".parse().unwrap();
    let new = NewKey { password: Some(secret), ..NewKey::default() };
    assert!(!format!("{new:?}").contains("horse"));
    let key = NoteSigningKey::from_seed(origin().key_name(), &[1; 32]);
    let private = key.to_private_string();
    let (_, private) = private.rsplit_once('+').unwrap();
    assert!(!format!("{:?}", FileSigner::new(origin(), key)).contains(private));
}
