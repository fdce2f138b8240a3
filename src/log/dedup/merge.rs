//! A merge: several runs become one, or entries in memory become a run, a portion at a time.
//!
//! Among entries with the same key, the one from the newest source wins.

use std::path::Path;
use std::sync::Arc;

use fasti_store::Files;
use tiles_spec::LeafIndex;

use super::index::{DedupError, Key};
use super::run::{Cursor, Run, Writer};

/// Sorted entries in memory.
pub(super) type Sorted = Arc<[(Key, LeafIndex)]>;

enum Source {
    Memory { entries: Sorted, next: usize },
    Run(Cursor),
}

impl Source {
    fn next(&mut self) -> Result<Option<(Key, LeafIndex)>, DedupError> {
        match self {
            Self::Run(cursor) => cursor.next(),
            Self::Memory { entries, next } => {
                *next += 1;
                Ok(entries.get(*next - 1).copied())
            }
        }
    }
}

/// A merge in progress. After an error it must be restarted.
pub(super) struct Merge {
    /// Each with its next entry, the newest first.
    sources: Vec<(Option<(Key, LeafIndex)>, Source)>,
    writer: Option<Writer>,
    is_at_table: bool,
}

impl Merge {
    /// Begins to write entries in memory to run `number`.
    pub fn of_memory(
        files: &dyn Files,
        directory: &Path,
        number: u64,
        entries: &Sorted,
    ) -> Result<Self, DedupError> {
        let source = Source::Memory { entries: entries.clone(), next: 0 };
        Self::begin(files, directory, number, entries.len() as u64, vec![source])
    }

    /// Begins to merge `runs`, newest first, into run `number`.
    pub fn of_runs(
        files: &dyn Files,
        directory: &Path,
        number: u64,
        runs: &[Arc<Run>],
    ) -> Result<Self, DedupError> {
        let keys = runs.iter().map(|run| run.len()).sum();
        let sources = runs.iter().map(|run| Source::Run(Cursor::of(run.clone()))).collect();
        Self::begin(files, directory, number, keys, sources)
    }

    fn begin(
        files: &dyn Files,
        directory: &Path,
        number: u64,
        keys: u64,
        sources: Vec<Source>,
    ) -> Result<Self, DedupError> {
        let writer = Writer::create(files, directory, number, keys)?;
        let first = |mut source: Source| Ok((source.next()?, source));
        let sources = sources.into_iter().map(first).collect::<Result<_, DedupError>>()?;
        Ok(Self { sources, writer: Some(writer), is_at_table: false })
    }

    /// Does as much as `budget` entries are worth, and deducts it. Returns the run once it is
    /// written and flushed.
    pub fn step(&mut self, budget: &mut usize) -> Result<Option<Run>, DedupError> {
        let writer = self.writer.as_mut().expect("no step comes after the last");
        while !self.is_at_table {
            if *budget == 0 {
                return Ok(None);
            }
            *budget -= 1;
            if let Some((key, index)) = next_of(&mut self.sources)? {
                writer.push(key, index)?;
            } else {
                writer.end_entries()?;
                self.is_at_table = true;
            }
        }
        while *budget > 0 {
            match writer.write_table()? {
                0 => return Ok(Some(self.writer.take().expect("was there").finish()?)),
                worth => *budget = budget.saturating_sub(worth),
            }
        }
        Ok(None)
    }
}

/// The entry with the lowest key, from the newest source that has it; those of the others are
/// skipped.
fn next_of(
    sources: &mut [(Option<(Key, LeafIndex)>, Source)],
) -> Result<Option<(Key, LeafIndex)>, DedupError> {
    let heads = sources.iter().filter_map(|(head, _)| *head);
    // Of equal keys, the first.
    let Some((lowest, index)) = heads.reduce(|a, b| if b.0 < a.0 { b } else { a }) else {
        return Ok(None);
    };
    for (head, source) in sources {
        if head.is_some_and(|(key, _)| key == lowest) {
            *head = source.next()?;
        }
    }
    Ok(Some((lowest, index)))
}
