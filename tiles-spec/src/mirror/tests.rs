//! Uploads of every small tree by brute force, what is malformed, and every decision.

use fasti_kit::oracle;

use super::*;
use crate::bundle::append_entry;
use crate::hash::{Hash, leaf_hash};
use crate::proof::plan::tests::{head, size, tiles_of};
use crate::proof::{PROOF_HASHES_MAX, plan_subtree_consistency};
use crate::size::TreeSize;

/// One of them is empty.
fn entry(n: usize) -> Vec<u8> {
    if n == 0 { vec![] } else { format!("{n}{}", ".".repeat(n % 11)).into_bytes() }
}

fn leaves(n: usize) -> Vec<Hash> {
    (0..n).map(|n| leaf_hash(&entry(n))).collect()
}

fn upload(start: usize, end: usize) -> UploadHead {
    let ticket = vec![7; start % 5];
    UploadHead { origin: "log.example".into(), start: size(start), end: size(end), ticket }
}

fn number(size: TreeSize) -> usize {
    usize::try_from(size.get()).unwrap()
}

fn package(range: &PackageRange, proof: Vec<Hash>) -> EntryPackage {
    let mut entries = Vec::new();
    for n in number(range.start())..number(range.end()) {
        append_entry(&mut entries, &entry(n)).unwrap();
    }
    EntryPackage { entries, proof }
}

/// Where the packages of the specification's formula begin and end.
fn expected(start: usize, end: usize) -> Vec<(usize, usize)> {
    if start == end {
        return vec![];
    }
    let (rounded_start, rounded_end) = (start / 256 * 256, end.div_ceil(256) * 256);
    let count = (rounded_end - rounded_start) / 256;
    let bounds = |i| (start.max(rounded_start + i * 256), end.min(rounded_start + (i + 1) * 256));
    (0..count).map(bounds).collect()
}

#[test]
fn the_packages_are_those_of_the_specification() {
    for start in (0..1200).step_by(7).chain([255, 256, 257, 511, 512, 1023, 1024]) {
        for end in [start, start + 1, start + 255, start + 256, start + 257, 1024, 1500] {
            if end < start {
                continue;
            }
            let found: Vec<_> = packages(&upload(start, end)).collect();
            let bounds: Vec<_> =
                found.iter().map(|p| (number(p.start()), number(p.end()))).collect();
            assert_eq!(bounds, expected(start, end), "{start} to {end}");
            for (n, range) in found.iter().enumerate() {
                assert_eq!(range.entries(), bounds[n].1 - bounds[n].0);
                assert_eq!(number(range.subtree().start()), (start / 256 + n) * 256);
                assert_eq!(range.subtree().end(), range.end());
                assert_eq!(range.slot(), bounds[n].0 % 256);
            }
        }
    }
    let last = TreeSize::MAX.saturating_sub(1);
    let range = PackageRange::at(last, TreeSize::MAX).unwrap();
    assert_eq!((range.entries(), range.end()), (1, TreeSize::MAX));
}

#[test]
fn packages_prove_themselves_in_every_tree() {
    let all = leaves(1100);
    for (start, end, whole) in [
        (0, 1, 1),
        (0, 256, 256),
        (0, 700, 700),
        (300, 700, 1000),
        (511, 513, 1100),
        (5, 1100, 1100),
    ] {
        let (tree, tiles) = (head(&all[..whole]), tiles_of(&all[..whole]));
        for range in packages(&upload(start, end)) {
            // An upload ends at the size of its tree.
            if end != whole && number(range.end()) == end {
                continue;
            }
            let plan = plan_subtree_consistency(range.subtree(), tree.size).unwrap();
            let proof = plan.build(&tiles).unwrap();
            let (from, to) = (number(range.subtree().start()), number(range.end()));
            assert_eq!(proof, oracle::subtree_consistency(from, to, &all[..whole]));
            let mut bundle = all[from..to].to_vec();
            assert_eq!(range.verify(&bundle, &tree, &proof), Ok(()));
            let last = bundle.len() - 1;
            bundle.swap(0, last);
            assert_eq!(range.verify(&bundle, &tree, &proof).is_ok(), last == 0);
        }
    }
}

#[test]
fn heads_come_back_whatever_follows_them() {
    for head in
        [upload(0, 0), upload(3, 1000), UploadHead { origin: String::new(), ..upload(4, 9) }]
    {
        let bytes = head.to_bytes().unwrap();
        let longer = [&bytes[..], b"more"].concat();
        assert_eq!(UploadHead::read(&longer), Ok(Some((head, bytes.len()))));
        for cut in 0..bytes.len() {
            assert_eq!(UploadHead::read(&bytes[..cut]), Ok(None));
        }
    }
    let largest = UploadHead {
        origin: "x".repeat(65_535),
        ticket: vec![1; TICKET_BYTES_MAX],
        ..upload(0, 1)
    };
    assert_eq!(largest.to_bytes().unwrap().len(), UPLOAD_HEAD_BYTES_MAX);
    let larger = UploadHead { origin: "x".repeat(65_536), ..upload(0, 1) };
    assert_eq!(larger.to_bytes(), None);
}

#[test]
fn heads_that_are_malformed() {
    let good = upload(3, 9).to_bytes().unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut altered = good.clone();
        altered[at..at + bytes.len()].copy_from_slice(bytes);
        UploadHead::read(&altered).unwrap_err()
    };
    assert_eq!(with(2, &[0xff]), UploadError::Origin);
    let start = 2 + "log.example".len();
    assert_eq!(with(start, &[0x80]), UploadError::Size((1 << 63) + 3));
    assert_eq!(with(start + 8, &[0xff; 8]), UploadError::Size(u64::MAX));
    let backwards = UploadError::Backwards { start: size(10), end: size(9) };
    assert_eq!(with(start + 7, &[10]), backwards);
}

#[test]
fn packages_come_back_however_they_are_cut() {
    let range = PackageRange::at(size(250), size(600)).unwrap();
    for hashes in [0, 1, 63] {
        let made = package(&range, vec![leaf_hash(b"hash"); hashes]);
        let mut bytes = Vec::new();
        made.append_to(&mut bytes);
        let longer = [&bytes[..], b"more"].concat();
        for piece in [1, 2, 3, 7, 50, longer.len()] {
            let mut reader = PackageReader::new(&range);
            let (mut taken, mut rest) = (0, &longer[..]);
            for part in longer.chunks(piece) {
                rest = reader.take(part).unwrap();
                taken += part.len();
                if reader.is_whole() {
                    break;
                }
                assert!(rest.is_empty() && reader.clone().package().is_none());
            }
            assert_eq!(taken - rest.len(), bytes.len());
            assert_eq!(reader.held(), bytes.len());
            assert_eq!(reader.package(), Some(made.clone()));
        }
        let mut reader = PackageReader::new(&range);
        assert!(reader.take(&bytes[..bytes.len() - 1]).unwrap().is_empty());
        assert!(reader.package().is_none());
    }
    let mut bytes = package(&range, vec![]).entries;
    bytes.push(64);
    assert_eq!(PackageReader::new(&range).take(&bytes), Err(PackageError(64)));
    assert_eq!(PROOF_HASHES_MAX, 63);
}

#[test]
fn infos_are_three_lines() {
    for ticket in [&b""[..], b"t", b"ticket", &[0xff; 300]] {
        let info = MirrorInfo { pending: size(900), next: size(256), ticket: ticket.to_vec() };
        let text = info.to_string();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(MirrorInfo::parse(text.as_bytes()), Ok(info));
    }
    let longest =
        MirrorInfo { pending: TreeSize::MAX, next: TreeSize::MAX, ticket: vec![9; 65_535] };
    assert!(longest.to_string().len() <= MIRROR_INFO_BYTES_MAX);
    assert_eq!(MirrorInfo::parse(longest.to_string().as_bytes()), Ok(longest));
    for bad in [
        "",
        "1\n2\n",
        "1\n2\n\n\n",
        "1\n2\n\n3",
        "1\n2\n",
        "1 \n2\n\n",
        "01\n2\n\n",
        "1\n2\nA\n",
        "1\n2\nAB==\n",
        "1\n2\nAA\n",
        "-1\n2\n\n",
    ] {
        assert!(MirrorInfo::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert_eq!(MirrorInfo::parse(&[0xff, b'\n', b'\n', b'\n']), Err(InfoError::Lines));
    let long = format!("1\n2\n{}\n", "A".repeat(MIRROR_INFO_BYTES_MAX));
    assert_eq!(MirrorInfo::parse(long.as_bytes()), Err(InfoError::TooLong));
}

/// All sizes up to a few, counted in bundles so that the excess matters.
#[test]
fn every_decision_in_the_order_of_the_specification() {
    const STEP: usize = 1024;
    let some = |n: usize| (n < 5).then(|| size(n * STEP));
    let mut counts = [0; 4];
    for (start, end) in (0..5).flat_map(|start| (start..5).map(move |end| (start, end))) {
        for (mirror, pending, next, ticket) in
            (0..6 * 6 * 5 * 6).map(|n| (n % 6, n / 6 % 6, n / 36 % 5, n / 180))
        {
            let sizes = MirrorSizes {
                mirror: some(mirror),
                pending: some(pending),
                next: size(next * STEP),
            };
            let judged = judge_upload(size(start * STEP), size(end * STEP), &sizes, some(ticket));
            let known = [pending, mirror, ticket].contains(&end);
            let behind = mirror < 5 && end < mirror;
            let excess = next.min(end).saturating_sub(start) * STEP;
            let status = if pending == 5 {
                422
            } else if !known || behind || start > next || excess > 2048 {
                409
            } else {
                200
            };
            assert_eq!(judged.map_or_else(|refusal| refusal.status(), |_| 200), status);
            match judged {
                Ok(target) => {
                    let of = match target {
                        UploadTarget::Pending => pending,
                        UploadTarget::Mirror => mirror,
                        UploadTarget::Ticket => ticket,
                    };
                    assert_eq!(of, end);
                    counts[0] += 1;
                }
                Err(UploadRefusal::NoPending) => counts[1] += 1,
                Err(UploadRefusal::Elsewhere(UploadTarget::Pending)) => counts[2] += 1,
                // Only an end that is known, and that is still to be reached, is repeated.
                Err(UploadRefusal::Elsewhere(_)) => {
                    assert!(known && !behind && next <= end);
                    counts[3] += 1;
                }
            }
        }
    }
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
