//! A search by a host of a dozen lines: no runtime, no files, and terms of its own. (The client
//! tests searches of Rekor's entries, with every kind of lie.)

use std::collections::BTreeSet;
use std::fmt;

use fasti_kit::made_index::MadeIndex;
use fasti_kit::made_log;
use fasti_lookup_spec::{Posting, ranges};
use tiles_spec::{Hash, LeafIndex, TreeHead, leaf_hash};

use super::*;
use crate::testing::TestLog;
use crate::tree::Tree;
use crate::trust::Trust;

/// A word of an entry.
#[derive(Clone, Debug)]
struct Word(&'static str);

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "word {}", self.0)
    }
}

impl Sought for Word {
    fn key(&self) -> LookupKey {
        LookupKey::digest(self.0.as_bytes())
    }

    fn matches(&self, _: &Hash, entry: &[u8]) -> bool {
        words(entry).any(|word| word == self.0.as_bytes())
    }

    fn keys_of(leaf: &Hash, entry: &[u8]) -> Vec<LookupKey> {
        let keys = words(entry).map(LookupKey::digest).chain([LookupKey::leaf(leaf)]);
        keys.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn words(entry: &[u8]) -> impl Iterator<Item = &[u8]> {
    entry.split(|byte| *byte == b' ')
}

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("entry {n} of {}", ["odd", "even"][(n + 1) % 2]).into()).collect()
}

fn signed(head: TreeHead) -> Vec<u8> {
    made_log::checkpoint(&made_log::signing_key(made_log::ORIGIN), head)
}

/// A log of these entries with an index of the first `indexed`.
fn log(entries: &[Vec<u8>], indexed: usize) -> TestLog {
    let mut log = TestLog::of(entries);
    let postings = (0..).zip(&entries[..indexed]).flat_map(|(n, entry)| {
        let index = LeafIndex::new(n).unwrap();
        let keys = Word::keys_of(&leaf_hash(entry), entry).into_iter();
        keys.map(move |key| Posting { key, index })
    });
    let postings: Vec<_> = postings.collect();
    MadeIndex::default().revise(&mut log.made, &entries[..indexed], &postings);
    log
}

/// Searches, one object at a time.
fn search(log: &mut TestLog, question: &Question<Word>) -> Result<Answer<Word>, SearchFault> {
    let trust = Trust::in_keys([log.key.verifier_key().clone()]);
    let opened = log.host(Opened::read(&trust))?;
    let asked = Asked::new(question)?;
    let mut search = Search::new(opened, question, &asked)?;
    let mut scanned = Scanned::default();
    if let Some(Newest { from, bundles }) = search.newest() {
        let head = search.opened().checkpoint.head();
        let mut tree = match search.opened().tree.take() {
            Some(tree) => tree,
            None => log.host(Tree::open(head)?)?,
        };
        for index in bundles.start.get()..bundles.end.get() {
            let bundle = log.host(tree.bundle(TileIndex::new(index))?)?;
            scanned.add(matches(&asked, &bundle, from), question.order, question.limit);
        }
        search.opened().tree = Some(tree);
    }
    let listed = log.host(search.lists())?;
    let found = log.host(search.find(listed, scanned)?)?;
    Ok(search.answer(found))
}

fn indices(answer: &Answer<Word>) -> Vec<u64> {
    answer.entries.iter().map(|found| found.entry.index.get()).collect()
}

#[test]
fn index_and_newest_bundles_together_give_every_entry() {
    let all = entries(700);
    for indexed in [700, 650, 256, 1] {
        let mut log = log(&all, indexed);
        let question = Question::new([Word("17"), Word("699"), Word("none")], Operator::Or);
        let answer = search(&mut log, &question).unwrap();
        assert_eq!(indices(&answer), [17, 699]);
        assert!(answer.complete);
        assert_eq!(answer.indexed.get(), indexed as u64);
        let question = Question::new([Word("even"), Word("44")], Operator::And);
        assert_eq!(indices(&search(&mut log, &question).unwrap()), [44]);
        let question = Question { limit: 3, ..Question::new([Word("odd")], Operator::Or) };
        let answer = search(&mut log, &question).unwrap();
        assert_eq!(indices(&answer), [695, 697, 699]);
        assert_eq!((answer.total, answer.is_cut), (Total::Exactly(350), true));
    }
}

#[test]
fn a_lookup_reads_two_files_a_page_of_each_run_and_the_entry() {
    let mut log = log(&entries(600), 600);
    let runs = ranges(log.head.size).len();
    let answer = search(&mut log, &Question::new([Word("17")], Operator::Or)).unwrap();
    assert_eq!(indices(&answer), [17]);
    let of = |prefix: &str| log.requests.iter().filter(|path| path.starts_with(prefix)).count();
    assert_eq!([of("checkpoint"), of("lookup/latest"), of("lookup/run/")], [1, 1, runs]);
    assert_eq!([of("tile/entries/"), log.requests.len()], [1, runs + 6], "{:?}", log.requests);
}

#[test]
fn faults_are_named() {
    let question = Question::new([Word("17")], Operator::Or);
    let sound = log(&entries(600), 512);
    let fault = |edit: &dyn Fn(&mut TestLog)| {
        let mut log = sound.clone();
        edit(&mut log);
        search(&mut log, &question).unwrap_err()
    };
    let part = "lookup/run/0/256/0";
    let missing = fault(&|log| drop(log.objects.remove(part)));
    assert!(missing.may_have_moved_on(), "{missing}");
    let part = fault(&|log| log.objects.get_mut(part).unwrap().iter_mut().for_each(|b| *b ^= 1));
    assert!(matches!(part, SearchFault::Part { .. }), "{part}");
    let refused = fault(&|log| log.objects.get_mut("lookup/latest").unwrap()[300] ^= 1);
    assert!(matches!(refused, SearchFault::Index(_)), "{refused}");
    let small = signed(TestLog::of(&entries(100)).head);
    let shrunk = fault(&|log| drop(log.objects.insert("checkpoint".into(), small.clone())));
    assert!(matches!(shrunk, SearchFault::Shrunk(_)), "{shrunk}");
    let other = TestLog::of(&entries(600).into_iter().rev().collect::<Vec<_>>());
    let fork = fault(&|log| {
        log.objects.extend(other.objects.clone());
        log.objects.insert("checkpoint".into(), signed(other.head));
    });
    assert!(matches!(fork, SearchFault::Fork(_)), "{fork}");
    assert!(matches!(fault(&|log| log.objects.clear()), SearchFault::NoLog));
}
