//! Chains that hold and chains that do not.

use rcgen::{
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints,
};

use super::super::testing::{BEGIN, Ca, Subject, authority, offset, pem, signer};
use super::*;

#[expect(clippy::cast_possible_wrap, reason = "it is in this century")]
const AT: i64 = BEGIN as i64;

fn trusting(authorities: &[&Ca]) -> Authorities {
    let mut trusted = Authorities::default();
    trusted.add(&authorities.iter().map(|ca| ca.pem()).collect::<String>()).unwrap();
    trusted
}

fn issued(trusted: &[&Ca], by: &Ca) -> Result<(), String> {
    let certificate = by.issue(&signer("dev@example.com"), &Subject::new().0);
    trusting(trusted).issued(&certificate, AT)
}

#[track_caller]
fn refused(judged: Result<(), String>, why: &str) {
    let reason = judged.unwrap_err();
    assert!(reason.contains(why), "{reason}");
}

#[test]
fn roots_issue_and_so_do_intermediates_that_are_listed() {
    let root = Ca::root(authority("root"));
    let middle = root.below(authority("middle"));
    let low = middle.below(authority("low"));
    assert_eq!(issued(&[&root], &root), Ok(()));
    assert_eq!(issued(&[&root, &middle], &middle), Ok(()));
    assert_eq!(issued(&[&middle, &low, &root], &low), Ok(()));
    refused(issued(&[&root], &middle), "none of the authorities");
    refused(issued(&[&root, &low], &middle), "none of the authorities");
    // Trust ends where the list ends.
    assert_eq!(issued(&[&middle], &middle), Ok(()));
    refused(issued(&[&middle], &root), "none of the authorities");
}

#[test]
fn a_name_alone_is_nothing() {
    let root = Ca::root(authority("root"));
    let namesake = Ca::root(authority("root"));
    refused(issued(&[&root], &namesake), "not made by the issuer");
    assert_eq!(issued(&[&root, &namesake], &namesake), Ok(()));
    assert_eq!(issued(&[&namesake, &root], &namesake), Ok(()));
    // An intermediate that the listed root has not signed.
    let stranger = namesake.below(authority("middle"));
    refused(issued(&[&root, &stranger], &stranger), "not made by the issuer");
    let own = Subject::new().self_signed("dev@example.com");
    refused(trusting(&[&root]).issued(&own, AT), "none of the authorities");
    let mut cut = root.issue(&signer("dev@example.com"), &Subject::new().0);
    *cut.last_mut().unwrap() ^= 1;
    refused(trusting(&[&root]).issued(&cut, AT), "not made by the issuer");
    refused(trusting(&[&root]).issued(&cut[1..], AT), "its chain is not valid");
    refused(trusting(&[&root]).issued(b"", AT), "its chain is not valid");
}

#[test]
fn an_authority_is_bound_by_its_own_certificate() {
    let root = Ca::root(authority("root"));
    let with = |change: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = authority("middle");
        change(&mut params);
        root.below(params)
    };
    let later = with(&|params| params.not_before = offset(BEGIN + 10));
    refused(issued(&[&root, &later], &later), "its chain is not valid");
    let earlier = with(&|params| params.not_after = offset(BEGIN - 10));
    refused(issued(&[&root, &earlier], &earlier), "its chain is not valid");
    let web =
        with(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    refused(issued(&[&root, &web], &web), "not for signing code");
    let last = with(&|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    assert_eq!(issued(&[&root, &last], &last), Ok(()));
    let below = last.below(authority("below"));
    refused(issued(&[&root, &last, &below], &below), "its chain is not valid");
    let narrow = with(&|params| {
        let permitted_subtrees = vec![GeneralSubtree::Rfc822Name("other.example".to_owned())];
        let excluded_subtrees = Vec::new();
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees });
    });
    refused(issued(&[&root, &narrow], &narrow), "its chain is not valid");

    // Anchors have no grace either.
    for (begin, end, holds) in [(0, 1, true), (1, 2, false), (-2, -1, false)] {
        let mut params = authority("root");
        let moment = |seconds: i64| offset(BEGIN.checked_add_signed(seconds).unwrap());
        (params.not_before, params.not_after) = (moment(begin), moment(end));
        let root = Ca::root(params);
        assert_eq!(issued(&[&root], &root).is_ok(), holds, "{begin} {end}");
    }
}

#[test]
fn what_is_critical_and_unknown_is_not_overlooked() {
    let root = Ca::root(authority("root"));
    let judge = |critical| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(critical);
        let mut params = signer("dev@example.com");
        params.custom_extensions.push(extension);
        trusting(&[&root]).issued(&root.issue(&params, &Subject::new().0), AT)
    };
    assert_eq!(judge(false), Ok(()));
    refused(judge(true), "UnsupportedCriticalExtension");
    refused(trusting(&[&root]).issued(&root.below(authority("middle")).der, AT), "authority's own");
}

#[test]
fn only_authorities_are_listed() {
    let mut no_authority = authority("root");
    no_authority.is_ca = IsCa::ExplicitNoCa;
    let mut signs_nothing = authority("root");
    signs_nothing.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let good = Ca::root(authority("root")).pem();
    let lines = good.lines().count();
    for (text, why) in [
        (String::new(), "line 1: the list is empty".to_owned()),
        ("subject=CN = root\n".to_owned(), "line 1: the list is empty".to_owned()),
        (format!("{good}{}", pem("PUBLIC KEY", b"0")), format!("line {}: a PUBLIC KEY", lines + 1)),
        (format!("\n{}", pem("CERTIFICATE", b"0")), "line 2: not a certificate".to_owned()),
        (Ca::root(no_authority).pem(), "line 1: this certificate is not for issuing".to_owned()),
        (Ca::root(signs_nothing).pem(), "line 1: this certificate is not for issuing".to_owned()),
        (good.repeat(257), format!("line {}: there are more than 256", 256 * lines + 1)),
    ] {
        let message = Authorities::default().add(&text).unwrap_err().to_string();
        assert!(message.starts_with(&why), "{message}");
    }
}

/// `webpki` itself holds only intermediates to these limits.
#[test]
fn an_anchor_is_bound_by_its_own_certificate_too() {
    let mut params = authority("root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = Ca::root(params);
    let middle = root.below(authority("middle"));
    assert_eq!(issued(&[&root], &root), Ok(()));
    refused(issued(&[&root, &middle], &middle), "longer than an authority in it allows");
    // Listed without its root, it is an anchor itself.
    assert_eq!(issued(&[&middle], &middle), Ok(()));

    for (purpose, holds) in [
        (ExtendedKeyUsagePurpose::ServerAuth, false),
        (ExtendedKeyUsagePurpose::CodeSigning, true),
        (ExtendedKeyUsagePurpose::Any, true),
    ] {
        let mut params = authority("root");
        params.extended_key_usages = vec![purpose];
        let root = Ca::root(params);
        let judged = issued(&[&root], &root);
        if holds { assert_eq!(judged, Ok(())) } else { refused(judged, "not for signing code") }
    }
}
