//! Proposals to Rekor v1: read, verified, and written in canonical form.

use fasti::entry::{ENTRY_BYTES_MAX, KeyMaterial, LookupTerm, lookup_keys};
use fasti::rekor_v1::{Accepted, Kind, Limits, Proposal, ProposalError, Setting, Signer};
use fasti_kit::proposals;
use tiles_spec::leaf_hash;

use crate::Seeds;

/// The longest message of a refusal, in bytes: it quotes only the beginning of what it refuses.
const MESSAGE_BYTES_MAX: usize = 4096;

/// In 2026, with less room than a log has, so that no input takes long.
const SETTING: Setting = Setting {
    limits: Limits {
        metadata_bytes_max: 64 << 10,
        inflated_bytes_max: 1 << 20,
        files_max: 100,
        attestation_bytes_max: 4 << 10,
    },
    now: 1_780_000_000,
};

/// See the crate.
pub fn check(data: &[u8]) {
    let accepted = judged(data);
    if let Ok(accepted) = &accepted {
        let again = judged(data).expect("it was accepted before");
        assert_eq!(again.body(), accepted.body());
        assert_eq!(again.index_keys(), accepted.index_keys());
        canonical(accepted);
        found(accepted);
        // Most bodies are no proposals. Those that are mean the same.
        if let Ok(again) = judged(accepted.body()) {
            assert_eq!(again.body(), accepted.body());
        }
    }
}

fn judged(data: &[u8]) -> Result<Accepted, ProposalError> {
    let accepted = Proposal::parse(data).and_then(|proposal| proposal.accept(&SETTING));
    accepted.inspect_err(|error| {
        assert!(error.to_string().len() <= MESSAGE_BYTES_MAX, "{error}");
    })
}

fn canonical(accepted: &Accepted) {
    let body = accepted.body();
    assert!(body.len() <= ENTRY_BYTES_MAX);
    let json: serde_json::Value = serde_json::from_slice(body).expect("it is JSON");
    assert_eq!(serde_json_canonicalizer::to_vec(&json).expect("it has a form"), body);
    assert_eq!(json["kind"], accepted.kind().name());
    assert_eq!(json["apiVersion"], accepted.version());
    let kept = accepted.attestation().map_or(0, |kept| kept.bytes().len());
    assert!(kept <= SETTING.limits.attestation_bytes_max);
}

/// What is accepted is found in an index, also by the keys that the entry has in canonical form.
fn found(accepted: &Accepted) {
    use Kind::{Alpine, Cose, Dsse, HashedRekord, Rekord};

    let (leaf, keys) = (leaf_hash(accepted.body()), accepted.index_keys());
    assert!(!accepted.signers().is_empty());
    assert!(!keys.is_empty() && keys.is_sorted_by(|a, b| a < b));
    assert!(keys.iter().all(|key| *key == key.to_lowercase()));
    let ours = lookup_keys(&leaf, accepted.body());
    assert!(ours.len() > 1);
    // Others have keys as they were sent, or not all of them.
    if [Alpine, Cose, Dsse, HashedRekord, Rekord].contains(&accepted.kind()) {
        for signer in accepted.signers() {
            let Signer::X509(KeyMaterial::PublicKey(spki)) = signer else { continue };
            assert!(ours.binary_search(&LookupTerm::of_public_key(spki).key()).is_ok());
        }
    }
}

/// See the crate.
pub fn seeds() -> Seeds {
    let mut seeds = Seeds::new();
    for (name, proposal) in proposals::each().into_iter().chain(proposals::packages()) {
        let proposal = proposal.to_string().into_bytes();
        judged(&proposal).unwrap_or_else(|error| panic!("{name}: {error}"));
        seeds.push((name, proposal));
    }
    seeds
}
