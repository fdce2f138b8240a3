//! A log that asks a witness.

use fasti_kit::http::Answer;
use fasti_kit::oracle;
use tiles_spec::witness::{AddCheckpoint, monitoring_path};
use tiles_spec::{
    Checkpoint, Hash, Note, NoteSignature, NoteSigningKey, SignedCheckpoint, TreeHead, TreeSize,
    VerifierKey, leaf_hash,
};

use crate::home::Witness;

/// A log with leaves that follow from its history.
pub struct Log {
    pub key: NoteSigningKey,
    pub history: &'static str,
}

pub fn size(size: u64) -> TreeSize {
    TreeSize::new(size).expect("it is small")
}

impl Log {
    pub fn new(name: &str) -> Self {
        let key = NoteSigningKey::from_seed(name.parse().expect("a name"), &[9; 32]);
        Self { key, history: "one" }
    }

    /// The same log, with another history.
    pub fn forked(&self) -> Self {
        Self { key: self.key.clone(), history: "other" }
    }

    pub fn vkey(&self) -> &VerifierKey {
        self.key.verifier_key()
    }

    pub fn origin(&self) -> &str {
        self.vkey().name().as_str()
    }

    pub fn leaves(&self, count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(format!("{} {n}", self.history).as_bytes())).collect()
    }

    pub fn head(&self, count: u64) -> TreeHead {
        TreeHead { size: size(count), root: oracle::root(&self.leaves(count)) }
    }

    pub fn text(&self, head: TreeHead) -> String {
        Checkpoint { origin: self.origin().to_owned(), head, extensions: vec![] }.to_text()
    }

    /// A note with this text, signed by the log.
    pub fn sign(&self, text: &str) -> SignedCheckpoint {
        let mut note = Note::unsigned(text).expect("a text");
        note.append(self.key.sign(text)).expect("there is room");
        SignedCheckpoint::parse(&note.to_bytes()).expect("a checkpoint")
    }

    pub fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
        let from = usize::try_from(old).expect("it is small");
        if old == 0 { vec![] } else { oracle::consistency(from, &self.leaves(new)) }
    }

    /// A good request, if the witness knows the tree of `old`.
    pub fn request(&self, old: u64, new: u64) -> AddCheckpoint {
        AddCheckpoint {
            old: size(old),
            proof: self.proof(old, new),
            checkpoint: self.sign(&self.text(self.head(new))),
        }
    }

    /// Asks for a cosignature.
    pub fn ask(&self, witness: &Witness, old: u64, new: u64) -> Answer {
        witness.post("/add-checkpoint", &self.request(old, new).to_bytes())
    }

    /// Asks for a cosignature and gets it: the lines, all verified.
    #[track_caller]
    pub fn cosign(
        &self,
        witness: &Witness,
        keys: &[VerifierKey],
        old: u64,
        new: u64,
    ) -> Vec<NoteSignature> {
        let answer = self.ask(witness, old, new);
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{said}");
        let text = self.text(self.head(new));
        let lines = tiles_spec::witness::open_cosignatures(&text, &answer.body, keys);
        lines.unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// What the witness shows to monitors.
    pub fn shown(&self, witness: &Witness) -> Answer {
        witness.get(&format!("/{}", monitoring_path(self.origin())))
    }
}
