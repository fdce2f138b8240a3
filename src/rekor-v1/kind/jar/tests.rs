//! Archives, whole, true and false.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_kit::made_jar::{TestFile, deflated, stored, zip};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::accept;
use crate::json::{Object, Reading};
use crate::limits::{Limits, Setting};
use crate::pki::pkcs7::testing::Block;

const LIMITS: Limits = Limits {
    metadata_bytes_max: 10_000,
    inflated_bytes_max: 100_000,
    files_max: 20,
    attestation_bytes_max: 0,
};

fn digest(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

fn section(name: &str, bytes: &[u8]) -> String {
    format!("Name: {name}\r\nSHA-256-Digest: {}\r\n\r\n", digest(bytes))
}

/// What an archive is made of.
struct Made {
    manifest: String,
    /// Made from the manifest.
    signature_file: fn(&str) -> String,
    block: Block,
    files: Vec<TestFile>,
}

impl Made {
    fn new() -> Self {
        let manifest = "Manifest-Version: 1.0\r\n\r\n".to_owned();
        let manifest = manifest + &section("a.txt", b"hello") + &section("dir/b", &[7; 100]);
        let files = vec![stored("a.txt", b"hello"), deflated("dir/b", &[7; 100])];
        Self { manifest, signature_file: whole, block: Block::default(), files }
    }

    fn files(&self) -> Vec<TestFile> {
        let signature_file = (self.signature_file)(&self.manifest);
        let block = self.block.over(signature_file.as_bytes());
        let mut files = vec![
            deflated("META-INF/MANIFEST.MF", self.manifest.as_bytes()),
            deflated("META-INF/A.SF", signature_file.as_bytes()),
            deflated("META-INF/A.EC", &block),
        ];
        files.extend_from_slice(&self.files);
        files
    }

    fn judge(&self) -> Result<Value, String> {
        judge(&zip(&self.files()))
    }
}

/// A signature file with the digest of the whole manifest.
fn whole(manifest: &str) -> String {
    let digest = digest(manifest.as_bytes());
    format!("Signature-Version: 1.0\r\nSHA-256-Digest-Manifest: {digest}\r\n\r\n")
}

/// One with the digests of its sections alone.
fn by_section(manifest: &str) -> String {
    let mut sections = manifest.split_inclusive("\r\n\r\n");
    let main = digest(sections.next().unwrap().as_bytes());
    let main = format!(
        "Signature-Version: 1.0\r\nSHA-256-Digest-Manifest-Main-Attributes: {main}\r\n\r\n"
    );
    let others = sections.map(|one| {
        section(one.lines().next().unwrap().strip_prefix("Name: ").unwrap(), one.as_bytes())
    });
    main + &others.collect::<Vec<_>>().concat()
}

fn judge(archive: &[u8]) -> Result<Value, String> {
    let spec = json!({"archive": {"content": STANDARD.encode(archive)}}).to_string();
    let spec = Object::parse(spec.as_bytes(), Reading::Exact).unwrap();
    let draft = accept(&spec, &Setting { limits: LIMITS, now: 0 });
    draft.map(|draft| draft.spec).map_err(|error| error.to_string())
}

#[test]
fn signatures_over_the_manifest_or_its_sections() {
    for signature_file in [whole, by_section] {
        let made = Made { signature_file, ..Made::new() };
        let spec = made.judge().unwrap();
        let digest = hex::encode(Sha256::digest(zip(&made.files())));
        assert_eq!(spec["archive"]["hash"]["value"], digest);
        let text = STANDARD.decode(spec["signature"]["content"].as_str().unwrap()).unwrap();
        assert!(text.starts_with(b"-----BEGIN PKCS7-----\n"));
        // With the signature file inside of the block nothing else is stored.
        let inside = Block { is_inside: true, ..Block::default() };
        let inside = Made { block: inside, signature_file, ..Made::new() }.judge().unwrap();
        assert_eq!(inside["signature"], spec["signature"]);
    }
    let mut more = Made::new();
    more.files.push(stored("not-covered", b"x"));
    more.files.push(stored("META-INF/LICENSE.txt", b"x"));
    assert!(more.judge().is_ok());
}

#[test]
fn what_is_not_signed_so() {
    let message = |made: Made| made.judge().unwrap_err();
    let new = Made::new;
    let missing = Made { files: vec![stored("a.txt", b"hello")], ..new() };
    assert_eq!(message(missing), "file dir/b is in manifest but not JAR");
    let mut changed = new();
    changed.files[0] = stored("a.txt", b"other");
    assert!(message(changed).starts_with("file \"a.txt\" in MANIFEST.MF: Sha-256-Digest mismatch"));
    let other = Made { signature_file: |_| whole("other"), ..new() };
    assert!(message(other).starts_with("manifest signature: Sha-256-Digest-Manifest mismatch"));
    let main = |manifest: &str| by_section(&manifest.replace("1.0", "1.1"));
    let main = message(Made { signature_file: main, ..new() });
    assert!(main.starts_with("manifest main attributes signature: "), "{main}");
    let one = |manifest: &str| by_section(&manifest.replace("dir/b", "dir/c"));
    let one = message(Made { signature_file: one, ..new() });
    assert_eq!(one, "manifest is missing signed section \"dir/c\"");
    let none = message(Made { signature_file: |_| "A: b\r\n\r\n".to_owned(), ..new() });
    assert_eq!(none, "manifest main attributes signature: no recognized digests found");
    let forged = Made { block: Block { is_forged: true, ..Block::default() }, ..new() };
    assert_eq!(message(forged), "ECDSA verification failed");
    let without = |names: &[&str]| {
        let files = new().files();
        let files = files.into_iter().filter(|file| !names.contains(&file.name()));
        judge(&zip(&files.collect::<Vec<_>>())).unwrap_err()
    };
    let (manifest, signature_file) = ("META-INF/MANIFEST.MF", "META-INF/A.SF");
    assert_eq!(without(&[manifest]), "JAR contains no META-INF/MANIFEST.MF");
    assert_eq!(without(&[signature_file]), "JAR contains no signatures");
    let no_block = without(&["META-INF/A.EC"]);
    assert_eq!(no_block, "JAR contains sigfile META-INF/A.SF with no matching signature");
    let mut two = new().files();
    two.push(stored("meta-inf/b.sf", b"x"));
    let two = judge(&zip(&two)).unwrap_err();
    assert_eq!(two, "multiple signatures detected in JAR; unable to process");
}

#[test]
fn what_is_too_large() {
    let zeros = vec![0; 200_000];
    let mut made = Made::new();
    made.files[0] = deflated("a.txt", &zeros);
    let message = made.judge().unwrap_err();
    assert_eq!(message, "the inflated size of the archive exceeds the maximum of 100000");
    // Each digest of a file is paid for.
    let mut made = Made::new();
    let content = vec![7; 40_000];
    made.files[0] = deflated("a.txt", &content);
    made.manifest = made.manifest.replace(&digest(b"hello"), &digest(&content));
    assert!(made.judge().is_ok());
    for name in ["SHA1", "SHA-384", "MD5"] {
        let more = format!("Name: a.txt\r\n{name}-Digest: x");
        made.manifest = made.manifest.replace("Name: a.txt", &more);
    }
    assert!(made.judge().unwrap_err().starts_with("the inflated size of the archive"));
    let mut files = Made::new().files();
    files.push(deflated("META-INF/x.txt", &zeros[..10_001]));
    let message = judge(&zip(&files)).unwrap_err();
    assert_eq!(message, "uncompressed jar metadata of size 10001 exceeds max allowed size 10000");
    files = vec![stored("x", b""); 21];
    assert!(judge(&zip(&files)).unwrap_err().starts_with("the number of files"));
}
