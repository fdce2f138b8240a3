//! Which certificates are accepted: those that Go's `crypto/x509` parses, with the same names.
//!
//! `oddities` is a table of certificates with Go's recorded verdicts. `mutation` makes many more,
//! whose verdicts are not known in advance. If FASTI_CERTIFICATES_OUT is set, they are written to
//! that file, each with fasti's verdict, and `tests/interop/go/certificates` compares them with
//! Go's own verdicts. `chains` does the same for whole chains. Real certificates come
//! from FASTI_CONFORMANCE_DATA, if that is set.

mod chains;
mod der;
mod index_cost;
mod mutation;
mod oddities;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::entry::{AlternativeName, Certificate, LookupTerm, X509, X509Error, lookup_keys};
use fasti_kit::conformance_data;
use tiles_spec::leaf_hash;

use mutation::Draw;
use oddities::oddities;

/// Mutations of each certificate, unless FASTI_CERTIFICATES_EACH sets another number.
const EACH: usize = 60;

/// The verdict on a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Accepted, also by Go.
    Taken,
    /// Refused, also by Go.
    Refused,
    /// Go may parse it, but its key is of a kind that a log does not admit, or is not valid DER.
    Key,
    /// Go parses it, ignoring bytes that are not part of it.
    Surplus,
    /// Go parses it, because the largest version overflows to a value below the first.
    Version,
}

fn verdict(der: &[u8]) -> Verdict {
    let error = match X509::from_der(der) {
        Ok(_) if Certificate::from_der(der).is_ok() => return Verdict::Taken,
        Ok(_) => return Verdict::Key,
        Err(error) => error,
    };
    let overflow = [2, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    match error {
        X509Error::Certificate(why) if why.contains("belong to none of its fields") => {
            Verdict::Surplus
        }
        X509Error::Certificate(why) if why.contains("is of an unknown kind") => Verdict::Surplus,
        X509Error::Certificate(why)
            if why.contains("version") && der.windows(10).any(|bytes| bytes == overflow) =>
        {
            Verdict::Version
        }
        _ => Verdict::Refused,
    }
}

/// The facts in a certificate, in the form of `tests/interop/go/certificates`: both ends of its
/// validity, the number of its extensions, and its names.
fn facts(der: &[u8]) -> Vec<String> {
    let hex = |kind: &str, name: &[u8]| format!("{kind}{}", hex::encode(name));
    let name = |name| match name {
        AlternativeName::Email(text) => Some(hex("e", text.as_bytes())),
        AlternativeName::Dns(text) => Some(hex("d", text.as_bytes())),
        AlternativeName::Uri(_) => Some("u".to_owned()),
        AlternativeName::Ip(bytes) => Some(hex("i", bytes)),
        _ => None,
    };
    let certificate = X509::from_der(der).expect("it was taken");
    let mut names: Vec<_> = certificate.names().into_iter().filter_map(name).collect();
    names.sort();
    let times = [certificate.not_before, certificate.not_after].map(|time| time.to_string());
    [&times[..], &[certificate.extensions.len().to_string()], &names].concat()
}

#[test]
fn oddities_get_the_verdicts_of_go() {
    let (mut taken, mut refused) = (0, 0);
    for (what, parts, expected) in oddities() {
        let der = parts.to_der();
        let (found, said) = (verdict(&der), Certificate::from_der(&der).err());
        assert_eq!(found, expected, "{what}: {said:?}");
        taken += usize::from(found == Verdict::Taken);
        refused += usize::from(found == Verdict::Refused);
    }
    assert!(taken > 50 && refused > 80, "{taken} taken, {refused} refused");
}

#[test]
fn what_is_no_certificate_at_all() {
    let good = der::Parts::good().to_der();
    for (bytes, why) in [
        (good[..good.len() - 1].to_vec(), "not a DER encoded X.509 certificate"),
        ([&good[..], b"\n"].concat(), "bytes follow the end of the DER structure"),
        (b"-----BEGIN CERTIFICATE-----".to_vec(), "this is PEM"),
        (Vec::new(), "not a DER encoded X.509 certificate"),
        (der::element(0x31, &good[4..]), "it is not a SEQUENCE"),
        (der::element(0x30, b""), "it has no signed part"),
    ] {
        let error = X509::from_der(&bytes).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn mutations_for_go_to_judge() {
    let each = std::env::var("FASTI_CERTIFICATES_EACH").ok().and_then(|each| each.parse().ok());
    let mut lines = String::new();
    let mut draw = Draw::new(1);
    let mut write = |der: &[u8]| {
        let verdict = verdict(der);
        let _ = write!(lines, "{} {}", format!("{verdict:?}").to_lowercase(), hex::encode(der));
        if verdict == Verdict::Taken {
            for fact in facts(der) {
                lines.extend([" ", &fact]);
            }
        }
        lines.push('\n');
    };
    let whole = oddities().into_iter().map(|(_, parts, _)| parts.to_der()).chain(real());
    for der in whole {
        write(&der);
        if verdict(&der) == Verdict::Taken {
            (0..each.unwrap_or(EACH)).for_each(|_| write(&mutation::mutated(&der, &mut draw)));
        }
    }
    if let Some(path) = std::env::var_os("FASTI_CERTIFICATES_OUT") {
        std::fs::write(path, lines).unwrap();
    }
}

/// Every name in a certificate leads to its entry: an accepted certificate hides nothing from the
/// index.
#[test]
fn names_and_keys_of_all_that_is_taken_are_in_an_index() {
    let mut draw = Draw::new(2);
    let mut found = 0;
    for der in oddities().into_iter().map(|(_, parts, _)| parts.to_der()).chain(real()) {
        found += expect_indexed(&der);
        if X509::from_der(&der).is_ok() {
            let mutations = (0..EACH).map(|_| mutation::mutated(&der, &mut draw));
            found += mutations.map(|der| expect_indexed(&der)).sum::<usize>();
        }
    }
    assert!(found > 4_000, "{found} names");
}

/// The number of its names, if it can be read.
fn expect_indexed(der: &[u8]) -> usize {
    let Ok(certificate) = X509::from_der(der) else { return 0 };
    let entry = format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"signature":{{
        "verifier":{{"x509Certificate":{{"rawBytes":"{}"}}}}}}}}}}}}"#,
        STANDARD.encode(der)
    );
    let keys = lookup_keys(&leaf_hash(entry.as_bytes()), entry.as_bytes());
    let text = |name| match name {
        AlternativeName::Email(text) | AlternativeName::Dns(text) | AlternativeName::Uri(text) => {
            Some(text.to_owned()).filter(|text| !text.is_empty())
        }
        AlternativeName::Ip(bytes) => Some(match <[u8; 4]>::try_from(bytes) {
            Ok(bytes) => Ipv4Addr::from(bytes).to_string(),
            Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).unwrap()).to_string(),
        }),
        _ => None,
    };
    let names: Vec<String> = certificate.names().into_iter().filter_map(text).collect();
    let terms = names.iter().cloned().map(LookupTerm::Identity);
    for term in terms.chain([LookupTerm::of_public_key(certificate.public_key)]) {
        assert!(keys.contains(&term.key()), "{term} of {}", hex::encode(der));
    }
    names.len()
}

/// Certificates issued by authorities, if they are available.
fn real() -> Vec<Vec<u8>> {
    let root = conformance_data::directory("", "certificates of real authorities");
    let Some(root) = root else { return Vec::new() };
    let mut found = Vec::new();
    for path in files(&root) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        // A DER SEQUENCE with a length of two bytes, or PEM encoded once more in base64.
        for word in text.split(|c| !is_base64(c)).filter(|word| word.len() > 400) {
            let Ok(bytes) = STANDARD.decode(word) else { continue };
            found.extend(certificates(&bytes));
            if bytes.starts_with(b"-----BEGIN CERTIFICATE-----") {
                let pem = String::from_utf8(bytes).unwrap();
                let body: String =
                    pem.lines().skip(1).take_while(|l| !l.starts_with('-')).collect();
                found.extend(certificates(&STANDARD.decode(body).unwrap()));
            }
        }
    }
    found.sort();
    found.dedup();
    assert!(found.len() > 20, "{} certificates in FASTI_CONFORMANCE_DATA", found.len());
    found
}

fn certificates(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_certificate = bytes.starts_with(&[0x30, 0x82]) && X509::from_der(bytes).is_ok();
    is_certificate.then(|| bytes.to_vec())
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
