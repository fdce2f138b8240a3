//! Follows how far a check got while its workers finish columns in any order.
//!
//! Invariant: the state covers a column only if all columns before it are covered, and the tiles
//! above that end with it were read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tiles_spec::{Level, TILE_WIDTH_MAX, TileCoord, TileIndex, TileWidth};

use super::found::Found;
use super::state::{PLACES_MAX, Place, State, TimesState};
use crate::findings::{Counts, Findings};

/// The most tiles that end with one leaf, one on each level.
const LEVELS: usize = 8;

/// Called with the state each time that it has got further, from several threads, one at a time.
pub type Save<'a> = &'a (dyn Fn(&State) + Sync);

/// Follows how far a check got.
pub(super) struct Tracker<'a> {
    findings: &'a Findings,
    save: Save<'a>,
    /// Bottom tiles that were checked before this check began.
    before: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    /// Columns whose predecessors are under way.
    waiting: BTreeMap<u64, Covered>,
    /// Whether the state cannot get any further.
    is_stuck: bool,
}

/// What the state keeps of a column.
struct Covered {
    root: Option<tiles_spec::Hash>,
    counts: Counts,
    is_sound: bool,
}

impl<'a> Tracker<'a> {
    pub(super) fn new(state: State, findings: &'a Findings, save: Save<'a>) -> Self {
        let before = state.tile_count();
        let inner = Inner { state, waiting: BTreeMap::new(), is_stuck: false };
        Self { findings, save, before, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an earlier check has covered a full tile and everything below it.
    pub(super) fn is_covered(&self, tile: TileCoord) -> bool {
        let span = (TILE_WIDTH_MAX as u64).checked_pow(u32::from(tile.level.get()));
        let end = tile.index.get().checked_add(1).and_then(|n| n.checked_mul(span?));
        tile.width.is_full() && end.is_some_and(|end| end <= self.before)
    }

    /// Whether a tile that is covered, or anything below it, has to be read again.
    pub(super) fn is_left(&self, tile: TileCoord) -> bool {
        self.lock().state.has_places_in(tile)
    }

    /// Whether a problem of a covered tile itself was seen when it was covered.
    pub(super) fn is_place(&self, tile: TileCoord) -> bool {
        self.lock().state.places.contains(&Place::of(tile))
    }

    /// Notes how a covered tile above the bottom was found now.
    pub(super) fn read_again(&self, tile: TileCoord, is_sound: bool) {
        let mut inner = self.lock();
        if is_sound {
            inner.state.places.remove(&Place::of(tile));
        } else {
            inner.state.places.insert(Place::of(tile));
        }
        (self.save)(&inner.state);
    }

    /// Notes a column that was checked.
    pub(super) fn done(&self, column: TileCoord, found: &Found) {
        if !column.width.is_full() {
            return;
        }
        let mut inner = self.lock();
        if column.index.get() < self.before {
            if found.is_sound() {
                inner.state.places.remove(&Place::of(column));
                inner.state.counts += found.counts;
            }
        } else if !inner.is_stuck {
            let covered =
                Covered { root: found.root, counts: found.counts, is_sound: found.is_sound() };
            inner.waiting.insert(column.index.get(), covered);
            inner.advance(self.findings);
        }
        (self.save)(&inner.state);
    }

    /// Notes how far the times were checked.
    pub(super) fn keep_times(&self, times: TimesState) {
        let mut inner = self.lock();
        inner.state.times = times;
        (self.save)(&inner.state);
    }

    pub(super) fn into_state(self) -> State {
        self.inner.into_inner().unwrap_or_else(PoisonError::into_inner).state
    }
}

impl Inner {
    fn advance(&mut self, findings: &Findings) {
        loop {
            let next = self.state.tile_count();
            let Some(covered) = self.waiting.remove(&next) else { return };
            let has_room = self.state.places.len() + LEVELS <= PLACES_MAX;
            let Some(root) = covered.root.filter(|_| has_room && !findings.is_full()) else {
                self.is_stuck = true;
                self.waiting.clear();
                return;
            };
            // A tree has fewer bottom tiles than leaves.
            if self.state.tiles.push(root).is_err() {
                return;
            }
            let bottom = Place { level: Level::ZERO, index: TileIndex::new(next) };
            if covered.is_sound {
                self.state.counts += covered.counts;
            } else {
                self.state.places.insert(bottom);
            }
            let with_problems = ended(next).filter(|tile| findings.names(tile));
            self.state.places.extend(with_problems.map(Place::of));
        }
    }
}

/// The full tiles above the bottom that end with this bottom tile.
fn ended(bottom: u64) -> impl Iterator<Item = TileCoord> {
    let width = TILE_WIDTH_MAX as u64;
    let levels = (1..).map_while(Level::new);
    levels.scan(bottom + 1, move |count, level| {
        (*count % width == 0).then(|| {
            *count /= width;
            TileCoord { level, index: TileIndex::new(*count - 1), width: TileWidth::FULL }
        })
    })
}
