//! The deduplication index on a failing disk: every operation fails in every way, and the power is
//! cut.
//!
//! Whatever happens, the next start finds an index that really covers the tree it claims to cover:
//! each leaf of the tree is found at its index.

use std::path::Path;
use std::sync::Arc;

use fasti::log::dedup::{DedupError, DedupIndex, DiskIndex};
use fasti_kit::seeded::Seeded;
use tiles_spec::{Hash, LeafIndex, TreeHead, TreeSize};

use crate::faults::{Disk, Fault, Operation};
use crate::model::Model;

/// Few enough that two hundred leaves make runs of two levels.
const MEMORY_KEYS: usize = 10;
const LEAVES_A_BATCH: u64 = 7;

fn leaf(n: u64) -> (Hash, LeafIndex) {
    let mut random = Seeded::new(n);
    let mut bytes = [0; 32];
    bytes.chunks_mut(8).for_each(|part| part.copy_from_slice(&random.next().to_be_bytes()));
    (Hash::from(bytes), LeafIndex::new(n).expect("in range"))
}

fn head(size: u64) -> TreeHead {
    TreeHead { size: TreeSize::new(size).expect("in range"), root: leaf(size).0 }
}

fn open(disk: &Disk) -> Result<DiskIndex, DedupError> {
    DiskIndex::open_with(Path::new("/dedup"), Arc::new(disk.clone()), MEMORY_KEYS)
}

/// Runs a writer: it catches up with a log of `size`, then grows with it by some batches.
fn run(disk: &Disk, size: u64, batches: u64) -> Result<(), DedupError> {
    let index = open(disk)?;
    let mut at = verify(&index)?;
    while at < size + batches * LEAVES_A_BATCH {
        let to = at + LEAVES_A_BATCH;
        let leaves: Vec<_> = (at..to).map(leaf).collect();
        index.add(&leaves, head(to))?;
        at = to;
    }
    Ok(())
}

/// Checks that the index holds exactly the tree it covers, and returns that tree's size.
fn verify(index: &DiskIndex) -> Result<u64, DedupError> {
    let Some(covered) = index.covers()? else { return Ok(0) };
    let size = covered.size.get();
    assert_eq!(covered, head(size));
    let leaves: Vec<_> = (0..size).map(leaf).collect();
    let hashes: Vec<Hash> = leaves.iter().map(|(hash, _)| *hash).collect();
    for ((_, index), found) in leaves.iter().zip(index.find(&hashes)?) {
        assert_eq!(found, Some(*index), "of {size}");
    }
    assert_eq!(index.find(&[leaf(1 << 40).0])?, [None]);
    Ok(size)
}

/// The operations of the first run, on an empty disk.
fn trace() -> Vec<Operation> {
    let disk = Disk::over(Model::new(), 0);
    run(&disk, 0, 26).expect("nothing fails");
    disk.trace()
}

#[test]
fn every_operation_of_the_index_fails_in_every_way() {
    let (mut random, mut stopped) = (Seeded::new(7), 0);
    for (n, operation) in trace().iter().enumerate() {
        let of_flushes = [Fault::Lie, Fault::Background];
        for &fault in operation.kind.faults().iter().chain(&of_flushes) {
            let disk = Disk::over(Model::new(), n as u64);
            disk.arm(n, fault);
            stopped += usize::from(run(&disk, 0, 26).is_err());
            disk.heal();
            run(&disk, 182, 8).unwrap_or_else(|error| panic!("{fault:?} {operation}: {error}"));
            disk.reboot();
            let went_on = run(&disk, 238, 1 + random.below(5) as u64);
            went_on.unwrap_or_else(|error| panic!("{fault:?} {operation}, power cut: {error}"));
        }
    }
    assert!(stopped > 100, "the faults are met: {stopped}");
}

#[test]
fn a_power_cut_at_every_operation_of_the_index() {
    let mut random = Seeded::new(7);
    for (n, operation) in trace().iter().enumerate() {
        for round in 0..4 {
            let disk = Disk::over(Model::new(), (n as u64) << 8 | round);
            disk.arm(n, Fault::PowerCut);
            drop(run(&disk, 0, 26));
            disk.reboot();
            disk.arm(random.below(60), Fault::PowerCut);
            drop(run(&disk, 182, 8));
            disk.reboot();
            run(&disk, 238, 8).unwrap_or_else(|error| panic!("{operation}, {round}: {error}"));
        }
    }
}
