//! Whom the caller trusts: the keys of logs, witnesses and indexers.
//!
//! Follows C2SP signed-note, tlog-checkpoint and tlog-policy. Invariants: an [`OpenedCheckpoint`]
//! is of a trusted log, was signed by that log's own key, satisfies the policy if there is one, and
//! carries no bad signature of any trusted key. Signature lines of unknown keys are ignored,
//! wherever they appear.

use std::sync::Arc;

use fasti_lookup_spec::lookup_origin;
use tiles_spec::PublicKey::MlDsa44Cosignature;
use tiles_spec::{
    Checkpoint, CheckpointError, KeyName, NoteError, Policy, PolicyRefusal, SignedCheckpoint,
    TreeHead, VerifierKey, cosignature_time, open_checkpoint,
};

use crate::window::Window;

/// A log and the key that signs its checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// The log's key; the key's name is the log's origin.
    pub key: VerifierKey,
    /// Sigstore's ID for the log, `logId.keyId`: 32 bytes.
    pub log_id: [u8; 32],
    /// When the log signed with the key.
    pub in_use: Window,
}

/// Everyone the caller trusts about a log.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Logs. Several keys for one origin are several logs here.
    pub logs: Vec<TrustedLog>,
    /// Keys of witnesses (types 0x04 and 0x06).
    pub witnesses: Vec<VerifierKey>,
    /// Keys of indexers, if a log does not sign its own index. The keys' names are the origins of
    /// their lookup logs.
    pub indexers: Vec<VerifierKey>,
    /// Which witnesses must have cosigned a checkpoint. The checkpoints of an index need no
    /// cosignatures: what they prove is about a checkpoint of the log that has them.
    pub policy: Option<Arc<Policy>>,
}

/// A checkpoint signed by a trusted log.
#[derive(Clone, Debug)]
pub struct OpenedCheckpoint {
    signed: SignedCheckpoint,
    log: TrustedLog,
    cosigned: Vec<Cosigned>,
}

/// A trusted witness that saw the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The witness.
    pub witness: KeyName,
    /// When the witness saw it, by its own clock, in POSIX seconds; 0 if it does not say.
    pub unix_seconds: u64,
}

/// Why a checkpoint is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointRefusal {
    /// A checkpoint of a log that the caller does not know.
    #[error("the checkpoint is of the log {origin:?}, but the trusted keys are of {known}")]
    UnknownLog {
        /// The origin in the checkpoint.
        origin: String,
        /// The origins of the trusted logs.
        known: String,
    },
    /// A checkpoint of a log that the caller knows by another key.
    #[error(
        "the checkpoint is of the log {origin:?}, as expected, but it is signed by the key \
         {signed}, and the trusted key is {known}: the origin is the same, but the key is different"
    )]
    OtherKey {
        /// The log's origin.
        origin: String,
        /// The name and ID of the key that signed, according to the checkpoint.
        signed: String,
        /// The names and IDs of the trusted keys with that name.
        known: String,
    },
    /// A checkpoint signed by a trusted key, but under another name.
    #[error(
        "the checkpoint is of the log {origin:?}, but is signed by the trusted key of {known:?}: \
         the key is the same, but the origin is different"
    )]
    OtherOrigin {
        /// The origin in the checkpoint.
        origin: String,
        /// The name of the trusted key.
        known: String,
    },
    /// The checkpoint is malformed, or not properly signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is a log's, but too few witnesses have cosigned it.
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
}

impl TrustedLog {
    /// A log with this key, and no limit on its time of use.
    pub fn new(key: VerifierKey) -> Self {
        Self { log_id: key.log_id(), key, in_use: Window::default() }
    }

    /// The first line of its checkpoints.
    pub fn origin(&self) -> &str {
        self.key.name().as_str()
    }
}

impl Trust {
    /// Trust in keys, each for what its type signs: checkpoints of its own log, or cosignatures.
    ///
    /// A key of type 0x06 can be a log's or a witness's. For checkpoints whose origin is the key's
    /// name, it is the log's key; for others, a witness's.
    pub fn in_keys(keys: impl IntoIterator<Item = VerifierKey>) -> Self {
        let (cosigning, signing): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| key.public_key().cosigns());
        let of_trees = |key: &&VerifierKey| matches!(key.public_key(), MlDsa44Cosignature(_));
        let further = cosigning.iter().filter(of_trees).cloned();
        let logs = signing.into_iter().chain(further).map(TrustedLog::new).collect();
        Self { logs, witnesses: cosigning, ..Self::default() }
    }

    /// Trusts the logs and witnesses of a policy too, and no checkpoint that does not satisfy it.
    #[must_use]
    pub fn under(mut self, policy: Policy) -> Self {
        let logs = policy.logs().iter().map(|log| &log.key);
        let known: Vec<_> = self.logs.iter().map(|log| log.key.clone()).collect();
        let new = logs.filter(|key| !known.contains(key)).cloned().map(TrustedLog::new);
        self.logs.extend(new);
        let witnesses = policy.witnesses().iter().map(|witness| &witness.key);
        let new: Vec<_> = witnesses.filter(|key| !self.witnesses.contains(key)).cloned().collect();
        self.witnesses.extend(new);
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Trust in the index of a log: in the named indexers, or else in the log's own keys under the
    /// name of its index.
    #[must_use]
    pub fn in_lookup_of(&self, origin: &str) -> Self {
        let indexers = if self.indexers.is_empty() {
            self.own_indexers(origin)
        } else {
            self.indexers.clone()
        };
        Self {
            logs: indexers.into_iter().map(TrustedLog::new).collect(),
            witnesses: self.witnesses.clone(),
            ..Self::default()
        }
    }

    /// The keys of a log, under the name of its index. Empty if the index cannot have a name.
    fn own_indexers(&self, origin: &str) -> Vec<VerifierKey> {
        let Some(lookup) = origin.parse().ok().and_then(|origin| lookup_origin(&origin).ok())
        else {
            return Vec::new();
        };
        let own = self.logs.iter().filter(|log| log.origin() == origin);
        own.filter_map(|log| VerifierKey::new(lookup.key_name(), log.key.public_key().clone()).ok())
            .collect()
    }

    /// Reads a signed checkpoint and determines who vouches for it.
    pub fn open(&self, bytes: &[u8]) -> Result<OpenedCheckpoint, CheckpointRefusal> {
        let opened = self.open_uncosigned(bytes)?;
        if let Some(policy) = &self.policy {
            policy.cosigners_of(opened.signed.note())?;
        }
        Ok(opened)
    }

    /// Like [`open`](Self::open), but whatever the policy says. For a checkpoint that is compared
    /// with one that satisfies it.
    pub fn open_uncosigned(&self, bytes: &[u8]) -> Result<OpenedCheckpoint, CheckpointRefusal> {
        let signed = SignedCheckpoint::parse(bytes)?;
        let origin = signed.checkpoint().origin.clone();
        let logs: Vec<_> = self.logs.iter().filter(|log| log.origin() == origin).collect();
        if logs.is_empty() {
            return Err(self.unknown(&signed));
        }
        let keys: Vec<_> = logs.iter().map(|log| log.key.clone()).collect();
        open_checkpoint(bytes, &origin, &keys).map_err(|error| otherwise(error, &signed, &keys))?;
        let signers = signed.verify(&keys).map_err(CheckpointError::from)?;
        let signed_by = logs.into_iter().filter(|log| signers.contains(&&log.key));
        let log = signed_by.min_by_key(|log| log.key.public_key().cosigns());
        let log = log.expect("every signer is one of the given keys").clone();
        let cosigned = self.cosigned(&signed)?;
        Ok(OpenedCheckpoint { signed, log, cosigned })
    }

    /// The trusted witnesses among the signers, which can be an empty list. A bad cosignature is an
    /// error.
    fn cosigned(&self, signed: &SignedCheckpoint) -> Result<Vec<Cosigned>, CheckpointRefusal> {
        let origin = &signed.checkpoint().origin;
        let others = self.witnesses.iter().filter(|key| key.name().as_str() != origin);
        let witnesses: Vec<_> = others.cloned().collect();
        let signers = match signed.verify(&witnesses) {
            Ok(signers) => signers,
            Err(NoteError::NoKnownSignature) => return Ok(Vec::new()),
            Err(error) => return Err(CheckpointError::from(error).into()),
        };
        let seen = signers.into_iter().filter_map(|key| {
            let line = signed.note().signatures().iter().find(|line| key.made(line))?;
            let unix_seconds = cosignature_time(line)?;
            Some(Cosigned { witness: key.name().clone(), unix_seconds })
        });
        Ok(seen.collect())
    }

    /// The refusal for a checkpoint of an unknown log.
    fn unknown(&self, signed: &SignedCheckpoint) -> CheckpointRefusal {
        let origin = &signed.checkpoint().origin;
        let has_signed = |log: &&TrustedLog| {
            let key = VerifierKey::new(origin.parse().ok()?, log.key.public_key().clone()).ok()?;
            signed.verify(&[key]).ok().map(drop)
        };
        let origin = origin.clone();
        match self.logs.iter().find(|log| has_signed(log).is_some()) {
            Some(log) => CheckpointRefusal::OtherOrigin { origin, known: log.origin().to_owned() },
            None => CheckpointRefusal::UnknownLog { origin, known: self.origins() },
        }
    }

    fn origins(&self) -> String {
        let mut origins: Vec<_> = self.logs.iter().map(TrustedLog::origin).collect();
        origins.dedup();
        if origins.is_empty() { "no log".to_owned() } else { origins.join(", ") }
    }
}

/// The refusal for a checkpoint of the right log that does not verify. If no known key signed it,
/// names the key that did.
fn otherwise(
    error: CheckpointError,
    signed: &SignedCheckpoint,
    keys: &[VerifierKey],
) -> CheckpointRefusal {
    let origin = &signed.checkpoint().origin;
    let mut lines = signed.note().signatures().iter();
    let own = lines.find(|line| line.name().as_str() == origin);
    match (own, &error) {
        (Some(line), CheckpointError::Note(NoteError::NoKnownSignature)) => {
            let known = keys.iter().map(|key| format!("{}+{}", key.name(), key.key_id()));
            CheckpointRefusal::OtherKey {
                origin: origin.clone(),
                signed: format!("{}+{}", line.name(), line.key_id()),
                known: known.collect::<Vec<_>>().join(", "),
            }
        }
        _ => error.into(),
    }
}

impl OpenedCheckpoint {
    /// The log, and the key that signed.
    pub const fn log(&self) -> &TrustedLog {
        &self.log
    }

    /// The size and root hash of the tree.
    pub const fn head(&self) -> TreeHead {
        self.checkpoint().head
    }

    /// The signed text.
    pub const fn checkpoint(&self) -> &Checkpoint {
        self.signed.checkpoint()
    }

    /// The trusted witnesses that saw the checkpoint.
    pub fn cosigned(&self) -> &[Cosigned] {
        &self.cosigned
    }

    /// The signed note.
    pub const fn signed(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// The whole note, as it was read.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.signed.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use tiles_spec::{
        CosigningKey, EcdsaSigningKey, NoteSigningKey, TreeCosigningKey, cosign, cosign_tree,
    };

    use super::*;

    fn log_key(name: &str, seed: u8) -> NoteSigningKey {
        NoteSigningKey::from_seed(name.parse().unwrap(), &[seed; 32])
    }

    fn text(origin: &str) -> String {
        let head = TreeHead::EMPTY;
        Checkpoint { origin: origin.to_owned(), head, extensions: Vec::new() }.to_text()
    }

    fn note(text: &str, lines: &[String]) -> Vec<u8> {
        format!("{text}\n{}", lines.concat()).into_bytes()
    }

    #[test]
    fn a_log_signs_for_itself_only() {
        let (one, other) = (log_key("log.test/one", 1), log_key("log.test/other", 2));
        let trust = Trust::in_keys([one.verifier_key().clone(), other.verifier_key().clone()]);
        let text = text("log.test/one");
        let opened = trust.open(&note(&text, &[one.sign(&text).to_string()])).unwrap();
        assert_eq!(opened.log().key, *one.verifier_key());
        assert_eq!(opened.head(), TreeHead::EMPTY);
        let foreign = trust.open(&note(&text, &[other.sign(&text).to_string()]));
        let unsigned = CheckpointError::Note(NoteError::NoKnownSignature);
        assert_eq!(foreign.unwrap_err(), CheckpointRefusal::Checkpoint(unsigned));
        let unknown = Trust::in_keys([other.verifier_key().clone()]);
        let refusal = unknown.open(&note(&text, &[one.sign(&text).to_string()])).unwrap_err();
        assert!(refusal.to_string().contains("log.test/other"), "{refusal}");
    }

    #[test]
    fn what_has_changed_is_named() {
        let (one, again) = (log_key("log.test/one", 1), log_key("log.test/one", 2));
        let renamed = log_key("log.test/two", 1);
        let text = text("log.test/one");
        let note = note(&text, &[one.sign(&text).to_string()]);
        let refusal = |key: &NoteSigningKey| {
            Trust::in_keys([key.verifier_key().clone()]).open(&note).unwrap_err()
        };
        let id = |key: &NoteSigningKey| {
            format!("{}+{}", key.verifier_key().name(), key.verifier_key().key_id())
        };
        assert_eq!(
            refusal(&again),
            CheckpointRefusal::OtherKey {
                origin: "log.test/one".to_owned(),
                signed: id(&one),
                known: id(&again)
            }
        );
        assert_eq!(
            refusal(&renamed),
            CheckpointRefusal::OtherOrigin {
                origin: "log.test/one".to_owned(),
                known: "log.test/two".to_owned()
            }
        );
    }

    #[test]
    fn witnesses_are_counted_and_bad_lines_are_not_passed_over() {
        let log = log_key("log.test/one", 1);
        let witness = CosigningKey::from_seed("witness.test/w".parse().unwrap(), &[3; 32]);
        let keys = [log.verifier_key().clone(), witness.verifier_key().clone()];
        let text = text("log.test/one");
        let signed = log.sign(&text).to_string();
        let seen = cosign(&witness, &text, 1_700_000_000).unwrap().to_string();
        let stranger = log_key("stranger.test", 4).sign(&text).to_string();

        let trust = Trust::in_keys(keys);
        let lines = [stranger, seen.clone(), signed.clone()];
        let opened = trust.open(&note(&text, &lines)).unwrap();
        let expected = Cosigned {
            witness: witness.verifier_key().name().clone(),
            unix_seconds: 1_700_000_000,
        };
        assert_eq!(opened.cosigned(), [expected]);
        assert!(trust.open(&note(&text, &[seen])).is_err(), "a witness is no log");
        let bad = cosign(&witness, "another text\n", 1).unwrap().to_string();
        assert!(trust.open(&note(&text, &[signed, bad])).is_err());
    }

    #[test]
    fn a_policy_names_logs_and_demands_witnesses() {
        let log = log_key("log.test/one", 1);
        let witness =
            |name: &str, seed| CosigningKey::from_seed(name.parse().unwrap(), &[seed; 32]);
        let (a, b) = (witness("a.test", 3), witness("b.test", 4));
        let policy = format!(
            "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both\n",
            log.verifier_key(),
            a.verifier_key(),
            b.verifier_key()
        );
        let trust = Trust::default().under(Policy::parse(policy.as_bytes()).unwrap());
        let text = text("log.test/one");
        let signed = log.sign(&text).to_string();
        let by = |witness| cosign(witness, &text, 1_700_000_000).unwrap().to_string();
        let opened = trust.open(&note(&text, &[signed.clone(), by(&a), by(&b)])).unwrap();
        assert_eq!(opened.cosigned().len(), 2);
        let refusal = trust.open(&note(&text, &[signed.clone(), by(&b)])).unwrap_err();
        assert!(matches!(refusal, CheckpointRefusal::Policy(PolicyRefusal::Quorum(_))));
        // A log that is trusted otherwise needs the witnesses too.
        let other = log_key("log.test/other", 2);
        let both = Trust::in_keys([other.verifier_key().clone(), log.verifier_key().clone()]);
        let both = both.under(Policy::parse(policy.as_bytes()).unwrap());
        assert_eq!(both.logs.len(), 2);
        let text = super::tests::text("log.test/other");
        let refusal = both.open(&note(&text, &[other.sign(&text).to_string()])).unwrap_err();
        assert!(matches!(refusal, CheckpointRefusal::Policy(_)), "{refusal}");
        // Its index does not.
        let index = both.in_lookup_of("log.test/one");
        assert!(index.policy.is_none() && index.witnesses.len() == 2);
    }

    fn tree_key(name: &str, seed: u8) -> TreeCosigningKey {
        TreeCosigningKey::from_seed(name.parse().unwrap(), &[seed; 32]).unwrap()
    }

    #[test]
    fn further_lines_of_a_log_are_its_own() {
        let log = log_key("log.test/one", 1);
        let (tree, witness) = (tree_key("log.test/one", 2), tree_key("witness.test/w", 3));
        let text = text("log.test/one");
        let first = log.sign(&text).to_string();
        let second = cosign_tree(&tree, &text, 0).unwrap().to_string();
        let seen = cosign_tree(&witness, &text, 1_700_000_000).unwrap().to_string();
        let bytes = note(&text, &[first.clone(), second.clone(), seen]);
        let keys = [tree.verifier_key(), witness.verifier_key(), log.verifier_key()];
        let keys = keys.map(Clone::clone);

        let opened = Trust::in_keys(keys.clone()).open(&bytes).unwrap();
        assert_eq!(opened.log().key, *log.verifier_key(), "the key that names the log");
        let [cosigned] = opened.cosigned() else { panic!("{:?}", opened.cosigned()) };
        assert_eq!(cosigned.witness, *witness.verifier_key().name());
        // A caller who knows only one of the keys needs no other.
        for key in [&keys[0], &keys[2]] {
            let opened = Trust::in_keys([key.clone()]).open(&bytes).unwrap();
            assert_eq!(opened.log().key, *key);
        }
        assert!(Trust::in_keys([keys[1].clone()]).open(&bytes).is_err(), "a witness is no log");
        let bad = cosign_tree(&tree, &text.replace("\n0\n", "\n1\n"), 0).unwrap().to_string();
        let bytes = note(&text, &[first.clone(), bad]);
        assert!(Trust::in_keys(keys.clone()).open(&bytes).is_err());
        assert!(Trust::in_keys([keys[2].clone()]).open(&bytes).is_ok(), "an unknown key's line");
    }

    #[test]
    fn a_log_with_an_ecdsa_key() {
        let key = "log.test/one".parse().unwrap();
        let key = EcdsaSigningKey::generate(&mut fasti_seams::entropy::OsEntropy, key);
        let trust = Trust::in_keys([key.verifier_key().clone()]);
        let text = text("log.test/one");
        let opened = trust.open(&note(&text, &[key.sign(&text).to_string()])).unwrap();
        assert_eq!(opened.log().log_id, key.verifier_key().log_id());
        let foreign = key.sign("another text\n").to_string();
        assert!(trust.open(&note(&text, &[foreign])).is_err());
    }
}
