//! The inputs of a merge: stored runs and new postings, read a part at a time and passed on a slice
//! of the key space at a time.
//!
//! Invariants: a stored part is read once, and nothing of it is passed on before all of it is
//! verified. One part of each input is held.

use fasti_lookup_spec::{KeySlice, LeafRange, LookupPath, Part, Posting, Run, read_part};
use fasti_seams::offload::offload_large;
use fasti_store::{ObjectPath, Store};
use futures::future::try_join_all;

use super::error::BuildError;

/// The inputs of a merge.
pub(super) struct Inputs<'a> {
    objects: &'a dyn Store,
    /// How many bits of the keys select a slice.
    bits: u8,
    /// The next slice.
    slice: u32,
    all: Vec<Input<'a>>,
}

/// A slice, and postings in it.
pub(super) type Sliced = (KeySlice, Vec<Posting>);

/// Postings in ascending order.
struct Input<'a> {
    range: LeafRange,
    /// The stored parts that are not read yet, in order.
    unread: Box<dyn Iterator<Item = (KeySlice, &'a Part)> + Send + 'a>,
    /// The part that was read last.
    held: Vec<Posting>,
    /// How many of these were passed on.
    taken: usize,
}

impl<'a> Inputs<'a> {
    /// The postings of some stored runs, and others, which ascend. They are passed on in the slices
    /// that `bits` bits select.
    pub(super) fn new(
        objects: &'a dyn Store,
        range: LeafRange,
        stored: &'a [Run],
        fresh: Vec<Posting>,
        bits: u8,
    ) -> Self {
        let stored = stored.iter().map(|run| Input {
            range: run.range,
            unread: Box::new(run.slices()),
            held: Vec::new(),
            taken: 0,
        });
        let unread = Box::new(std::iter::empty());
        let fresh = Input { range, unread, held: fresh, taken: 0 };
        Self { objects, bits, slice: 0, all: stored.chain([fresh]).collect() }
    }

    /// The next slice with all its postings, as ascending runs one after another; and the remaining
    /// inputs. `None` after the last.
    pub(super) async fn next(mut self) -> Result<Option<(Sliced, Self)>, BuildError> {
        let Some(slice) = KeySlice::new(self.bits, self.slice) else { return Ok(None) };
        self.slice += 1;
        let mut postings = Vec::new();
        loop {
            let objects = self.objects;
            try_join_all(self.all.iter_mut().map(|input| input.fill(objects))).await?;
            let mut exhausted = true;
            for input in &mut self.all {
                exhausted &= input.move_onto(&mut postings, self.bits, slice);
            }
            if exhausted {
                return Ok(Some(((slice, postings), self)));
            }
        }
    }
}

impl Input<'_> {
    /// Reads until there is a posting that was not passed on, or nothing is left.
    async fn fill(&mut self, objects: &dyn Store) -> Result<(), BuildError> {
        while self.taken == self.held.len() {
            (self.held, self.taken) = (Vec::new(), 0);
            let Some((slice, part)) = self.unread.next() else { break };
            self.held = read(objects, self.range, slice, part).await?;
        }
        Ok(())
    }

    /// Passes on the held postings of the slice; returns whether those are all.
    fn move_onto(&mut self, taken: &mut Vec<Posting>, bits: u8, slice: KeySlice) -> bool {
        let rest = &self.held[self.taken..];
        let is_in = |posting: &Posting| {
            KeySlice::of(bits, &posting.key).is_some_and(|other| other.index() <= slice.index())
        };
        let count = rest.partition_point(is_in);
        taken.extend_from_slice(&rest[..count]);
        self.taken += count;
        // If all are used up, the slice may continue in the next part.
        count == 0 || count < rest.len()
    }
}

/// Reads and verifies a stored part.
async fn read(
    objects: &dyn Store,
    range: LeafRange,
    slice: KeySlice,
    part: &Part,
) -> Result<Vec<Posting>, BuildError> {
    let path = LookupPath::Part { range, part: slice.index() };
    let bytes = objects.get_range(&ObjectPath::from(path), 0..part.bytes()).await?;
    let bytes = bytes.ok_or(BuildError::Missing { path })?;
    let part = part.clone();
    let read = offload_large(move || read_part(range, slice, &part, &bytes)).await;
    read.map_err(|source| BuildError::Damaged { path, source })
}
