//! What is signed for v1's clients, and what is not.

use fasti_signer::FileSigner;
use tiles_spec::{EcdsaSigningKey, Frontier, NoteSigningKey, SignedCheckpoint, TreeSize};

use super::*;

/// Where the log's indices begin, after those of inactive shards.
const FIRST: VirtualIndex = VirtualIndex::new(1000);

fn log() -> Arc<dyn Signer> {
    let origin: tiles_spec::Origin = "log.test".parse().unwrap();
    let key = NoteSigningKey::from_seed(origin.key_name(), &[3; 32]);
    Arc::new(FileSigner::new(origin, key))
}

fn second() -> Arc<dyn Signer> {
    let origin: tiles_spec::Origin = "log.test".parse().unwrap();
    let key = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let der = p256::pkcs8::EncodePrivateKey::to_pkcs8_der(&key).unwrap();
    let key = EcdsaSigningKey::from_pkcs8_der(origin.key_name(), der.as_bytes()).unwrap();
    Arc::new(FileSigner::new(origin, key))
}

/// A log of two entries.
async fn published(origin: &str, by: &Arc<dyn Signer>) -> (Vec<u8>, Vec<Hash>) {
    let mut frontier = Frontier::new();
    let leaves = [leaf_hash(b"one"), leaf_hash(b"two")];
    for leaf in leaves {
        frontier.push(leaf).unwrap();
    }
    let origin = origin.to_owned();
    let text = Checkpoint { origin, head: frontier.head(), extensions: Vec::new() }.to_text();
    let line = by.sign(Statement::Checkpoint(&text)).await.unwrap();
    (format!("{text}\n{line}").into_bytes(), vec![leaves[0]])
}

fn index(n: u64) -> LeafIndex {
    LeafIndex::new(n).unwrap()
}

#[tokio::test]
async fn a_checkpoint_in_v1s_form_is_of_the_published_tree() {
    for signer in [log(), second()] {
        let guard = RekorV1Guard::new(log().verifier_key(), signer.clone()).unwrap();
        let (bytes, _) = published("log.test", &log()).await;
        let text = guard.checkpoint(&bytes).await.unwrap();
        let signed = SignedCheckpoint::parse(text.as_bytes()).unwrap();
        let v2 = SignedCheckpoint::parse(&bytes).unwrap();
        assert_eq!(signed.checkpoint().head, v2.checkpoint().head);
        assert_eq!(signed.checkpoint().origin, format!("log.test - {}", guard.tree()));
        let [line] = signed.note().signatures() else { panic!("one line") };
        assert_eq!(line.name().as_str(), "log.test");
        let spki = signer.verifier_key().public_key().to_spki_der().unwrap();
        assert_eq!(line.key_id().as_bytes()[..], Sha256::digest(&spki)[..4]);
        assert!(signer.verifier_key().verify(signed.note().text(), line.bytes()));
        assert_eq!(guard.checkpoint(&bytes).await.unwrap(), text, "the same again");
    }
}

#[tokio::test]
async fn a_timestamp_is_only_of_an_entry_that_is_proved_to_be_there() {
    let guard = RekorV1Guard::new(log().verifier_key(), second()).unwrap();
    let (bytes, proof) = published("log.test", &log()).await;
    let time = IntegratedTime::new(1_780_000_000).unwrap();
    let signature = guard.timestamp(&bytes, FIRST, (index(1), b"two"), &proof, time).await.unwrap();
    let said = EntryTimestamp::new(b"two", 1_780_000_000, guard.log_id(), 1001);
    assert!(second().verifier_key().verify(said.as_str(), &signature));
    for (at, body, proof) in
        [(0, &b"two"[..], &proof[..]), (1, b"three", &proof), (1, b"two", &[]), (2, b"two", &proof)]
    {
        let refused = guard.timestamp(&bytes, FIRST, (index(at), body), proof, time).await;
        assert!(matches!(refused, Err(RekorV1GuardError::Unproved(_))), "{at}");
    }
}

#[tokio::test]
async fn nothing_is_signed_for_what_the_log_has_not_published() {
    let guard = RekorV1Guard::new(log().verifier_key(), second()).unwrap();
    let time = IntegratedTime::new(1).unwrap();
    for (origin, by) in [("other.test", log()), ("log.test", second())] {
        let (bytes, proof) = published(origin, &by).await;
        let refused = guard.checkpoint(&bytes).await;
        assert!(matches!(refused, Err(RekorV1GuardError::Checkpoint(_))), "{origin}");
        let refused = guard.timestamp(&bytes, FIRST, (index(1), b"two"), &proof, time).await;
        assert!(matches!(refused, Err(RekorV1GuardError::Checkpoint(_))), "{origin}");
    }
}

#[test]
fn a_tree_id_is_positive_and_comes_from_the_log_id() {
    assert_eq!(TreeId::of(&[0; 32]), TreeId(1));
    assert_eq!(TreeId::of(&[0xff; 32]), TreeId(i64::MAX as u64));
    let mut id = [0; 32];
    id[..8].copy_from_slice(&[0x81, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(TreeId::of(&id), TreeId(0x0102_0304_0506_0708));
    assert_eq!(TreeId::of(&id).to_string(), "72623859790382856");
    assert_eq!((TreeId::new(0), TreeId::new(1 << 63)), (None, None));
    assert_eq!(TreeId::new(TreeSize::MAX.get()).is_some(), TreeSize::MAX.get() < 1 << 63);
}
