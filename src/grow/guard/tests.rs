//! Every single flipped bit in what a growth step passes to the guard is found.

use async_trait::async_trait;
use bytes::Bytes;
use fasti_signer::{FileSigner, LogSigner, Statement};
use fasti_store::NewObject;
use tiles_spec::{
    EcdsaSigningKey, NoteSignature, NoteSigningKey, Origin, TreeCosigningKey, TreeSize,
};

use super::*;
use crate::integrate::{Edge, Leaf};

fn leaves(from: usize, to: usize) -> Vec<Leaf> {
    (from..to).filter_map(|n| Leaf::new(Bytes::from(format!("leaf {n}")))).collect()
}

fn signer() -> Arc<dyn Signer> {
    let origin: tiles_spec::Origin = "guard.test".parse().expect("an origin");
    let key = NoteSigningKey::from_seed(origin.key_name(), &[1; 32]);
    Arc::new(FileSigner::new(origin, key))
}

/// A guard that has checked a tree of `size` leaves, and the edge of that tree.
fn grown_to(size: usize) -> (SigningGuard, Edge) {
    let mut edge = Edge::empty();
    let mut guard = SigningGuard::new(signer(), TreeHead::EMPTY);
    if size > 0 {
        guard.check(&edge.integrate(&leaves(0, size)).expect("in range")).expect("is sound");
    }
    (guard, edge)
}

fn with_flipped_bit(grown: &Integrated, object: usize, bit: usize) -> Integrated {
    let mut flipped = grown.clone();
    let NewObject { path, bytes } = &grown.objects[object];
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    flipped.objects[object] = NewObject { path: path.clone(), bytes: bytes.into() };
    flipped
}

#[test]
fn every_flipped_bit_of_an_encoded_object_is_found() {
    let mut flips = 0;
    for (size, batch) in [(0, 3), (2, 2), (254, 3), (255, 1), (256, 1), (510, 4)] {
        let (guard, mut edge) = grown_to(size);
        let grown = edge.integrate(&leaves(size, size + batch)).expect("in range");
        for object in 0..grown.objects.len() {
            let bits = 8 * grown.objects[object].bytes.len();
            // All bits of small objects, and a spread over large ones.
            let step = (bits / 512).max(1);
            for bit in (0..bits).step_by(step) {
                let mut guard = SigningGuard::resume(signer(), guard.checked, guard.checked);
                let flipped = with_flipped_bit(&grown, object, bit);
                let path = &grown.objects[object].path;
                assert!(guard.check(&flipped).is_err(), "{size} + {batch}: {path} bit {bit}");
                flips += 1;
            }
        }
        let mut guard = guard;
        guard.check(&grown).expect("without a flip it is sound");
    }
    assert!(flips > 5000, "{flips}");
}

#[test]
fn a_wrong_root_a_missing_object_and_an_exchanged_one_are_found() {
    let (guard, mut edge) = grown_to(254);
    let grown = edge.integrate(&leaves(254, 258)).expect("in range");
    let fresh = || SigningGuard::resume(signer(), guard.checked, guard.checked);
    let mut wrong = grown.clone();
    wrong.head.root = leaves(0, 1)[0].hash;
    assert!(matches!(fresh().check(&wrong), Err(GuardError::Root { .. })));
    for object in 0..grown.objects.len() {
        let mut missing = grown.clone();
        let path = missing.objects.remove(object).path;
        assert!(matches!(fresh().check(&missing), Err(GuardError::Missing { .. })), "{path}");
    }
    let mut exchanged = grown.clone();
    let (a, b) = (exchanged.objects[0].bytes.clone(), exchanged.objects[1].bytes.clone());
    (exchanged.objects[0].bytes, exchanged.objects[1].bytes) = (b, a);
    assert!(fresh().check(&exchanged).is_err());
}

#[tokio::test]
async fn another_history_is_never_signed() {
    let (mut guard, mut edge) = grown_to(300);
    guard.sign().await.expect("signs");
    let (_, mut other) = {
        let mut edge = Edge::empty();
        let mut all = leaves(0, 300);
        all[7] = leaves(7000, 7001)[0].clone();
        (edge.integrate(&all).expect("in range"), edge)
    };
    // The same batch on top of another history and of a shorter one.
    let foreign = other.integrate(&leaves(300, 310)).expect("in range");
    assert!(matches!(guard.check(&foreign), Err(GuardError::Inconsistent { .. })));
    let shorter = Edge::empty().integrate(&leaves(0, 299)).expect("in range");
    assert!(guard.check(&shorter).is_err());
    let same_size = Edge::empty().integrate(&leaves(1, 301)).expect("in range");
    assert!(guard.check(&same_size).is_err());
    assert_eq!(guard.signed().size, TreeSize::new(300).expect("in range"));
    // The true continuation is still accepted.
    guard.check(&edge.integrate(&leaves(300, 310)).expect("in range")).expect("is sound");
    guard.sign().await.expect("signs");
}

/// Maps a text and its signature to another text to sign, or to another line.
type Lie = fn(&str, NoteSignature) -> (String, NoteSignature);

/// Signs something else, or under another name.
struct Liar {
    signer: Arc<dyn Signer>,
    lie: Lie,
}

#[async_trait]
impl Signer for Liar {
    fn origin(&self) -> &Origin {
        self.signer.origin()
    }

    fn verifier_key(&self) -> VerifierKey {
        self.signer.verifier_key()
    }

    async fn sign(&self, statement: Statement<'_>) -> Result<NoteSignature, SignerError> {
        let text = statement.text();
        let line = self.signer.sign(statement).await?;
        let (other, line) = (self.lie)(text, line);
        if other == text { Ok(line) } else { self.signer.sign(Statement::Checkpoint(&other)).await }
    }
}

fn signers() -> [Arc<dyn Signer>; 3] {
    let origin: Origin = "guard.test".parse().expect("an origin");
    let ecdsa = EcdsaSigningKey::generate(&mut fasti_seams::entropy::OsEntropy, origin.key_name());
    let tree = TreeCosigningKey::from_seed(origin.key_name(), &[2; 32]).expect("a key");
    [
        signer(),
        Arc::new(FileSigner::new(origin.clone(), ecdsa)),
        Arc::new(FileSigner::new(origin, tree)),
    ]
}

/// The checkpoint of a new log with these lines.
async fn sign(first: Arc<dyn Signer>, further: Vec<Arc<dyn Signer>>) -> Result<Bytes, GuardError> {
    let lines = LogSigner::new(first, further).expect("go together");
    SigningGuard::new(Arc::new(lines), TreeHead::EMPTY).sign().await
}

#[tokio::test]
async fn every_line_is_there_in_order() {
    let [ed25519, ecdsa, tree] = signers();
    for (first, further) in [
        (&ed25519, vec![]),
        (&ecdsa, vec![]),
        (&ed25519, vec![tree.clone()]),
        (&ecdsa, vec![tree.clone(), ed25519.clone()]),
    ] {
        let bytes = sign(first.clone(), further.clone()).await.expect("signs");
        let signed = SignedCheckpoint::parse(&bytes).expect("parses");
        let lines = signed.note().signatures();
        assert_eq!(lines.len(), 1 + further.len());
        for (line, signer) in lines.iter().zip(std::iter::once(first).chain(&further)) {
            let key = signer.verifier_key();
            assert!(key.made(line) && key.verify(signed.note().text(), line.bytes()));
        }
    }
}

#[tokio::test]
async fn no_wrong_signature_gets_out_in_any_line() {
    let lies: [Lie; 4] = [
        // Another tree.
        |text, line| (text.replace("\n0\n", "\n1\n"), line),
        |text, line| {
            let mut bytes = line.bytes().to_vec();
            bytes[9] ^= 1;
            (text.to_owned(), NoteSignature::new(line.name().clone(), line.key_id(), bytes))
        },
        // A line that nobody expects.
        |text, line| {
            let bytes = line.bytes().to_vec();
            (text.to_owned(), NoteSignature::new(line.name().clone(), [9; 4].into(), bytes))
        },
        |text, line| {
            let name = "elsewhere.test".parse().expect("a name");
            let line = NoteSignature::new(name, line.key_id(), line.bytes().to_vec());
            (text.to_owned(), line)
        },
    ];
    for lie in lies {
        for n in 0..3 {
            let liar: Arc<dyn Signer> = Arc::new(Liar { signer: signers()[n].clone(), lie });
            let [_, other, _] = signers();
            let first = sign(liar.clone(), vec![other.clone()]).await;
            assert!(matches!(first, Err(GuardError::Signature)), "first, {n}");
            let further = sign(other, vec![liar]).await;
            assert!(matches!(further, Err(GuardError::Signature)), "further, {n}");
        }
    }
    assert!(!GuardError::Signature.is_passing());
}
