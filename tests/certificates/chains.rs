//! Chains of certificates: which of them hold, as Go judges them.
//!
//! `odd` draws chains, good and bad, of which nobody knows the verdict in advance. If
//! FASTI_CHAINS_OUT is set, they are written to that file, each with fasti's verdict, and
//! `tests/interop/go/certificates` compares them with Go's own verdicts.

mod keys;
mod made;
mod odd;
mod weak;

use std::fmt::Write as _;

use fasti::x509::{Authorities, Authority, Certificate};

use crate::mutation::Draw;
use keys::Key;
use odd::{Scene, USUAL_KEYS, YEAR};

/// Chains, unless FASTI_CHAINS sets another number.
const COUNT: usize = 1500;
/// The first second of the year in which they are judged, and a half.
const TIME: i64 = 1_798_761_600 + 182 * 86_400;

/// A chain in its last form.
struct Written {
    signer: Vec<u8>,
    anchors: Vec<Vec<u8>>,
    intermediates: Vec<Vec<u8>>,
    differences: Vec<&'static str>,
}

fn keys() -> Vec<Key> {
    let usual = (1..=USUAL_KEYS).map(|seed| Key::p256(u8::try_from(seed).expect("few")));
    usual.chain(Key::others()).collect()
}

impl Written {
    fn of(scene: &Scene, keys: &[Key]) -> Self {
        let signer = scene.signer.to_der(keys);
        let mut anchors: Vec<_> = scene.anchors.iter().map(|order| order.to_der(keys)).collect();
        anchors.extend(scene.trusts_signer.then(|| signer.clone()));
        let intermediates = scene.intermediates.iter().map(|order| order.to_der(keys)).collect();
        Self { signer, anchors, intermediates, differences: scene.differences.clone() }
    }

    /// What cannot be read is passed over, as Go's pools do.
    fn holds(&self) -> Result<(), String> {
        let read = |list: &[Vec<u8>]| {
            list.iter().filter_map(|der| Authority::from_der(der).ok()).collect::<Vec<_>>()
        };
        let trusted = Authorities::new(read(&self.anchors), read(&self.intermediates));
        Certificate::from_der(&self.signer).map_err(|error| error.to_string())?;
        trusted.check(&self.signer, [TIME; 2]).map(drop).map_err(|error| error.to_string())
    }

    /// The form of `tests/interop/go/certificates`.
    fn line(&self) -> String {
        let list = |list: &[Vec<u8>]| {
            let list: Vec<_> = list.iter().map(hex::encode).collect();
            if list.is_empty() { "-".to_owned() } else { list.join(",") }
        };
        let differences = match &self.differences[..] {
            [] => "-".to_owned(),
            some => some.join(",").replace(' ', "_"),
        };
        let mut line = String::new();
        let _ = writeln!(
            line,
            "{} {differences} {TIME} {} {} {}",
            if self.holds().is_ok() { "taken" } else { "refused" },
            hex::encode(&self.signer),
            list(&self.anchors),
            list(&self.intermediates),
        );
        line
    }
}

#[test]
fn usual_chains_hold() {
    let keys = keys();
    assert_eq!(YEAR, 2027);
    for between in 0..5 {
        let scene = odd::good(between);
        assert_eq!(Written::of(&scene, &keys).holds(), Ok(()), "{between}");
        for key in USUAL_KEYS..keys.len() {
            for way in 0..7 {
                let mut scene = scene.clone();
                scene.anchors[0].key = key;
                let all = scene.anchors.iter_mut().chain(&mut scene.intermediates);
                for order in all.chain([&mut scene.signer]) {
                    order.way = way;
                    if order.signed_by == 0 {
                        order.signed_by = key;
                    }
                }
                assert_eq!(Written::of(&scene, &keys).holds(), Ok(()), "{between} {key} {way}");
            }
        }
    }
}

#[test]
fn weak_algorithms_are_refused() {
    for (what, written) in weak::chains() {
        assert!(written.holds().is_err(), "{what}");
    }
}

#[test]
fn chains_for_go_to_judge() {
    let keys = keys();
    let count = std::env::var("FASTI_CHAINS").ok().and_then(|count| count.parse().ok());
    let mut draw = Draw::new(3);
    let mut lines = String::new();
    let (mut held, mut refused) = (0, 0);
    let mut write = |written: &Written| {
        *(if written.holds().is_ok() { &mut held } else { &mut refused }) += 1;
        lines.push_str(&written.line());
    };
    (0..5).for_each(|between| write(&Written::of(&odd::good(between), &keys)));
    for (_, written) in weak::chains() {
        write(&written);
    }
    for _ in 0..count.unwrap_or(COUNT) {
        write(&Written::of(&odd::drawn(&mut draw), &keys));
    }
    assert!(held > 100 && refused > 100, "{held} held, {refused} refused");
    if let Some(path) = std::env::var_os("FASTI_CHAINS_OUT") {
        std::fs::write(path, lines).unwrap();
    }
}

/// The document has a row for each difference that is drawn here.
#[test]
fn differences_from_go_are_documented() {
    let document = include_str!("../../src/docs/safety.md");
    let mut draw = Draw::new(4);
    let mut named: Vec<_> = weak::chains().into_iter().flat_map(|(_, it)| it.differences).collect();
    (0..3000).for_each(|_| named.extend(odd::drawn(&mut draw).differences));
    named.sort_unstable();
    named.dedup();
    assert!(named.len() >= 8, "{named:?}");
    for name in named {
        assert!(document.contains(&format!("| {name} |")), "{name}");
    }
}
