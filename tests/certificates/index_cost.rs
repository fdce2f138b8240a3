//! What the most expensive entries that a log accepts cost its lookup index.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti::entry::{LOOKUP_KEYS_MAX, NAMES_MAX, X509, expect_few_keys, lookup_keys};
use fasti::lookup_spec::{KeySlice, LeafRange, Posting, build_part};
use tiles_spec::{LeafIndex, TreeSize, leaf_hash};

use crate::der::{DNS, Parts, element, names, object_identifier, sequence};

const LEAVES: usize = 256;

/// Bytes in one run of the index per byte of an entry. A posting is written about a dozen times as
/// runs are merged, and once per revision while it is in the last run.
fn bytes_of_a_run(entry: impl Fn(usize) -> String) -> f64 {
    let entries: Vec<String> = (0..LEAVES).map(entry).collect();
    let mut postings = Vec::new();
    for (index, entry) in (0..).zip(&entries) {
        let keys = lookup_keys(&leaf_hash(entry.as_bytes()), entry.as_bytes());
        let index = LeafIndex::new(index).unwrap();
        postings.extend(keys.into_iter().map(|key| Posting { key, index }));
    }
    postings.sort_unstable();
    let range = LeafRange::new(TreeSize::ZERO, TreeSize::new(LEAVES as u64).unwrap()).unwrap();
    let built = build_part(range, KeySlice::new(0, 0).unwrap(), &postings);
    let taken: usize = entries.iter().map(String::len).sum();
    #[expect(clippy::cast_precision_loss, reason = "they are small")]
    let ratio = built.bytes.len() as f64 / taken as f64;
    ratio
}

/// Short distinct names and an issuer, so that each name has two keys.
fn extensions(leaf: usize, count: usize) -> Vec<u8> {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let name = |n: usize| [n / 1296, n / 36 % 36, n % 36].map(|digit| DIGITS[digit]);
    let all: Vec<_> = (0..count).map(|n| name(leaf * count + n)).collect();
    let all: Vec<_> = all.iter().map(|name| (DNS, &name[..])).collect();
    let issuer = object_identifier(&[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8]);
    let issuer = sequence(&[&issuer, &element(4, &element(0x0c, b"i"))]);
    [names(&all), issuer].concat()
}

fn verifier(der: &[u8]) -> String {
    format!(r#""verifier":{{"x509Certificate":{{"rawBytes":"{}"}}}}"#, STANDARD.encode(der))
}

#[test]
fn an_index_takes_a_few_bytes_for_each_of_an_entry() {
    let hashedrekord = |leaf: usize| {
        let mut parts = Parts::good();
        parts.issuer = sequence(&[]);
        parts.extensions = extensions(leaf, NAMES_MAX);
        let der = parts.to_der();
        assert_eq!(X509::from_der(&der).unwrap().names().len(), NAMES_MAX);
        let (digest, signature) =
            (STANDARD.encode([u8::try_from(leaf).unwrap(); 32]), STANDARD.encode([7; 70]));
        let data = format!(r#"{{"algorithm":"SHA2_256","digest":"{digest}"}}"#);
        let signature = format!(r#"{{"content":"{signature}",{}}}"#, verifier(&der));
        let spec = format!(r#"{{"hashedRekordV002":{{"data":{data},"signature":{signature}}}}}"#);
        format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{spec}}}"#)
    };
    let opaque = |leaf: usize| {
        let extensions = element(0xa3, &element(0x30, &extensions(leaf, 127)));
        let fields = [2, 0].into_iter().chain([0x30, 0].repeat(5)).collect::<Vec<u8>>();
        let der = sequence(&[&sequence(&[&fields, &extensions]), &[0x30, 0], &[3, 0]]);
        let spec = format!(r#"{{"dsseV002":{{"signatures":[{{{}}}]}}}}"#, verifier(&der));
        let entry = format!(r#"{{"apiVersion":"0.0.2","kind":"dsse","spec":{spec}}}"#);
        let keys = lookup_keys(&leaf_hash(entry.as_bytes()), entry.as_bytes());
        assert_eq!(keys.len(), LOOKUP_KEYS_MAX);
        expect_few_keys(entry.as_bytes()).unwrap();
        entry
    };
    let usual = |leaf: usize| {
        let mut parts = Parts::good();
        parts.extensions = extensions(leaf, 1);
        let spec =
            format!(r#"{{"dsseV002":{{"signatures":[{{{}}}]}}}}"#, verifier(&parts.to_der()));
        format!(r#"{{"apiVersion":"0.0.2","kind":"dsse","spec":{spec}}}"#)
    };
    let costs = [bytes_of_a_run(hashedrekord), bytes_of_a_run(opaque), bytes_of_a_run(usual)];
    println!("bytes of a run per byte of an entry: {costs:.2?}");
    assert!(costs.iter().all(|cost| *cost < 6.0), "{costs:.2?}");
}
