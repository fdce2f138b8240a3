//! Logs that grow, fork, shrink, stall and lose files, watched round by round.

mod scene;

use fasti_client::evidence::Evidence;
use fasti_kit::made_log::{MadeLog, entries, head, signing_key};
use tiles_spec::TreeSize;

use crate::alarm::AlarmKind;
use crate::event::What;
use crate::patterns::PatternTexts;
use crate::rules::Start;
use crate::watch::Outcome;
use scene::{Scene, digests, typed};

const NOTHING: Outcome = Outcome { has_matches: false, has_alarms: false, has_failed: false };
const MATCHES: Outcome = Outcome { has_matches: true, ..NOTHING };
const ALARM: Outcome = Outcome { has_alarms: true, ..NOTHING };
const FAILED: Outcome = Outcome { has_failed: true, ..NOTHING };

/// Patterns for the digests of these typed entries.
fn digests_of(numbers: &[usize]) -> PatternTexts {
    PatternTexts { digests: digests(numbers), ..PatternTexts::default() }
}

#[tokio::test]
async fn only_what_is_new_is_read_and_reported_once() {
    let scene = Scene::of(&typed(300), &digests_of(&[10, 299, 300, 512, 699]));
    let mut watch = scene.watch(Start::Now);
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    assert!(scene.outlet.matches().is_empty(), "it begins at the end");
    scene.publish(&typed(700));
    assert_eq!(watch.round(&scene.outlet).await, MATCHES);
    assert_eq!(scene.outlet.matches(), [300, 512, 699]);
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    // Another process goes on where this one ended.
    scene.publish(&typed(701));
    assert_eq!(scene.watch(Start::Now).round(&scene.outlet).await, NOTHING);
    assert_eq!(scene.outlet.matches(), [300, 512, 699]);
    let What::Round(summary) = scene.outlet.last() else { panic!("no round") };
    assert_eq!((summary.from, summary.counts.entries, summary.head.size.get()), (700, 1, 701));
}

#[tokio::test]
async fn every_beginning_and_every_size() {
    for (start, size, expected) in [
        (0, 1, vec![0]),
        (0, 256, vec![0, 255]),
        (1, 257, vec![255, 256]),
        (255, 600, vec![255, 256, 512]),
        (256, 600, vec![256, 512]),
        (600, 600, vec![]),
        (9999, 600, vec![]),
    ] {
        let scene = Scene::of(&typed(size), &digests_of(&[0, 255, 256, 512]));
        let start = Start::At(TreeSize::new(start).unwrap());
        scene.watch(start).round(&scene.outlet).await;
        assert_eq!(scene.outlet.matches(), expected);
        // From the same beginning the same was read.
        scene.publish(&typed(size + 1));
        assert!(!scene.watch(start).round(&scene.outlet).await.has_failed);
    }
}

#[tokio::test]
async fn a_fork_is_an_alarm_until_it_is_over_and_leaves_evidence() {
    let all = entries(600);
    let scene = Scene::of(&all[..500], &PatternTexts::default());
    let mut watch = scene.watch(Start::Now);
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    let mut other = all.clone();
    other[10] = b"something else".to_vec();
    scene.publish(&other);
    for _ in 0..2 {
        assert_eq!(watch.round(&scene.outlet).await, ALARM);
    }
    let alarms = scene.outlet.alarms();
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    assert_eq!(alarm.kind, AlarmKind::Fork);
    let evidence = std::fs::read(alarm.evidence.as_ref().unwrap()).unwrap();
    let key = signing_key(fasti_kit::made_log::ORIGIN).verifier_key().clone();
    assert!(Evidence::parse(&evidence).unwrap().judge(&key).unwrap().convicts());
    // The tree seen first is the one to compare with.
    scene.replace(MadeLog::of(&all));
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    assert!(scene.outlet.names().contains(&"over"));
}

#[tokio::test]
async fn a_smaller_tree_is_an_alarm() {
    let scene = Scene::of(&entries(500), &PatternTexts::default());
    let mut watch = scene.watch(Start::Now);
    watch.round(&scene.outlet).await;
    scene.replace(MadeLog::of(&entries(499)));
    assert_eq!(watch.round(&scene.outlet).await, ALARM);
    assert_eq!(scene.outlet.kinds(), [AlarmKind::Rollback]);
}

#[tokio::test]
async fn a_log_that_stops_growing_is_an_alarm_even_if_it_is_gone() {
    let scene = Scene::of(&entries(5), &PatternTexts::default());
    let mut watch = scene.watch(Start::Now);
    watch.round(&scene.outlet).await;
    scene.pass(3600);
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    scene.pass(1);
    assert_eq!(watch.round(&scene.outlet).await, ALARM);
    assert_eq!(scene.outlet.kinds(), [AlarmKind::Stalled]);
    scene.publish(&entries(6));
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    scene.remove("checkpoint");
    scene.pass(3601);
    assert_eq!(watch.round(&scene.outlet).await, ALARM);
    let kinds = scene.outlet.kinds();
    assert!(kinds.contains(&AlarmKind::Missing) && kinds.len() == 3, "{kinds:?}");
}

/// Whatever is missing or damaged, nothing after it counts as checked.
#[tokio::test]
async fn missing_and_damaged_files_stop_the_reading_and_are_named() {
    for (path, is_missing) in [
        ("tile/entries/001", true),
        ("tile/entries/001", false),
        ("tile/entries/002.p/88", false),
        ("tile/0/002.p/88", true),
        ("tile/1/000.p/2", false),
    ] {
        let scene = Scene::of(&typed(600), &digests_of(&[3, 599]));
        let whole = scene.log();
        if is_missing {
            scene.remove(path);
        } else {
            scene.damage(path);
        }
        let mut watch = scene.watch(Start::At(TreeSize::ZERO));
        let outcome = watch.round(&scene.outlet).await;
        assert!(outcome.has_alarms, "{path}");
        let kind = if is_missing { AlarmKind::Missing } else { AlarmKind::Damaged };
        let alarms = scene.outlet.alarms();
        assert_eq!(alarms[0].kind, kind, "{alarms:?}");
        let file = path.split('.').next().unwrap();
        assert!(alarms[0].reason.contains(file), "{alarms:?}");
        scene.replace(whole);
        assert_eq!(watch.round(&scene.outlet).await, MATCHES);
        assert_eq!(scene.outlet.matches(), [3, 599], "each once");
    }
}

#[tokio::test]
async fn what_is_not_delivered_comes_again() {
    let scene = Scene::of(&typed(10), &digests_of(&[1, 400]));
    let mut watch = scene.watch(Start::At(TreeSize::ZERO));
    scene.outlet.break_down(true);
    assert_eq!(watch.round(&scene.outlet).await, Outcome { has_failed: true, ..MATCHES });
    scene.publish(&typed(500));
    assert!(watch.round(&scene.outlet).await.has_failed);
    assert!(scene.outlet.matches().is_empty());
    scene.outlet.break_down(false);
    assert_eq!(watch.round(&scene.outlet).await, MATCHES);
    assert_eq!(scene.outlet.matches(), [1, 400]);
}

/// Pieces are remembered one by one, so that a log of any size gets ahead.
#[tokio::test]
async fn a_round_that_is_cut_short_goes_on_with_the_next_piece() {
    let all = typed(40_000);
    let scene = Scene::of(&all, &digests_of(&[100, 20_000, 39_999]));
    scene.damage("tile/entries/100");
    let mut watch = scene.watch(Start::At(TreeSize::ZERO));
    assert!(watch.round(&scene.outlet).await.has_alarms);
    assert_eq!(scene.outlet.matches(), [100], "the first piece of 16,384");
    scene.publish(&all);
    watch.round(&scene.outlet).await;
    assert_eq!(scene.outlet.matches(), [100, 20_000, 39_999]);
    let What::Round(summary) = scene.outlet.last() else { panic!("no round") };
    assert_eq!(summary.from, 16_384);
}

#[tokio::test]
async fn a_spammer_is_counted_and_hides_nothing_else() {
    let mut all = vec![typed(1).remove(0); 5000];
    all.push(typed(8).remove(7));
    let scene = Scene::of(&all, &digests_of(&[0, 7]));
    let mut watch = scene.watch(Start::At(TreeSize::ZERO));
    assert_eq!(watch.round(&scene.outlet).await, MATCHES);
    let expected: Vec<u64> = (0..100).chain([5000]).collect();
    assert_eq!(scene.outlet.matches(), expected);
    let left_out = scene.outlet.left_out();
    assert_eq!((left_out.count, left_out.words()), (4900, "100-4999".to_owned()));
}

#[tokio::test]
async fn times_go_forward_and_are_not_in_the_future() {
    let now = scene::NOW;
    for (times, reason) in [
        (vec![now - 10, now - 10, now], None),
        (vec![0, 0, now + 299], None),
        (vec![now - 10, now, now - 1], Some("damaged")),
        (vec![now, now, now + 301], Some("in the future")),
    ] {
        let scene = Scene::of(&entries(3), &PatternTexts::default());
        scene.date(&times);
        let mut watch = scene.watch(Start::At(TreeSize::ZERO));
        let outcome = watch.round(&scene.outlet).await;
        let expected = if reason.is_some() { ALARM } else { NOTHING };
        assert_eq!(outcome, expected, "{times:?}");
        if let Some(reason) = reason {
            assert!(scene.outlet.alarms()[0].reason.contains(reason));
        }
    }
    // From one file to the next, and from one round to the next.
    let scene = Scene::of(&entries(256), &PatternTexts::default());
    scene.date(&[now; 256]);
    let mut watch = scene.watch(Start::At(TreeSize::ZERO));
    assert_eq!(watch.round(&scene.outlet).await, NOTHING);
    scene.publish(&entries(258));
    scene.date(&[[now; 256].as_slice(), &[now - 1, now]].concat());
    assert_eq!(watch.round(&scene.outlet).await, ALARM);
    assert!(scene.outlet.alarms()[0].reason.contains("entry 256"));
    scene.publish(&entries(259));
    assert_eq!(watch.round(&scene.outlet).await, ALARM);
    assert!(scene.outlet.alarms()[1].reason.contains("is missing"));
}

#[tokio::test]
async fn a_stranger_s_checkpoint_and_no_log_at_all() {
    let scene = Scene::of(&entries(3), &PatternTexts::default());
    let mut watch = scene.watch(Start::Now);
    let mut other = MadeLog::named("log.test/other");
    other.publish(&entries(3));
    scene.replace(other);
    assert_eq!(watch.round(&scene.outlet).await, ALARM);
    assert_eq!(scene.outlet.kinds(), [AlarmKind::Checkpoint]);
    scene.replace(MadeLog::default());
    assert_eq!(watch.round(&scene.outlet).await, FAILED, "it was never there");
}

/// A state that was kept, and no checkpoint with it.
#[tokio::test]
async fn a_state_of_another_history_is_not_built_on() {
    let all = entries(300);
    let scene = Scene::of(&all, &PatternTexts::default());
    scene.watch(Start::Now).round(&scene.outlet).await;
    scene.forget_checkpoint();
    let mut other = all.clone();
    other[0] = b"something else".to_vec();
    scene.replace(MadeLog::of(&other));
    assert_eq!(scene.watch(Start::Now).round(&scene.outlet).await, ALARM);
    assert_eq!(scene.outlet.kinds(), [AlarmKind::Fork]);
    assert_ne!(head(&other), head(&all));
}

#[tokio::test]
async fn entries_whose_signatures_do_not_verify_are_reported() {
    let [good, bad] = scene::signed_entries();
    let odd = b"{\"apiVersion\":1}".to_vec();
    let scene = Scene::verifying(&[good, bad, odd]);
    let mut watch = scene.watch(Start::At(TreeSize::ZERO));
    assert_eq!(watch.round(&scene.outlet).await, MATCHES);
    assert_eq!(scene.outlet.matches(), [1, 2]);
    let What::Round(summary) = scene.outlet.last() else { panic!("no round") };
    assert_eq!((summary.counts.typed, summary.counts.signatures), (2, 1));
}

/// The index is right, behind, lacks the entries of the round, or lists them elsewhere.
#[tokio::test]
async fn an_index_that_contradicts_the_log_is_an_alarm() {
    let all = typed(20);
    let postings = scene::postings(&all);
    let without: Vec<_> = postings.iter().filter(|it| it.index.get() < 10).copied().collect();
    for (indexed, postings, expected) in
        [(20, &postings, Some(2)), (10, &without, Some(0)), (20, &without, None)]
    {
        let scene = Scene::of(&all[..10], &PatternTexts::default());
        let mut watch = scene.watch(Start::Now);
        assert_eq!(watch.round(&scene.outlet).await, NOTHING);
        scene.publish(&all);
        scene.index(&all[..indexed], postings);
        let outcome = watch.round(&scene.outlet).await;
        if expected.is_none() {
            assert_eq!(outcome, ALARM);
            assert_eq!(scene.outlet.kinds(), [AlarmKind::Index]);
        } else {
            assert_eq!(outcome, NOTHING, "{:?}", scene.outlet.alarms());
            let What::Round(summary) = scene.outlet.last() else { panic!("no round") };
            assert_eq!(summary.looked_up, expected, "an entry of the bundle, by two terms");
        }
    }
}

#[tokio::test]
async fn one_log_in_two_places_is_read_in_turn() {
    let scene = Scene::of(&typed(600), &digests_of(&[7, 599]));
    let start = Start::At(TreeSize::ZERO);
    let (mut one, mut other) = (scene.watch(start), scene.watch(start));
    let (one, other) = tokio::join!(one.round(&scene.outlet), other.round(&scene.outlet));
    assert!(one.has_matches != other.has_matches);
    assert_eq!(scene.outlet.matches(), [7, 599], "each once");
}
