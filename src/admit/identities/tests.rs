//! Policies, and certificates that match them or do not.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SanType};

use super::super::testing::{BEGIN, Ca, END, Subject, at, authority, fulcio, fulcio_text, signer};
use super::*;

const WORKFLOW: &str =
    "https://github.com/example/tool/.github/workflows/release.yml@refs/tags/v1.0";

const POLICY: &str = r#"
roots = ["root.pem"]

[[allow]]
issuer = "https://login.example.com"
san = { regex = '[a-z]+@example\.com' }
kind = "email"

[[allow]]
issuer = { regex = 'https://token\.actions\.githubusercontent\.com' }
san = { regex = 'https://github\.com/example/[^/]+/\.github/workflows/release\.yml@refs/tags/.+' }
extensions = { source_repository_owner_uri = "https://github.com/example", runner_environment = "github-hosted", "1.3.6.1.4.1.57264.1.20" = { regex = "push|release" } }
"#;

/// A certificate of a build: extensions 16, 11 and 20.
fn build(owner: &str, runner: &str, trigger: &str) -> CertificateParams {
    let mut params = signer("nobody@example.org");
    params.subject_alt_names = vec![SanType::URI(WORKFLOW.try_into().unwrap())];
    params.custom_extensions = vec![
        fulcio(1, b"https://token.actions.githubusercontent.com"),
        fulcio_text(8, "https://token.actions.githubusercontent.com"),
        fulcio_text(16, owner),
        fulcio_text(11, runner),
        fulcio_text(20, trigger),
    ];
    params
}

struct Scene {
    root: Ca,
    list: IdentityList,
}

impl Scene {
    fn new(policy: &str) -> Self {
        let root = Ca::root(authority("root"));
        let mut authorities = Authorities::default();
        authorities.add(&root.pem()).unwrap();
        let list = IdentityList::new(Policy::parse(policy).unwrap(), authorities);
        Self { root, list }
    }

    fn judge_at(&self, params: &CertificateParams, now: u64) -> Result<(), String> {
        self.judge(&self.root, params, now)
    }

    fn judge(&self, by: &Ca, params: &CertificateParams, now: u64) -> Result<(), String> {
        let subject = Subject::new();
        let key = Fingerprint::of(&subject.public_key());
        let judged = self.list.judge(&by.issue(params, &subject.0), key, at(now));
        judged.map_err(|refusal| {
            let message = refusal.to_string();
            assert!(message.contains(&key.to_string()), "{message}");
            message
        })
    }
}

#[track_caller]
fn refused(judged: Result<(), String>, words: &[&str]) {
    let message = judged.unwrap_err();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
    assert!(message.len() < 1000, "{message}");
}

#[test]
fn rules_decide_by_issuer_name_kind_and_extensions() {
    let scene = Scene::new(POLICY);
    assert_eq!(scene.judge_at(&signer("dev@example.com"), BEGIN), Ok(()));
    assert_eq!(
        scene.judge_at(&build("https://github.com/example", "github-hosted", "push"), BEGIN),
        Ok(())
    );
    let mut two_names = signer("x@elsewhere.example");
    two_names.subject_alt_names.push(SanType::Rfc822Name("dev@example.com".try_into().unwrap()));
    assert_eq!(scene.judge_at(&two_names, BEGIN), Ok(()));

    let mut other_issuer = signer("dev@example.com");
    other_issuer.custom_extensions = vec![fulcio_text(8, "https://login.example.com.evil.example")];
    let mut legacy = signer("dev@example.com");
    legacy.custom_extensions = vec![fulcio(1, b"https://login.example.com")];
    assert_eq!(scene.judge_at(&legacy, BEGIN), Ok(()));
    legacy.custom_extensions.push(fulcio_text(8, "https://login.example.com"));
    assert_eq!(scene.judge_at(&legacy, BEGIN), Ok(()));
    // If both are there, both must agree.
    legacy.custom_extensions[1] = fulcio_text(8, "https://evil.example");
    refused(scene.judge_at(&legacy, BEGIN), &["it names two OIDC issuers"]);
    let mut as_uri = signer("x@elsewhere.example");
    as_uri.subject_alt_names = vec![SanType::URI("dev@example.com".try_into().unwrap())];
    let mut nobody = signer("dev@example.com");
    nobody.subject_alt_names.clear();
    let mut no_extension = build("https://github.com/example", "github-hosted", "push");
    no_extension.custom_extensions.pop();
    for params in [
        signer("dev@example.org"),
        signer("dev@example.com.evil.example"),
        signer("evil+dev@example.com"),
        other_issuer,
        as_uri,
        nobody,
        build("https://github.com/example2", "github-hosted", "push"),
        build("https://github.com/example", "self-hosted", "push"),
        build("https://github.com/example", "github-hosted", "pull_request"),
        no_extension,
    ] {
        refused(scene.judge_at(&params, BEGIN), &["no rule of this log allows this identity"]);
    }
    let message = scene.judge_at(&signer("dev@example.org"), BEGIN);
    refused(
        message,
        &["\"dev@example.org (an email address)\" (by \"https://login.example.com\")"],
    );
}

#[test]
fn names_of_every_kind_and_none_for_another() {
    let fits = |name: SanType, rule: &str| {
        let policy = format!("roots = ['r']\nallow = [{{ issuer = {{ regex = '.*' }}, {rule} }}]");
        let mut params = signer("dev@example.com");
        params.subject_alt_names = vec![name];
        Scene::new(&policy).judge_at(&params, BEGIN).is_ok()
    };
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let dns = |text: &str| SanType::DnsName(text.try_into().unwrap());
    let username =
        || SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 57264, 1, 7], "mia!example.com".into()));
    let v6 = || SanType::IpAddress("2001:db8::1".parse().unwrap());
    assert!(fits(username(), "san = 'mia!example.com'"));
    assert!(fits(username(), "san = 'mia!example.com', kind = 'username'"));
    assert!(!fits(username(), "san = 'mia!example.com', kind = 'email'"));
    assert!(fits(v6(), "san = '2001:DB8:0::1'") && fits(v6(), "san = '2001:DB8::1', kind = 'ip'"));
    assert!(!fits(v6(), "san = '2001:db8::1', kind = 'dns'"));
    assert!(fits(dns("a.example"), "san = { regex = '[a-z]+[.]example' }"));
    // A URI that looks like an email address is still a URI, and does not pass for one.
    for rule in ["san = 'dev@example.com'", "san = { regex = '.*@example[.]com' }"] {
        assert!(!fits(uri("dev@example.com"), rule), "{rule}");
    }
    assert!(fits(uri("dev@example.com"), "san = 'dev@example.com', kind = 'uri'"));
}

#[test]
fn a_certificate_counts_while_it_is_valid() {
    let scene = Scene::new(POLICY);
    let judge = |now| scene.judge_at(&signer("dev@example.com"), now);
    for now in [BEGIN - 60, BEGIN, END, END + 60] {
        assert_eq!(judge(now), Ok(()), "{now}");
    }
    refused(judge(BEGIN - 61), &["it is not valid before 2026-01-01T12:00:00Z"]);
    refused(judge(END + 61), &["it was valid until 2026-01-01T12:10:00Z"]);
    refused(judge(0), &["not valid before"]);

    let scene = Scene::new(&POLICY.replacen("\n\n", "\nmax_age_seconds = 7200\n\n", 1));
    let judge = |now| scene.judge_at(&signer("dev@example.com"), now);
    assert_eq!(judge(BEGIN + 7260), Ok(()));
    refused(judge(BEGIN + 7261), &["it was valid until 2026-01-01T12:10:00Z"]);
    refused(judge(BEGIN - 61), &["not valid before"]);
    // It never shortens a certificate's own validity.
    let mut long = signer("dev@example.com");
    long.not_after += Duration::from_secs(100_000);
    assert_eq!(scene.judge_at(&long, BEGIN + 90_000), Ok(()));
}

/// The log itself accepts such certificates, as Go does.
#[test]
fn long_serial_numbers_and_long_ago() {
    let scene = Scene::new(POLICY);
    let mut params = signer("dev@example.com");
    params.serial_number = Some(vec![1; 40].into());
    assert_eq!(scene.judge_at(&params, BEGIN), Ok(()));
    params.serial_number = None;
    params.not_before = rcgen::date_time_ymd(1960, 1, 1);
    refused(scene.judge_at(&params, BEGIN), &["an authority in it was not valid at that time"]);
}

#[test]
fn rules_are_nothing_without_a_chain_for_signing_code() {
    let scene = Scene::new(POLICY);
    let mut params = signer("dev@example.com");
    refused(
        scene.judge(&Ca::root(authority("root")), &params, BEGIN),
        &["its signature was not made by"],
    );
    refused(
        scene.judge(&Ca::root(authority("evil")), &params, BEGIN),
        &["none of the authorities"],
    );
    let impostor = Subject::new();
    let key = Fingerprint::of(&impostor.public_key());
    let own = impostor.signed_by_itself(&params);
    let message = scene.list.judge(&own, key, at(BEGIN)).unwrap_err().to_string();
    assert!(message.contains("none of the authorities"), "{message}");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    refused(scene.judge_at(&params, BEGIN), &["it is not for signing code"]);
    params.extended_key_usages.clear();
    refused(scene.judge_at(&params, BEGIN), &["it is not for signing code"]);
    assert!(scene.list.judge(b"0", key, at(BEGIN)).unwrap_err().to_string().contains("unknown"));
}

#[test]
fn an_issuer_that_is_not_told_is_the_empty_one() {
    let mut params = signer("dev@example.com");
    params.custom_extensions.clear();
    for (issuer, fits) in
        [("\"\"", true), ("{ regex = '.*' }", true), ("{ regex = '.+' }", false), ("\"x\"", false)]
    {
        let policy =
            format!("roots = ['r']\nallow = [{{ issuer = {issuer}, san = 'dev@example.com' }}]");
        assert_eq!(Scene::new(&policy).judge_at(&params, BEGIN).is_ok(), fits, "{issuer}");
    }
}

#[test]
fn foreign_text_in_a_refusal_is_cut_and_escaped() {
    let scene = Scene::new(POLICY);
    let mut params = signer(&"a".repeat(10_000));
    params.custom_extensions = vec![fulcio(1, b"\x1b[31m\n\"evil")];
    refused(scene.judge_at(&params, BEGIN), &["aaa...\" (by \"\\u{1b}[31m\\n\\\"evil\")"]);
}

#[test]
fn the_example_for_operators_is_a_policy() {
    let text = include_str!("../../docs/limits.md");
    let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let policy = Policy::parse(example).unwrap();
    assert_eq!((policy.roots.len(), policy.rules.len()), (1, 2));
    let mut params = build("", "github-hosted", "");
    params.custom_extensions.push(fulcio_text(17, "12345678"));
    let fits = |params: &CertificateParams| {
        let der = Subject::new().signed_by_itself(params);
        let holder = Holder::of(&der).unwrap();
        policy.rules.iter().any(|rule| rule.fits(&holder))
    };
    assert!(fits(&params));
    params.custom_extensions.pop();
    assert!(!fits(&params));
}

#[test]
fn bad_policies_are_refused_with_the_line() {
    let rule = "[[allow]]\nissuer = 'i'\nsan = 's'\n";
    for (text, why) in [
        (String::new(), "line 1: missing field `roots`"),
        ("roots = ['r'".to_owned(), "line 1: "),
        (format!("roots = []\n{rule}"), "line 4: the list is empty"),
        ("roots = ['r']\nallow = []".to_owned(), "line 2: the list is empty"),
        (format!("roots = ['r']\nmax_age = 5\n{rule}"), "line 2: unknown field `max_age`"),
        (format!("roots = ['r']\nmax_age_seconds = -5\n{rule}"), "line 2: "),
        (format!("roots = ['r']\n{rule}sans = 's'"), "line 5: unknown field `sans`"),
        (
            format!("roots = ['r']\n{rule}kind = 'fax'"),
            "line 5: a kind of name is one of email, uri",
        ),
        ("roots = ['r']\n[[allow]]\nsan = 's'".to_owned(), "line 2: missing field `issuer`"),
        ("roots = ['r']\n[[allow]]\nissuer = 's'".to_owned(), "line 2: missing field `san`"),
        ("roots = ['r']\n[[allow]]\nissuer = 's'\nsan = 5".to_owned(), "line 4: expected \"text\""),
        (
            "roots = ['r']\n[[allow]]\nissuer = 's'\nsan = { rx = 's' }".to_owned(),
            "line 4: expected \"text\" or { regex",
        ),
        (
            "roots = ['r']\n[[allow]]\nissuer = 's'\nsan = { regex = '(' }".to_owned(),
            "line 4: the regular expression cannot be used: unclosed group",
        ),
        (
            format!("roots = ['r']\n{rule}[allow.extensions]\n\nrepository = 'r'"),
            "line 7: repository is neither an object identifier nor the name",
        ),
        (format!("roots = ['r']\n{}", rule.repeat(1025)), "line 3074: there are more than 1024"),
    ] {
        let message = Policy::parse(&text).unwrap_err().to_string();
        assert!(message.starts_with(why), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
