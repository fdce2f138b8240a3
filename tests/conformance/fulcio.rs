//! Certificates issued by Fulcio, and their right to write under a policy.

use std::time::{Duration, SystemTime};

use fasti::admit::{Authorities, Fingerprint, IdentityList, Policy};
use fasti::entry::Certificate;
use fasti_kit::conformance_data::{files, read};
use serde_json::Value;

use super::data;

fn decode(value: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let text = value.as_str().expect("a string");
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// What `jq` extracts from a trusted root: PEM blocks with their base64 in one line each.
fn authorities(path: &std::path::Path) -> Authorities {
    let root: Value = serde_json::from_slice(&read(path)).expect("JSON");
    let mut authorities = Authorities::default();
    for authority in root["certificateAuthorities"].as_array().expect("authorities") {
        for certificate in authority["certChain"]["certificates"].as_array().expect("a chain") {
            let body = certificate["rawBytes"].as_str().expect("base64");
            let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
            authorities.add(&pem).expect("an authority");
        }
    }
    authorities
}

/// The certificates in all bundles, with the authorities of their Fulcio instance.
fn certificates() -> Option<Vec<(Vec<u8>, Authorities)>> {
    let (trust, old, new) = (data("trust")?, data("v1-bundles")?, data("v2-bundles")?);
    let (prod, staging) = ("prod_trusted_root.json", "staging_trusted_root.json");
    let mut found = Vec::new();
    for (directory, root) in [(old, prod), (new, staging)] {
        for path in files(&directory, ".json") {
            let bundle: Value = serde_json::from_slice(&read(&path)).expect("JSON");
            let material = &bundle["verificationMaterial"];
            let chain = &material["x509CertificateChain"]["certificates"][0]["rawBytes"];
            let certificate = &material["certificate"]["rawBytes"];
            let Some(one) = [chain, certificate].into_iter().find(|one| one.is_string()) else {
                continue;
            };
            found.push((decode(one), authorities(&trust.join(root))));
        }
    }
    assert!(found.len() >= 8, "{} certificates", found.len());
    Some(found)
}

fn judge(policy: &str, (der, authorities): &(Vec<u8>, Authorities)) -> Result<(), String> {
    let certificate = Certificate::from_der(der).expect("a certificate");
    let key = Fingerprint::of(certificate.public_key());
    let list = IdentityList::new(Policy::parse(policy).expect("a policy"), authorities.clone());
    // The first day of 2027: all of them were issued before, and have expired.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_601);
    list.judge(der, key, now).map_err(|refusal| refusal.to_string())
}

const BEACON: &str = r#"
roots = ["fulcio.pem"]
max_age_seconds = 300000000

[[allow]]
issuer = "https://token.actions.githubusercontent.com"
san = { regex = 'https://github\.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/\.github/workflows/[a-z-]+\.yml@refs/heads/main' }
kind = "uri"

[allow.extensions]
source_repository_owner_uri = "https://github.com/sigstore-conformance"
runner_environment = "github-hosted"
"1.3.6.1.4.1.57264.1.14" = "refs/heads/main"
"#;

const ANYONE: &str = "
roots = ['fulcio.pem']
max_age_seconds = 300000000
allow = [{ issuer = { regex = '.+' }, san = { regex = '.+' } }]
";

#[test]
fn what_fulcio_has_issued_is_admitted_by_rules() {
    let Some(certificates) = certificates() else { return };
    let mut builds = 0;
    for one in &certificates {
        assert_eq!(judge(ANYONE, one), Ok(()));
        builds += usize::from(judge(BEACON, one).is_ok());
        let other = BEACON.replace("sigstore-conformance\"", "somebody-else\"");
        assert!(
            judge(&other, one).unwrap_err().contains("no rule of this log allows this identity")
        );
        let expired = judge(&ANYONE.replace("max_age_seconds", "#"), one).unwrap_err();
        assert!(expired.contains("it was valid until 202"), "{expired}");
    }
    assert!(builds >= 2, "{builds} certificates of the beacon's builds");
}

#[test]
fn fulcios_instances_do_not_vouch_for_each_other() {
    let Some(certificates) = certificates() else { return };
    let (first, last) = (&certificates[0], &certificates[certificates.len() - 1]);
    for (der, authorities) in [(&first.0, &last.1), (&last.0, &first.1)] {
        let refusal = judge(ANYONE, &(der.clone(), authorities.clone())).unwrap_err();
        assert!(refusal.contains("its signature was not made by the issuer"), "{refusal}");
    }
}
