//! Answers compared with the result of checking every entry; then servers that lie, questions that
//! are followed, and whom to believe.

mod believing;
mod following;
mod lies;
mod scene;

use fasti_entry::LookupTerm;
use fasti_kit::made_index::MadeIndex;
use fasti_lookup_spec::LookupPath;
use tiles_spec::LeafIndex;
use tiles_spec::leaf_hash;

use super::question::Asked;
use super::*;
use crate::testing::{TestLog, trust};
use crate::trust::OpenedCheckpoint;
use scene::{Scene, about, entries, signed_by, size};

async fn ask(scene: &Scene, question: &Question) -> Result<Answer, SearchError> {
    search(scene.log.fetch(), &trust(), question).await
}

fn or(terms: &[LookupTerm]) -> Question {
    Question::new(terms.iter().cloned(), Operator::Or)
}

fn and(terms: &[LookupTerm]) -> Question {
    Question::new(terms.iter().cloned(), Operator::And)
}

/// The expected answer, found by checking every entry.
fn by_hand(entries: &[Vec<u8>], question: &Question) -> Vec<u64> {
    let is_answer = |entry: &[u8]| {
        let leaf = leaf_hash(entry);
        let mut has = question
            .terms
            .iter()
            .map(|term| term.any_of.iter().any(|term| term.matches(&leaf, entry)));
        match question.operator {
            Operator::Or => has.any(|has| has),
            Operator::And => has.all(|has| has),
        }
    };
    let since = question.since.get();
    let found = (0..).zip(entries).filter(|(n, entry)| *n >= since && is_answer(entry));
    found.map(|(n, _)| n).collect()
}

fn indices(answer: &Answer) -> Vec<u64> {
    answer.entries.iter().map(|found| found.entry.index.get()).collect()
}

/// Checks that the answer is the expected one, complete, and says so.
#[track_caller]
fn expect_whole(answer: &Answer, entries: &[Vec<u8>], question: &Question) {
    let expected = by_hand(entries, question);
    assert_eq!(indices(answer), expected, "{question:?}");
    assert_eq!(answer.total, Total::Exactly(expected.len() as u64));
    assert!(answer.complete && !answer.is_cut);
    for found in &answer.entries {
        let (leaf, bytes) = (found.entry.leaf, &found.entry.bytes);
        assert_eq!(bytes, &entries[usize::try_from(found.entry.index.get()).unwrap()]);
        let proof = found.entry.to_tlog_proof(&answer.log);
        let keys: Vec<_> = trust().logs.into_iter().map(|log| log.key).collect();
        proof.verify(&leaf, answer.log.log().origin(), &keys).unwrap();
        let asked = question.terms.iter().flat_map(|term| &term.any_of);
        let has: Vec<_> = asked.filter(|term| term.matches(&leaf, bytes)).cloned().collect();
        assert_eq!(found.terms, has);
    }
}

#[tokio::test]
async fn every_key_of_logs_of_many_sizes() {
    for (count, indexed, every) in [
        (0, 0, 1),
        (1, 0, 1),
        (1, 1, 1),
        (255, 255, 5),
        (256, 256, 5),
        (257, 256, 5),
        (257, 257, 5),
        (700, 511, 17),
        (5000, 5000, 211),
        (5000, 4900, 307),
    ] {
        let entries = entries(count);
        let scene = Scene::of(&entries, indexed);
        for term in Scene::terms(&entries).iter().step_by(every) {
            let question = or(std::slice::from_ref(term));
            let answer = ask(&scene, &question).await.unwrap();
            expect_whole(&answer, &entries, &question);
            assert_eq!((answer.indexed, answer.scanned), (size(indexed), (count - indexed) as u64));
        }
    }
}

#[tokio::test]
async fn terms_together() {
    let entries = entries(2000);
    let scene = Scene::of(&entries, 1900);
    let leaf = |n: usize| LookupTerm::Leaf(leaf_hash(&entries[n]));
    let nobody = LookupTerm::Identity("nobody@example.com".to_owned());
    for terms in [
        vec![signed_by(0), signed_by(2)],
        vec![signed_by(0), about(3)],
        vec![about(3), signed_by(0), leaf(45)],
        vec![about(3), nobody.clone()],
        vec![nobody.clone(), nobody],
        vec![leaf(0), leaf(1), leaf(1899), leaf(1900), leaf(1999), leaf(0)],
    ] {
        let question = Question { limit: LIMIT_MAX, ..or(&terms) };
        let distinct = Asked::new(&question).unwrap().keys().len();
        let answer = ask(&scene, &question).await.unwrap();
        assert!(distinct <= terms.len());
        assert_eq!(indices(&answer), by_hand(&entries, &question), "{terms:?}");
        let question = Question { limit: LIMIT_MAX, ..and(&terms) };
        let answer = ask(&scene, &question).await.unwrap();
        assert_eq!(indices(&answer), by_hand(&entries, &question), "{terms:?}");
        assert!(answer.complete);
    }
    // One of several digests, and one of two keys.
    let terms = [vec![about(7), about(8), about(9)], vec![signed_by(0), signed_by(1)]];
    let terms = terms.map(|any_of| Term { any_of });
    let question = Question::new(terms, Operator::And);
    let answer = ask(&scene, &question).await.unwrap();
    assert!(answer.entries.len() > 1);
    expect_whole(&answer, &entries, &question);
}

#[tokio::test]
async fn the_newest_are_kept_of_a_list_of_thousands() {
    let all = entries(12_000);
    for (indexed, scanned) in [(12_000, 0), (11_990, 10), (11_000, 1000)] {
        let scene = Scene::of(&all, indexed);
        let expected = by_hand(&all, &or(&[signed_by(0)]));
        assert!(expected.len() > 5000);
        for limit in [1, 64, 65, 1000, expected.len() - 1] {
            let question = Question { limit, ..or(&[signed_by(0)]) };
            let answer = ask(&scene, &question).await.unwrap();
            assert_eq!(indices(&answer), expected[expected.len() - limit..], "{limit}");
            assert_eq!(answer.total, Total::Exactly(expected.len() as u64));
            assert!(answer.is_cut && !answer.complete);
            assert_eq!(answer.scanned, scanned);
        }
        let question = Question { limit: expected.len(), ..or(&[signed_by(0)]) };
        expect_whole(&ask(&scene, &question).await.unwrap(), &all, &question);

        for since in [1, 256, 10_999, 11_000, 11_999, 12_000, 12_001] {
            let question = Question { since: size(since), limit: LIMIT_MAX, ..or(&[signed_by(0)]) };
            let answer = ask(&scene, &question).await.unwrap();
            expect_whole(&answer, &all, &question);
            let cut = Question { limit: 1, ..question.clone() };
            let cut = ask(&scene, &cut).await.unwrap();
            assert_eq!(indices(&cut).first(), indices(&answer).last());
            assert!(cut.total.get() >= answer.total.get());
        }
    }
}

/// The other end of the same lists, and from any place in them.
#[tokio::test]
async fn the_oldest_are_found_from_any_place_on() {
    let all = entries(12_000);
    for (indexed, places) in [
        (12_000, &[0, 1, 256, 3333, 7777, 11_998, 12_001][..]),
        (11_000, &[0, 255, 8888, 10_999, 11_000, 11_001, 11_999, 12_000]),
        (0, &[10_000, 11_900]),
    ] {
        let scene = Scene::of(&all, indexed);
        for since in places.iter().copied() {
            for (limit, terms) in [
                (1, vec![signed_by(0)]),
                (65, vec![signed_by(0), signed_by(1), about(1)]),
                (1000, vec![signed_by(0)]),
                (LIMIT_MAX, vec![signed_by(3)]),
            ] {
                let (since, scan_max) = (size(since), 12_000);
                let order = Order::OldestFirst;
                let question = Question { since, limit, scan_max, order, ..or(&terms) };
                let (answer, expected) =
                    (ask(&scene, &question).await.unwrap(), by_hand(&all, &question));
                let first = &expected[..limit.min(expected.len())];
                assert_eq!(indices(&answer), first, "{indexed} {question:?}");
                if expected.len() <= limit {
                    expect_whole(&answer, &all, &question);
                    assert_eq!(answer.until, size(12_000).max(since));
                } else {
                    assert!(answer.is_cut && !answer.complete);
                    assert!(answer.total.get() >= expected.len() as u64);
                    let (last, next) = (expected[limit - 1], expected[limit]);
                    assert!((last + 1..=next).contains(&answer.until.get()), "{answer:?}");
                }
            }
        }
    }
    // All terms together.
    let scene = Scene::of(&all, 11_990);
    let question = Question { order: Order::OldestFirst, ..and(&[signed_by(0), about(40)]) };
    for limit in [1, 2, 1000] {
        let question = Question { limit, ..question.clone() };
        let expected = by_hand(&all, &question);
        let found = indices(&ask(&scene, &question).await.unwrap());
        assert_eq!(found, expected[..limit.min(expected.len())]);
    }
}

#[tokio::test]
async fn few_of_a_popular_key_have_the_other_too() {
    let all = entries(5000);
    let scene = Scene::of(&all, 4900);
    for limit in [1, 3, 1000] {
        // Neither is rare: the entries with both are found in the list of the rarer one.
        let question = Question { limit, ..and(&[signed_by(0), signed_by(3)]) };
        let answer = ask(&scene, &question).await.unwrap();
        assert_eq!((answer.entries.len(), answer.complete), (0, true));
        let question = Question { limit, ..and(&[signed_by(0), about(40)]) };
        let answer = ask(&scene, &question).await.unwrap();
        let expected = by_hand(&all, &question);
        assert_eq!(indices(&answer), expected[expected.len().saturating_sub(limit)..]);
        assert_eq!(answer.complete, expected.len() <= limit);
        assert!(answer.total.get() >= expected.len() as u64);
    }
}

#[tokio::test]
async fn leaves_that_the_index_does_not_have() {
    let all = entries(3000);
    let scene = Scene::of(&all, 2000);
    let question = Question { scan_max: 1000, limit: LIMIT_MAX, ..or(&[signed_by(0)]) };
    expect_whole(&ask(&scene, &question).await.unwrap(), &all, &question);

    let question = Question { scan_max: 999, limit: LIMIT_MAX, ..or(&[signed_by(0)]) };
    let answer = ask(&scene, &question).await.unwrap();
    assert_eq!(indices(&answer), by_hand(&all[..2000], &question));
    assert_eq!((answer.complete, answer.scanned, answer.unsearched), (false, 0, 1000));
    assert_eq!(answer.searched(), size(2000));
    // Fewer leaves are of interest.
    let question = Question { since: size(2001), ..question };
    expect_whole(&ask(&scene, &question).await.unwrap(), &all, &question);
}

#[tokio::test]
async fn a_log_without_an_index() {
    let all = entries(300);
    let scene = Scene { log: TestLog::of(&all), revisions: MadeIndex::default() };
    let question = Question { limit: LIMIT_MAX, ..or(&[signed_by(0)]) };
    let answer = ask(&scene, &question).await.unwrap();
    expect_whole(&answer, &all, &question);
    assert!(answer.index.is_none() && answer.indexed.is_zero());
    let error = ask(&scene, &Question { scan_max: 299, ..question.clone() }).await.unwrap_err();
    assert!(matches!(error, SearchError::NoIndex { leaves: 300, .. }), "{error}");
    assert!(!error.is_refusal() && error.to_string().contains("no index"), "{error}");
    let newest = Question { scan_max: 299, since: size(1), ..question };
    expect_whole(&ask(&scene, &newest).await.unwrap(), &all, &newest);

    let nothing = Scene::default();
    let error = ask(&nothing, &newest).await.unwrap_err();
    assert!(matches!(error, SearchError::Read(_)) && !error.is_refusal(), "{error}");
}

#[tokio::test]
async fn questions_that_are_none() {
    let scene = Scene::of(&entries(3), 3);
    let too_many: Vec<_> = (0..=KEYS_MAX).map(about).collect();
    for (question, expected) in [
        (or(&[]), QuestionError::Empty),
        (Question::new([Term { any_of: Vec::new() }], Operator::Or), QuestionError::Empty),
        (or(&too_many), QuestionError::TooManyKeys(KEYS_MAX + 1)),
        (Question { limit: 0, ..or(&[about(0)]) }, QuestionError::Limit(0)),
        (Question { limit: LIMIT_MAX + 1, ..or(&[about(0)]) }, QuestionError::Limit(LIMIT_MAX + 1)),
    ] {
        let error = ask(&scene, &question).await.unwrap_err();
        assert!(matches!(error, SearchError::Question(error) if error == expected), "{error}");
    }
    ask(&scene, &or(&too_many[..KEYS_MAX])).await.unwrap();
}

#[tokio::test]
async fn an_index_that_somebody_else_builds() {
    let all = entries(20);
    let mut scene = Scene::of(&all, 20);
    let key = tiles_spec::NoteSigningKey::from_seed("index.test/of".parse().unwrap(), &[7; 32]);
    let mut latest = scene.latest();
    let head = scene::head_of(&scene.revisions.revisions);
    latest.proof.checkpoint = scene::sign(&key, head);
    scene.put(&LookupPath::Latest, latest.to_bytes());
    let question = or(&[signed_by(0)]);
    let refused = ask(&scene, &question).await.unwrap_err();
    assert!(refused.is_refusal() && matches!(refused, SearchError::Index { .. }), "{refused}");
    let mut trusting = trust();
    trusting.indexers.push(key.verifier_key().clone());
    let answer = search(scene.log.fetch(), &trusting, &question).await.unwrap();
    expect_whole(&answer, &all, &question);
    // A caller who names another indexer does not trust the log's own index.
    let own = Scene::of(&all, 20);
    assert!(search(own.log.fetch(), &trusting, &question).await.is_err());
}

fn opened(checkpoint: &[u8]) -> OpenedCheckpoint {
    trust().open(checkpoint).unwrap()
}

fn index(n: u64) -> LeafIndex {
    LeafIndex::new(n).unwrap()
}
