//! A server that lies in anything that it serves: the answer is either right or a specific error.

use fasti_kit::made_index::MadeIndex;
use fasti_lookup_spec::{LatestFile, LookupKey, Manifest, Posting, RevisionFile};
use tiles_spec::TreeHead;

use super::scene::{entry, head_of, postings, sign};
use super::*;

/// Checks that, whatever is served, an answer is right, and says that it is complete only if it is.
async fn expect_right_or_named(scene: &Scene, all: &[Vec<u8>], question: &Question) -> bool {
    match ask(scene, question).await {
        Ok(answer) => {
            let searched = usize::try_from(answer.searched().get()).unwrap();
            let expected = by_hand(&all[..searched], question);
            assert_eq!(indices(&answer), expected);
            assert_eq!(answer.complete, answer.unsearched == 0);
            for found in &answer.entries {
                let index = usize::try_from(found.entry.index.get()).unwrap();
                assert_eq!(found.entry.bytes, all[index]);
            }
            assert!((0..=all.len()).any(|n| head_of(&all[..n]) == answer.head()));
            true
        }
        Err(error) => {
            let named = error.is_refusal() || matches!(error, SearchError::NoIndex { .. });
            assert!(named, "{error:?}");
            false
        }
    }
}

/// Questions whose answers come from the index, from the newest leaves, from both, or from neither.
fn questions(all: &[Vec<u8>]) -> Vec<Question> {
    let leaf = |n: usize| LookupTerm::Leaf(leaf_hash(&all[n]));
    vec![or(&[signed_by(0), leaf(1)]), and(&[signed_by(0), about(0)]), or(&[about(999)])]
}

/// Whether searches do not read the path: they need nothing of the lookup log but `lookup/latest`.
fn unread(path: &str) -> bool {
    ["lookup/checkpoint", "lookup/tile", "lookup/revision"].iter().any(|it| path.starts_with(it))
}

#[tokio::test]
async fn one_bit_anywhere() {
    let all = entries(5);
    let scene = Scene::of(&all, 4);
    let questions = questions(&all);
    for (path, bytes) in scene.log.objects.clone() {
        let mut refused = 0;
        // A page is mostly zeros: each of its bytes, but not each bit.
        let bits = if bytes.len() < 4096 { 8 } else { 1 };
        let unread = unread(&path);
        // For files that are not read, a few bytes are enough.
        for at in (0..bytes.len()).step_by(if unread { 50 } else { 1 }) {
            for bit in 0..bits {
                let mut lying = scene.clone();
                lying.log.objects.get_mut(&path).unwrap()[at] ^= 1 << ((bit + at) % 8);
                let question = &questions[at % questions.len()];
                refused += usize::from(!expect_right_or_named(&lying, &all, question).await);
            }
        }
        assert_eq!(refused > 0, !unread, "{path}: {refused} of {} bytes", bytes.len());
    }
}

#[tokio::test]
async fn one_bit_in_larger_logs() {
    let all = entries(1500);
    let scene = Scene::of(&all, 1450);
    let question = Question { limit: LIMIT_MAX, ..or(&[signed_by(0), about(20)]) };
    assert!(expect_right_or_named(&scene, &all, &question).await);
    for (path, bytes) in scene.log.objects.clone() {
        for at in (0..bytes.len()).step_by(bytes.len() / 2 + 1) {
            let mut lying = scene.clone();
            lying.log.objects.get_mut(&path).unwrap()[at] ^= 0x10;
            expect_right_or_named(&lying, &all, &question).await;
        }
    }
}

#[tokio::test]
async fn cut_short_gone_or_swapped() {
    let all = entries(700);
    let scene = Scene::of(&all, 650);
    let question = Question { limit: LIMIT_MAX, ..or(&[signed_by(0), about(20)]) };
    assert!(expect_right_or_named(&scene, &all, &question).await);
    let kind = |path: &str| path.split('/').take(2).collect::<Vec<_>>().join("/");
    for (path, bytes) in scene.log.objects.clone() {
        for length in [0, 1, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            let mut cut = scene.clone();
            cut.log.objects.get_mut(&path).unwrap().truncate(length);
            expect_right_or_named(&cut, &all, &question).await;
        }
        let mut gone = scene.clone();
        gone.log.objects.remove(&path);
        if path == "checkpoint" {
            let error = ask(&gone, &question).await.unwrap_err();
            assert!(matches!(error, SearchError::Read(_)), "{error}");
        } else {
            expect_right_or_named(&gone, &all, &question).await;
        }
        for (other, bytes) in &scene.log.objects {
            if kind(other) == kind(&path) && *other != path {
                let mut swapped = scene.clone();
                swapped.log.objects.insert(path.clone(), bytes.clone());
                expect_right_or_named(&swapped, &all, &question).await;
            }
        }
    }
}

/// Slots of one part, moved: each has its proof, but is in the place of another page.
#[tokio::test]
async fn pages_at_the_places_of_others() {
    let all = entries(2304);
    let scene = Scene::of(&all, 2304);
    let latest = scene.latest();
    let run = &latest.revision.manifest.runs[0];
    let (path, part) = (LookupPath::Part { range: run.range, part: 0 }, &run.parts[0]);
    assert!(part.pages > 3);
    let slot = part.slot_bytes();
    for by in [1, 2, part.pages as usize / 2, part.pages as usize - 1] {
        let mut lying = scene.clone();
        lying.log.objects.get_mut(&path.to_string()).unwrap().rotate_left(by * slot);
        for term in (0..40).map(|n| about(1_000_000 + n)).chain((0..18).map(signed_by)) {
            let error = ask(&lying, &or(&[term])).await.unwrap_err();
            assert!(matches!(error, SearchError::Part { .. }), "{by}: {error}");
        }
    }
}

#[tokio::test]
async fn an_old_revision_is_an_old_answer_that_says_so() {
    let all = entries(600);
    let mut scene = Scene::of(&all, 100);
    let old = scene.log.objects["lookup/latest"].clone();
    scene.index(&all[..500], &postings(&all[..500]));
    scene.put(&LookupPath::Latest, old);
    let question = Question { limit: LIMIT_MAX, ..or(&[signed_by(0)]) };
    let answer = ask(&scene, &question).await.unwrap();
    expect_whole(&answer, &all, &question);
    assert_eq!((answer.indexed, answer.scanned), (size(100), 500));
    let question = Question { scan_max: 499, ..question };
    let answer = ask(&scene, &question).await.unwrap();
    assert_eq!(indices(&answer), by_hand(&all[..100], &question));
    assert!(!answer.complete);
}

#[tokio::test]
async fn parts_of_two_revisions_do_not_go_together() {
    let all = entries(600);
    let mut scene = Scene::of(&all, 100);
    let old = scene.latest();
    scene.index(&all[..500], &postings(&all[..500]));
    let new = scene.latest();
    let mixed = |revision: &RevisionFile, proof: &tiles_spec::TlogProof| {
        let mut scene = scene.clone();
        let latest = LatestFile { revision: revision.clone(), proof: proof.clone() };
        scene.put(&LookupPath::Latest, latest.to_bytes());
        scene
    };
    let with = |manifest: &Manifest, checkpoint: &Vec<u8>| RevisionFile {
        manifest: manifest.clone(),
        checkpoint: checkpoint.clone(),
    };
    let old_in_new = tiles_spec::TlogProof {
        index: old.proof.index,
        hashes: vec![leaf_hash(&scene.revisions.revisions[1])],
        ..new.proof.clone()
    };
    let question = or(&[signed_by(0)]);
    for (lying, expected) in [
        (mixed(&old.revision, &new.proof), "NotSigned"),
        (mixed(&new.revision, &old.proof), "NotSigned"),
        (mixed(&old.revision, &old_in_new), "NotNewest"),
        (mixed(&with(&new.revision.manifest, &old.revision.checkpoint), &new.proof), "OtherTree"),
    ] {
        let error = ask(&lying, &question).await.unwrap_err();
        let SearchError::Index { source, .. } = &error else { panic!("{error:?}") };
        assert!(format!("{source:?}").starts_with(expected), "{source:?}");
        assert!(error.is_refusal());
    }
    // A newer checkpoint of the log also vouches for the tree of an older revision.
    let older = mixed(&with(&old.revision.manifest, &new.revision.checkpoint), &old.proof);
    let (expected, answer) =
        (ask(&scene, &question).await.unwrap(), ask(&older, &question).await.unwrap());
    assert_eq!((answer.indexed.get(), answer.scanned), (100, 500));
    assert_eq!(answer.entries.len(), expected.entries.len());
}

#[tokio::test]
async fn an_index_of_another_log_or_tree() {
    let all = entries(50);
    let question = or(&[signed_by(0)]);
    // Signed with the index's key, but of a tree that the log did not sign.
    let mut scene = Scene::of(&all, 40);
    let mut manifest = scene.latest().revision.manifest;
    manifest.head = TreeHead { root: leaf_hash(b"another"), ..manifest.head };
    scene.publish(&all[..40], &manifest);
    let error = ask(&scene, &question).await.unwrap_err().to_string();
    assert!(error.contains("lookup/latest is refused"), "{error}");
    let mut scene = Scene::of(&all, 40);
    let mut manifest = scene.latest().revision.manifest;
    manifest.origin = "log.test/other".parse().unwrap();
    scene.publish(&all[..40], &manifest);
    let SearchError::Index { source, .. } = ask(&scene, &question).await.unwrap_err() else {
        panic!("an index of another log")
    };
    assert!(matches!(*source, IndexRefusal::OtherLog { .. }), "{source}");
    // Signed not with the index's key, but with the log's, under the log's own name.
    let mut scene = Scene::of(&all, 40);
    let mut latest = scene.latest();
    let head = head_of(&scene.revisions.revisions);
    latest.proof.checkpoint = sign(&crate::testing::signing_key(), head);
    scene.put(&LookupPath::Latest, latest.to_bytes());
    let SearchError::Index { source, .. } = ask(&scene, &question).await.unwrap_err() else {
        panic!("not the index's key")
    };
    assert!(matches!(*source, IndexRefusal::Checkpoint(_)), "{source}");
}

#[tokio::test]
async fn a_log_that_shrank_or_forked() {
    let all = entries(600);
    let mut other = all.clone();
    other[3] = entry(&[9; 32], b"another", 3);
    let question = Question { limit: LIMIT_MAX, ..or(&[signed_by(0)]) };
    let scene = Scene::of(&all, 500);
    for size in [0, 1, 499] {
        let mut shrunk = scene.clone();
        shrunk.log.publish(&all[..size]);
        let error = ask(&shrunk, &question).await.unwrap_err();
        assert!(matches!(error, SearchError::Shrunk(_)) && error.is_refusal(), "{error}");
        assert!(error.to_string().contains("of 500"), "{error}");
    }
    for size in [500, 600] {
        let mut forked = scene.clone();
        forked.log.publish(&other[..size]);
        let SearchError::Fork(conflict) = ask(&forked, &question).await.unwrap_err() else {
            panic!("a fork at {size}")
        };
        let signed = [conflict.indexed.to_bytes(), conflict.shown.to_bytes()];
        let heads = signed.map(|checkpoint| opened(&checkpoint).head());
        assert_eq!(heads, [head_of(&all[..500]), head_of(&other[..size])]);
    }
}

/// No server can do this: an index with a rebuilt page does not have the signed root.
#[tokio::test]
async fn a_dropped_posting_changes_the_root() {
    let all = entries(100);
    let scene = Scene::of(&all, 100);
    let kept: Vec<_> = dropping(&all, about(1).key(), 15);
    let mut wrong = Scene { log: TestLog::of(&all), revisions: MadeIndex::default() };
    wrong.index(&all, &kept);
    wrong.put(&LookupPath::Latest, scene.log.objects["lookup/latest"].clone());
    let error = ask(&wrong, &or(&[about(1)])).await.unwrap_err();
    assert!(matches!(error, SearchError::Part { .. }) && error.is_refusal(), "{error}");
}

/// Only the index's signer can do this. It is detected if it contradicts what was read.
#[tokio::test]
async fn a_wrong_index_that_was_signed_is_named() {
    let all = entries(100);
    let wrong = |postings: &[Posting]| {
        let mut scene = Scene { log: TestLog::of(&all), revisions: MadeIndex::default() };
        scene.index(&all, postings);
        scene
    };
    // Entry 16 has neither artifact 1 nor the key of 15.
    let mut added = postings(&all);
    added.push(Posting { key: about(1).key(), index: index(16) });
    let error = ask(&wrong(&added), &or(&[about(1)])).await.unwrap_err();
    let SearchError::WrongPosting(found) = &error else { panic!("{error:?}") };
    assert_eq!((found.index, found.revision), (index(16), index(0)));
    assert!(error.is_refusal() && error.to_string().contains("entry 16"), "{error}");

    // Entry 20 is found by its key, but is not listed under its artifact.
    let dropped = dropping(&all, about(1).key(), 20);
    let error = ask(&wrong(&dropped), &or(&[signed_by(0), about(1)])).await.unwrap_err();
    let SearchError::MissingPosting(found) = &error else { panic!("{error:?}") };
    assert_eq!((found.index, found.term.as_str()), (index(20), &*about(1).to_string()));
    // A search by the artifact alone cannot detect it; auditors do.
    let answer = ask(&wrong(&dropped), &or(&[about(1)])).await.unwrap();
    assert_eq!(indices(&answer), [15, 25]);
}

fn dropping(all: &[Vec<u8>], key: LookupKey, leaf: u64) -> Vec<Posting> {
    let dropped = Posting { key, index: index(leaf) };
    let mut kept = postings(all);
    let before = kept.len();
    kept.retain(|posting| *posting != dropped);
    assert_eq!(kept.len() + 1, before);
    kept
}
