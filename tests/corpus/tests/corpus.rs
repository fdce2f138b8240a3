//! Corpora are byte for byte what a writer would have published, clean, and reproducible; and the
//! known keys have the lists that reading every entry gives.

use std::collections::HashMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use fasti::audit::fsck::{Objects, Options, Report, fsck};
use fasti::client::fetch::DirectoryFetch;
use fasti::client::trust::Trust;
use fasti::clock::SystemClock;
use fasti::entropy::OsEntropy;
use fasti::entry::{Certificate, KeyMaterial, RekorEntry, SignedDigest};
use fasti::log::dedup::MemoryIndex;
use fasti::log::{Context, Log, LogConfig, Sharing};
use fasti::metrics::LogMetrics;
use fasti::signer::FileSigner;
use fasti::store::{MemoryStore, ObjectPath, Store as _, Stores};
use fasti_corpus::distribution::Distribution;
use fasti_corpus::entries::Entries;
use fasti_corpus::questions::{Class, Question, Term, questions};
use fasti_corpus::tiles::{WriteError, Written, write};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tiles_spec::{Hash, NoteSigningKey, leaf_hash};

fn key() -> NoteSigningKey {
    NoteSigningKey::from_seed("corpus.test".parse().unwrap(), &[7; 32])
}

fn entries(count: u64, certificates_per_million: u32) -> Entries {
    Entries::new(Distribution { seed: 5, entries: count, certificates_per_million })
}

struct Corpus {
    directory: TempDir,
    entries: Entries,
    written: Written,
}

fn corpus(count: u64, certificates_per_million: u32) -> Corpus {
    let directory = tempfile::tempdir().unwrap();
    let entries = entries(count, certificates_per_million);
    let written = write(directory.path(), &entries, &key()).unwrap();
    Corpus { directory, entries, written }
}

fn check(root: &Path) -> Report {
    let objects = Objects::Directory(DirectoryFetch::open(root.to_owned()).unwrap());
    let trust = Trust::in_keys([key().verifier_key().clone()]);
    let options =
        Options { workers: NonZeroUsize::MIN, verify_signatures: false, attestations: false };
    fsck(&objects, &trust, options, |_| {}, &|_| {}).unwrap()
}

/// All files below a directory, relative to it.
fn files(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![root.to_owned()]);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn corpora_of_all_shapes_are_clean() {
    // A little over 65,536 entries make three levels of tiles.
    for (count, certificates) in [(1, 0), (256, 0), (257, 1_000_000), (2000, 50_000), (65_800, 0)] {
        let corpus = corpus(count, certificates);
        let report = check(corpus.directory.path());
        assert!(report.is_clean(), "{count}: {:?}", report.problems);
        assert_eq!((report.size, report.rekor_entries), (Some(count), count));
        assert_eq!(report.unreadable_entries, 0);
        assert_eq!(report.ahead, 0);
    }
}

#[test]
fn the_same_settings_give_the_same_files() {
    let (one, again) = (corpus(1500, 100_000), corpus(1500, 100_000));
    let (root, other) = (one.directory.path(), again.directory.path());
    assert_eq!(files(root), files(other));
    for file in files(root) {
        assert_eq!(fs::read(root.join(&file)).unwrap(), fs::read(other.join(&file)).unwrap());
    }
    let refused = write(root, &one.entries, &key()).unwrap_err();
    assert!(matches!(refused, WriteError::NotEmpty(_)), "{refused}");
}

#[tokio::test]
async fn every_file_is_what_a_writer_publishes() {
    let corpus = corpus(700, 200_000);
    let store = Arc::new(MemoryStore::default());
    let context = Context {
        config: LogConfig::default(),
        stores: Stores::of(store.clone()),
        signer: Arc::new(FileSigner::new("corpus.test".parse().unwrap(), key())),
        memory: None,
        cosigners: None,
        sharing: Sharing::Alone,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        metrics: Arc::new(LogMetrics::default()),
    };
    let (log, driver) = Log::open(context, Arc::new(MemoryIndex::default())).await.unwrap();
    let submit = async {
        let leaves = (0..700).map(|n| Bytes::from(corpus.entries.entry(n)));
        let answers = futures::future::join_all(leaves.map(|leaf| log.submit(leaf))).await;
        log.shut_down();
        answers.into_iter().all(|answer| answer.is_ok())
    };
    let (submitted, ended) = tokio::join!(submit, driver.run());
    ended.unwrap();
    assert!(submitted);
    let mut compared = 0;
    for file in files(corpus.directory.path()) {
        let name = file.to_str().unwrap();
        if name == "_writer/log.key" {
            continue;
        }
        let published = store.get(&ObjectPath::new(name).unwrap()).await.unwrap();
        let published = published.unwrap_or_else(|| panic!("{name} was published"));
        assert_eq!(published.bytes, fs::read(corpus.directory.path().join(&file)).unwrap());
        compared += 1;
    }
    // Two full bundles and tiles, one partial one each, a level 1 tile, checkpoint, description.
    assert_eq!(compared, 9);
}

/// The entries that each term finds, by reading them all.
fn lists(entries: &Entries) -> HashMap<Term, Vec<u64>> {
    let mut lists: HashMap<Term, Vec<u64>> = HashMap::new();
    let count = entries.distribution().entries;
    let read = usize::try_from(count).unwrap();
    entries.each(0, read, |n, _, leaf| {
        for term in terms(&leaf) {
            lists.entry(term).or_default().push(n);
        }
    });
    lists
}

fn terms(leaf: &[u8]) -> Vec<Term> {
    let RekorEntry::HashedRekord(SignedDigest { digest, signature }) =
        RekorEntry::parse(leaf).unwrap()
    else {
        panic!("another kind");
    };
    let mut terms = vec![
        Term::Leaf { hash: leaf_hash(leaf).to_string() },
        Term::Digest { sha256: hex::encode(digest.as_bytes()) },
    ];
    let material = signature.verifier.material;
    let key = material.public_key().unwrap();
    let sha256 = Hash::from(<[u8; 32]>::from(Sha256::digest(key.spki_der()))).to_string();
    terms.push(Term::PublicKey { sha256 });
    if let KeyMaterial::Certificate(der) = material {
        let certificate = Certificate::from_der(&der).unwrap();
        let issuer = certificate.fulcio_issuer().unwrap().unwrap().to_owned();
        for identity in certificate.identities() {
            let (identity, issuer) = (identity.name.clone(), issuer.clone());
            terms.push(Term::Identity { identity: identity.clone() });
            terms.push(Term::IdentityOfIssuer { identity, issuer });
        }
    }
    terms
}

#[test]
fn the_known_keys_have_the_lists_that_they_are_said_to_have() {
    let Corpus { entries, written, .. } = corpus(6000, 100_000);
    let lists = lists(&entries);
    let asked = questions(&entries, &written.census, 50);
    for Question { class, term, entries, index_sum } in &asked {
        let list = lists.get(term).map_or(&[][..], Vec::as_slice);
        assert_eq!(*entries, list.len() as u64, "{class:?} {term:?}");
        assert_eq!(*index_sum, list.iter().sum::<u64>(), "{class:?} {term:?}");
        let expected = match class {
            Class::Million => 450..650,
            Class::Hundreds => 10..1000,
            Class::Several => 1..30,
            Class::Once => 1..2,
            Class::Absent => 0..1,
        };
        assert!(expected.contains(entries), "{class:?} {term:?} {entries}");
    }
    for (class, at_least) in [
        (Class::Million, 3),
        (Class::Hundreds, 14),
        (Class::Several, 30),
        (Class::Once, 120),
        (Class::Absent, 250),
    ] {
        let count = asked.iter().filter(|question| question.class == class).count();
        assert!(count >= at_least, "{class:?}: {count}");
    }
    // Every key of several entries is included.
    let several = lists.values().filter(|list| list.len() > 1).count();
    let counted = [&written.census.frequent, &written.census.projects, &written.census.re_signed];
    let counted = counted.into_iter().flatten().filter(|tally| tally.entries > 1).count();
    let identities = written.census.identities.iter().filter(|tally| tally.entries > 1).count();
    assert_eq!(several, counted + 2 * identities);
}
