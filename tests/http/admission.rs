//! Who may write: by key, by certificate, by token, and by lists that change.

use std::thread;
use std::time::{Duration, SystemTime};

use fasti::entry::SigningAlgorithm;
use fasti_kit::certificates::{self, email, fulcio, pem, utf8};
use fasti_kit::writer::{Home, Writer};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SanType};
use serde_json::json;

use crate::reader::{ENTRIES, Reader};
use crate::submitter::{P256, Submitter, base64, with};
use crate::wire::{Answer, exchange, get, post};

fn fingerprint(submitter: &Submitter) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &submitter.spki());
    digest.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Submits a new entry.
fn submit(writer: &Writer, submitter: &Submitter, certificate: Option<&[u8]>) -> Answer {
    let artifact = format!("{:?}", SystemTime::now());
    post(writer.address, ENTRIES, submitter.request(&artifact, certificate).to_string().as_bytes())
}

#[track_caller]
fn denied(answer: &Answer, words: &str) {
    answer.refuses(words, 403, words);
    assert_eq!(answer.json()["code"], 7);
}

#[track_caller]
fn taken(answer: &Answer) {
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[test]
fn only_keys_that_are_listed_write() {
    let [by_pem, by_print, other] = std::array::from_fn(|_| Submitter::stranger());
    let home = Home::new();
    let blocks = format!("# release keys\n{}", pem("PUBLIC KEY", &by_pem.spki()));
    let blocks = home.file("keys.pem", &blocks);
    let prints = home.file("prints", &format!("{}  # the other one\n", fingerprint(&by_print)));
    let writer = home.start(&["--allow-keys", &blocks, "--allow-keys", &prints]);
    taken(&submit(&writer, &by_pem, None));
    taken(&submit(&writer, &by_print, None));
    taken(&submit(&writer, &by_print, Some(&by_print.certificate("dev@example.com"))));
    let refused = submit(&writer, &other, None);
    denied(&refused, &format!("the key sha256:{} is not allowed", fingerprint(&other)));
    denied(&submit(&writer, &other, Some(&other.certificate("dev@example.com"))), "is not allowed");
    denied(&post(writer.address, ENTRIES, other.envelope("payload").to_string().as_bytes()), "key");
    // Naming a listed key does not prove possession of it.
    let content = "/hashedRekordRequestV002/signature/content";
    let forged = with(&by_pem.request("x", None), content, json!(base64(other.sign(b"x"))));
    let forged = post(writer.address, ENTRIES, forged.to_string().as_bytes());
    forged.refuses("forged", 400, "the signature does not verify with this key");
    assert_eq!(Reader::of(&writer).size(), 3);
    // Everyone may read.
    assert_eq!(get(writer.address, "/checkpoint").status, 200);
}

/// An authority with the certificate `ca.pem`, and a policy that admits one address and one
/// workflow.
struct Authority(certificates::Authority);

const POLICY: &str = r#"
roots = ["ca.pem"]

[[allow]]
issuer = "https://login.example.com"
san = "dev@example.com"

[[allow]]
issuer = "https://login.example.com"
san = { regex = 'https://github\.com/example/[^/]+/\.github/workflows/release\.yml@refs/tags/v.+' }
extensions = { runner_environment = "github-hosted" }
"#;

impl Authority {
    fn new(home: &Home) -> Self {
        let authority = certificates::Authority::root(certificates::authority("authority.test"));
        home.file("ca.pem", &format!("subject=CN = authority.test\n{}", authority.pem()));
        Self(authority)
    }

    fn certify(&self, submitter: &Submitter, params: &CertificateParams) -> Vec<u8> {
        submitter.certified(params, &self.0)
    }
}

/// A certificate that became valid a minute ago, for ten minutes.
fn params(name: SanType) -> CertificateParams {
    let begin = SystemTime::now() - Duration::from_mins(1);
    certificates::signing(name, "https://login.example.com", begin)
}

#[test]
fn only_certificates_that_the_policy_allows_write() {
    let (home, submitter) = (Home::new(), Submitter::stranger());
    let authority = Authority::new(&home);
    let writer = home.start(&["--allow-identities", &home.file("policy.toml", POLICY)]);
    let judge = |params: &CertificateParams| {
        submit(&writer, &submitter, Some(&authority.certify(&submitter, params)))
    };
    let good = params(email("dev@example.com"));
    taken(&judge(&good));
    let workflow = "https://github.com/example/tool/.github/workflows/release.yml@refs/tags/v1";
    let mut build = params(SanType::URI(workflow.try_into().expect("ASCII")));
    denied(&judge(&build), "no rule of this log allows this identity");
    build.custom_extensions.push(fulcio(11, &utf8("github-hosted")));
    taken(&judge(&build));

    let message = judge(&params(email("mallory@example.com")));
    denied(
        &message,
        "the certificate of \"mallory@example.com (an email address)\" (by \"https://login.example.com\")",
    );
    denied(&message, &format!("sha256:{}", fingerprint(&submitter)));
    let mut expired = good.clone();
    expired.not_before -= Duration::from_secs(700);
    expired.not_after -= Duration::from_secs(700);
    denied(&judge(&expired), "it was valid until ");
    let mut web = good.clone();
    web.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    denied(&judge(&web), "it is not for signing code");
    denied(&submit(&writer, &submitter, None), "comes without a certificate");
    denied(
        &submit(&writer, &submitter, Some(&submitter.certificate("dev@example.com"))),
        "no rule of this log",
    );

    // Another authority of the same name, and a self-signed certificate.
    let elsewhere = Authority::new(&Home::new());
    let forged = elsewhere.certify(&submitter, &good);
    denied(&submit(&writer, &submitter, Some(&forged)), "not made by the issuer that it names");
    // A certificate is public in the log; its key is not.
    let stolen = authority.certify(&submitter, &good);
    let content = "/hashedRekordRequestV002/signature/content";
    let forged = submitter.request("x", Some(&stolen));
    let forged = with(&forged, content, json!(base64(Submitter::of(P256).sign(b"x"))));
    let forged = post(writer.address, ENTRIES, forged.to_string().as_bytes());
    forged.refuses("stolen", 400, "the signature does not verify with this key");
    assert_eq!(Reader::of(&writer).size(), 2);
}

#[test]
fn either_list_suffices() {
    let home = Home::new();
    let [listed, other] = std::array::from_fn(|_| Submitter::stranger());
    let authority = Authority::new(&home);
    let keys = home.file("keys", &fingerprint(&listed));
    let policy = home.file("policy.toml", POLICY);
    let writer = home.start(&["--allow-keys", &keys, "--allow-identities", &policy]);
    taken(&submit(&writer, &listed, None));
    denied(&submit(&writer, &other, None), "is not allowed");
    let certificate = authority.certify(&other, &params(email("dev@example.com")));
    taken(&submit(&writer, &other, Some(&certificate)));
}

#[test]
fn opaque_entries_want_a_token() {
    let home = Home::new();
    let tokens = home.file("tokens", "# ci\nci:0123456789abcdefghij\n");
    let writer = home.start(&["--accept-opaque", "--add-tokens", &tokens]);
    let add =
        |fields: &[(&str, &str)]| exchange(writer.address, "POST", "/add", fields, b"an entry");
    let none = add(&[]);
    none.refuses("none", 401, "a token is required here");
    assert_eq!(none.json()["code"], 16);
    assert_eq!(none.field("www-authenticate"), Some("Bearer realm=\"fasti\""));
    let wrong = add(&[("Authorization", "Bearer 0123456789abcdefghiJ")]);
    wrong.refuses("wrong", 401, "the token is not one of this log's");
    assert_eq!(
        wrong.field("www-authenticate"),
        Some("Bearer realm=\"fasti\", error=\"invalid_token\"")
    );
    add(&[("Authorization", "Basic Y2k6MDEyMw==")]).refuses("basic", 401, "Bearer TOKEN");
    assert_eq!(add(&[("Authorization", "Bearer 0123456789abcdefghij")]).status, 200);
    // Typed submissions need no token: no list of signers was given.
    taken(&submit(&writer, &Submitter::of(SigningAlgorithm::Ed25519ph), None));
    assert_eq!(Reader::of(&writer).size(), 2);
    let said = writer.stop().said();
    assert!(!said.contains("0123456789"), "{said}");
}

#[test]
fn lists_are_read_again_and_bad_ones_change_nothing() {
    let home = Home::new();
    let [first, second] = std::array::from_fn(|_| Submitter::stranger());
    let path = home.file("keys", &fingerprint(&first));
    let writer = home.start(&["--allow-keys", &path]);
    taken(&submit(&writer, &first, None));
    let until = |words: &str| {
        let found = (0..200).any(|_| {
            thread::sleep(Duration::from_millis(20));
            home.said().contains(words)
        });
        assert!(found, "{}", home.said());
    };
    home.file("keys", "nonsense");
    writer.hang_up();
    until("who may write stays as it was");
    assert!(home.said().contains("keys: line 1: neither a PEM block nor"), "{}", home.said());
    taken(&submit(&writer, &first, None));
    home.file("keys", &fingerprint(&second));
    writer.hang_up();
    until("reloaded the lists");
    denied(&submit(&writer, &first, None), "is not allowed");
    taken(&submit(&writer, &second, None));
}

#[test]
fn lists_that_cannot_be_used_are_refused_at_the_start() {
    let home = Home::new();
    let keys = home.file("keys", &"00".repeat(32));
    let bad = home.file("bad", "\n\nx\n");
    let policy = home.file("policy.toml", POLICY);
    let rule = home.file("rule.toml", &POLICY.replace("roots = [\"ca.pem\"]", "roots = ['keys']"));
    let anchors = home.file("anchors.toml", &POLICY.replace("runner_environment", "runner"));
    for (flags, words) in [
        (&["--allow-keys", "/nowhere/keys"][..], "cannot read /nowhere/keys: No such file"),
        (&["--allow-keys", &bad], "bad: line 3: neither a PEM block"),
        (&["--allow-keys", &format!("{keys},{bad}")], "bad: line 3: neither a PEM block"),
        (&["--allow-identities", &policy], "ca.pem: No such file"),
        (&["--allow-identities", &bad], "bad: line 3: "),
        (&["--allow-identities", &rule], "keys: line 1: the list is empty"),
        (&["--allow-identities", &anchors], "anchors.toml: line 11: runner is neither an object"),
        (&["--add-tokens", &bad, "--accept-opaque"], "bad: line 3: expected NAME:TOKEN"),
        // Contradictions.
        (&["--allow-keys", &keys, "--accept-opaque"], "would let everyone write"),
        (&["--allow-identities", &policy, "--accept-opaque"], "would let everyone write"),
        (&["--add-tokens", &bad], "applies to opaque entries only"),
    ] {
        let (code, said) = home.refusal(flags);
        let is_contradiction = words.contains("would let") || words.contains("applies to");
        assert_eq!(code, Some(1 + i32::from(is_contradiction)), "{flags:?}: {said}");
        assert!(said.contains(words), "{flags:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{flags:?}: {said}");
        assert!(!home.store().exists(), "the store was not created");
    }
    for flags in [["--rate-limit-global", "5"], ["--trusted-proxies", "10.0.0.0/40"]] {
        assert_eq!(home.refusal(&flags).0, Some(2), "{flags:?}");
    }
}
