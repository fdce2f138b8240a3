//! What the lock names, and what does not match it.

use super::*;

const LOCK: &str = "_writer/lock";
const SEGMENT: &str = "_writer/commit/1.segment";

fn file(inode: u64, seconds: u64) -> FileIdentity {
    FileIdentity { inode, born: Some(Duration::new(seconds, 5)) }
}

fn segment(inode: u64, seconds: u64, id: u8) -> SegmentName {
    SegmentName { file: file(inode, seconds), id: [id; 16] }
}

fn found(name: SegmentName, own: FileIdentity, lock: FileIdentity) -> Found<'static> {
    Found { path: Path::new(SEGMENT), name, header: Some(HeaderNames { own, lock }) }
}

/// The verdict on a lock with this text, and a segment.
fn judged(text: &[u8], own: FileIdentity, found: Option<Found<'_>>) -> Verdict {
    judge(Path::new(LOCK), own, &Named::parse(text), found)
}

#[track_caller]
fn copied(verdict: &Verdict, says: &str) {
    match verdict {
        Verdict::Copied(reason) => assert!(reason.contains(says), "{reason}"),
        other => panic!("{other:?} in place of a copy: {says}"),
    }
}

#[test]
fn names_come_back() {
    let unknown = FileIdentity { inode: u64::MAX, born: None };
    let segments = [segment(u64::MAX, u64::MAX, 255), segment(1, 0, 0)];
    for own in [file(7, 1_795_930_419), unknown] {
        for segments in [&segments[..], &segments[..1], &[]] {
            let text = text(own, segments);
            assert_eq!(text.len(), TEXT_BYTES, "always of one length");
            let all = Named::All { own, segments: segments.to_vec() };
            assert_eq!(Named::parse(text.as_bytes()), all);
        }
    }
}

#[test]
fn a_torn_text_is_judged_by_the_inode_alone() {
    let text = text(file(7, 70), &[segment(8, 80, 1)]);
    let end = text.trim_end().len();
    for cut in 0..end {
        let named = Named::parse(&text.as_bytes()[..cut]);
        assert!(!matches!(named, Named::All { .. }), "cut at {cut}: {named:?}");
        let mut zeros = text.as_bytes()[..cut].to_vec();
        zeros.resize(TEXT_BYTES, 0);
        let named = Named::parse(&zeros);
        assert!(!matches!(named, Named::All { .. }), "zeros from {cut} on: {named:?}");
    }
    for byte in OPENING.len() + 1..end {
        let mut flipped = text.clone().into_bytes();
        flipped[byte] ^= 1;
        assert!(!matches!(Named::parse(&flipped), Named::All { .. }), "byte {byte}");
    }
    assert_eq!(Named::parse(b""), Named::Nothing);
}

#[test]
fn what_earlier_releases_wrote_is_judged_as_they_did() {
    let text = format!("{OPENING}\ninode 7\n");
    assert_eq!(Named::parse(text.as_bytes()), Named::Inode(7));
    let old = Found { header: None, ..found(segment(8, 80, 1), file(0, 0), file(0, 0)) };
    for found in [None, Some(old)] {
        assert_eq!(judged(text.as_bytes(), file(7, 70), found), Verdict::Original);
        copied(&judged(text.as_bytes(), file(9, 70), found), "_writer/lock was made elsewhere");
    }
    // The names are written in place over it; after a power cut the file may hold either.
    assert!(super::text(file(7, 70), &[]).starts_with(&text));
}

#[test]
fn everything_has_to_be_where_it_was() {
    let (lock, name) = (file(7, 70), segment(8, 80, 1));
    let text = text(lock, &[segment(3, 30, 0), name]);
    let text = text.as_bytes();
    let there = found(name, name.file, lock);
    assert_eq!(judged(text, lock, Some(there)), Verdict::Original);
    assert_eq!(judged(b"", lock, Some(there)), Verdict::Original, "a new or torn lock");
    assert_eq!(judged(text, lock, None), Verdict::SegmentMissing);
    assert_eq!(judged(b"", lock, None), Verdict::Original, "a new directory");

    let lock_elsewhere = "_writer/lock was made elsewhere";
    copied(&judged(text, file(9, 70), Some(there)), lock_elsewhere);
    copied(&judged(text, file(7, 71), Some(there)), lock_elsewhere);
    let undated = FileIdentity { born: None, ..lock };
    copied(&judged(text, undated, Some(there)), lock_elsewhere);
    copied(&judged(b"", file(7, 71), Some(there)), "next to another _writer/lock");

    let segment_elsewhere = "1.segment was made elsewhere";
    for other in [file(9, 80), file(8, 81)] {
        let moved = found(SegmentName { file: other, ..name }, name.file, lock);
        for text in [text, b""] {
            copied(&judged(text, lock, Some(moved)), segment_elsewhere);
        }
    }
    // An older or newer segment in its original place.
    for other in [segment(9, 80, 1), segment(8, 81, 1), segment(8, 80, 2)] {
        let other = found(other, other.file, lock);
        copied(&judged(text, lock, Some(other)), "names a later file than");
    }
    let beside_another = found(name, name.file, file(7, 71));
    copied(&judged(text, lock, Some(beside_another)), "next to another _writer/lock");
}

#[test]
fn without_times_of_birth_inodes_are_compared() {
    let undated = |inode| FileIdentity { inode, born: None };
    let name = SegmentName { file: undated(8), id: [1; 16] };
    let text = text(undated(7), &[name]);
    let there = found(name, undated(8), undated(7));
    assert_eq!(judged(text.as_bytes(), undated(7), Some(there)), Verdict::Original);
    assert_eq!(judged(text.as_bytes(), file(7, 70), Some(there)), Verdict::Original);
    copied(&judged(text.as_bytes(), undated(9), Some(there)), "made elsewhere");
    let other = Found { name: SegmentName { id: [2; 16], ..name }, ..there };
    copied(&judged(text.as_bytes(), undated(7), Some(other)), "names a later file");
}
