//! Entry `n` of a corpus, as the log stores it.
//!
//! Invariant: all entries differ, because each has its own signature.

use fasti::entry::{
    ArtifactDigest, HashAlgorithm, KeyMaterial, RekorEntry, SignedDigest, SigningAlgorithm,
    VerifiableSignature, Verifier,
};
use sha2::{Digest as _, Sha256};
use tiles_spec::Hash;

use crate::certificates::{Identity, certificate, signature};
use crate::distribution::{Artifact, Distribution, FREQUENT, Plan, Signer, place};
use crate::draw::{Draw, bytes};
use crate::keys::{Key, KeySequence, Spki};

/// The data from which entries are made.
pub struct Entries {
    distribution: Distribution,
    /// The keys that sign one entry each, by the number of the entry.
    own: KeySequence,
    frequent: Vec<Spki>,
    projects: Vec<Spki>,
    identities: Vec<Identity>,
}

impl Entries {
    /// The entries of a corpus.
    pub fn new(distribution: Distribution) -> Self {
        let keys = |purpose| KeySequence::new(bytes(distribution.seed, purpose, 0));
        let pool = |purpose, count| {
            keys(purpose).starting_at(0).take(count).map(|key| key.spki()).collect()
        };
        let identities = match distribution.certificates_per_million {
            0 => 0,
            _ => place(distribution.identities()),
        };
        Self {
            own: keys("keys that sign once"),
            frequent: pool("frequent keys", FREQUENT),
            projects: pool("projects' keys", place(distribution.projects())),
            identities: (0..identities).map(Identity::new).collect(),
            distribution,
        }
    }

    /// The settings.
    pub fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// Makes `count` entries from `first` on, and passes each to `give` with its number, its plan
    /// and its leaf.
    pub fn each(&self, first: u64, count: usize, mut give: impl FnMut(u64, Plan, Vec<u8>)) {
        for (n, own) in (first..).zip(self.own.starting_at(first)).take(count) {
            let plan = self.distribution.plan(n);
            give(n, plan, self.leaf(n, plan, &own));
        }
    }

    /// The leaf of entry `n`.
    pub fn entry(&self, n: u64) -> Vec<u8> {
        self.leaf(n, self.distribution.plan(n), &self.own.key(n))
    }

    fn leaf(&self, n: u64, plan: Plan, own: &Key) -> Vec<u8> {
        let mut draw = Draw::new(self.distribution.seed, SIGNATURES, n);
        let content = signature(32, &mut draw);
        let key = self.signing_key(plan.signer, own);
        let material = match plan.signer {
            Signer::Identity(who) => {
                let certificate = certificate(&self.identities[who], &key, n, &mut draw);
                KeyMaterial::Certificate(certificate.expect("its parts are short and ASCII"))
            }
            _ => KeyMaterial::PublicKey(key.to_vec()),
        };
        let key_details = SigningAlgorithm::EcdsaP256Sha256.key_details();
        let entry = RekorEntry::HashedRekord(SignedDigest {
            digest: ArtifactDigest::new(HashAlgorithm::Sha256, &self.digest(n, plan.artifact))
                .expect("32 bytes"),
            signature: VerifiableSignature {
                content,
                verifier: Verifier { key_details, material },
            },
        });
        entry.to_leaf().expect("short enough")
    }

    fn signing_key(&self, signer: Signer, own: &Key) -> Spki {
        match signer {
            Signer::Own | Signer::Identity(_) => own.spki(),
            Signer::Frequent(which) => self.frequent[which],
            Signer::Project(which) => self.projects[which],
        }
    }

    /// The SHA-256 of the artifact of entry `n`.
    pub fn digest(&self, n: u64, artifact: Artifact) -> [u8; 32] {
        let seed = self.distribution.seed;
        match artifact {
            Artifact::Own => bytes(seed, "artifact", n),
            Artifact::ReSigned(which) => bytes(seed, "artifact signed several times", which as u64),
        }
    }

    /// The SHA-256 of the public key of entry `n` in DER.
    pub fn public_key(&self, n: u64, signer: Signer) -> Hash {
        let key = self.signing_key(signer, &self.own.key(n));
        Hash::from(<[u8; 32]>::from(Sha256::digest(key)))
    }

    /// The identities that have certificates, by number.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }
}

/// The stream of draws for signatures.
const SIGNATURES: u64 = 2;
