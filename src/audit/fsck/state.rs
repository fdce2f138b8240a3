//! How far a check got: what a later one needs to go on (`src/docs/formats.md`, "State of fsck").
//!
//! A state says of the first full bottom tiles that they, their bundles, and the full tiles above
//! them were read and are as they were signed, except for those places that it lists. It has the
//! right edge of the tree of their leaves, by which a later check tells that they are the beginning
//! of the tree that is signed then.
//!
//! Invariants: one state has one text; one that was changed in any byte is refused. The number of
//! places is bounded.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::str::Lines;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fasti_client::replace::replace;
use fasti_objects::IntegratedTime;
use fasti_seams::summed_text;
use tiles_spec::{
    Frontier, Hash, Level, ResourcePath, TILE_WIDTH_MAX, TileCoord, TileIndex, TileWidth, TreeSize,
    VerifierKey,
};

use crate::findings::Counts;

/// The first line.
const TITLE: &str = "fasti fsck state 1";
/// Why a line is refused.
const LINE: &str = "a line is missing or malformed";
/// The most places that are listed. A check with more does not get any further.
pub(super) const PLACES_MAX: usize = 10_000;
/// The largest file, in bytes: that many places, 63 nodes and a checkpoint.
pub const STATE_BYTES_MAX: usize = 1 << 20;

/// How far a check got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The key of the log.
    pub(super) key: VerifierKey,
    /// The largest tree that was checked, as the log signed it.
    pub(super) checkpoint: Vec<u8>,
    /// Whether the signatures in entries were verified.
    pub(super) signatures: bool,
    /// Whether attestations were looked for.
    pub(super) attestations: bool,
    /// The roots of the full bottom tiles that were checked, as leaves of a tree.
    pub(super) tiles: Frontier,
    /// What was found in the sound ones.
    pub(super) counts: Counts,
    /// How far the times were checked.
    pub(super) times: TimesState,
    /// The places with problems.
    pub(super) places: BTreeSet<Place>,
}

/// How far the times were checked, and what follows from those before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TimesState {
    /// The bundles whose times were checked.
    pub(super) bundles: u64,
    /// How many of them have times.
    pub(super) files: u64,
    /// How many entries have one.
    pub(super) timed: u64,
    /// The last time.
    pub(super) last: LastTime,
}

/// The last time of a range of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LastTime {
    /// No bundle has times yet.
    #[default]
    NoFile,
    /// Of the last entry; `None`, which is earlier than all, if that has none.
    Of(Option<IntegratedTime>),
}

/// A full tile; on the bottom level with its bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) level: Level,
    pub(super) index: TileIndex,
}

/// Why a state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// An I/O error.
    #[error("cannot use the state in {path}")]
    Io {
        /// The file.
        path: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// Not what was written there.
    #[error("the state in {path} is damaged: {reason}; check from the beginning with --full")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
}

impl Place {
    pub(super) fn of(tile: TileCoord) -> Self {
        Self { level: tile.level, index: tile.index }
    }

    /// The full tile.
    pub(super) fn tile(self) -> TileCoord {
        TileCoord { level: self.level, index: self.index, width: TileWidth::FULL }
    }
}

impl State {
    /// The state before anything was checked of the log with this key.
    pub(super) fn new(
        key: VerifierKey,
        checkpoint: Vec<u8>,
        signatures: bool,
        attestations: bool,
    ) -> Self {
        Self {
            key,
            checkpoint,
            signatures,
            attestations,
            tiles: Frontier::new(),
            counts: Counts::default(),
            times: TimesState::default(),
            places: BTreeSet::new(),
        }
    }

    /// How many full bottom tiles were checked.
    pub(super) fn tile_count(&self) -> u64 {
        self.tiles.size().get()
    }

    /// How many entries these have.
    pub fn entries(&self) -> u64 {
        self.tile_count().saturating_mul(TILE_WIDTH_MAX as u64)
    }

    /// The tree of the entries that were checked.
    pub(super) fn frontier(&self) -> Option<Frontier> {
        let size = TreeSize::new(self.entries())?;
        Frontier::from_nodes(size, self.tiles.nodes().to_vec()).ok()
    }

    /// How many objects were read and found to be sound, those beside the tree included.
    pub(super) fn objects(&self) -> u64 {
        let bottom = self.tile_count();
        let tiles: u64 =
            std::iter::successors(Some(bottom), |n| (*n > 0).then_some(n / TILE_WIDTH_MAX as u64))
                .sum();
        let named = self.places.iter();
        // A bottom tile is named with its bundle.
        let with_problems: u64 =
            named.map(|one| if one.level == Level::ZERO { 2 } else { 1 }).sum();
        let beside = self.counts.attestations + self.times.files;
        (tiles + bottom).saturating_sub(with_problems) + beside
    }

    /// Whether places below this tile have problems, or the tile itself has.
    pub(super) fn has_places_in(&self, tile: TileCoord) -> bool {
        let mut levels = (0..=tile.level.get()).filter_map(Level::new);
        levels.any(|level| {
            let span = span(tile.level.get() - level.get());
            let first = tile.index.get().saturating_mul(span);
            let at = |index| Place { level, index: TileIndex::new(index) };
            self.places.range(at(first)..at(first.saturating_add(span))).next().is_some()
        })
    }

    /// Reads the state from a file; `None` if there is no file.
    pub fn load(path: &Path) -> Result<Option<Self>, StateError> {
        let name = || path.display().to_string();
        let read = std::fs::metadata(path).and_then(|found| {
            let is_small = found.len() <= STATE_BYTES_MAX as u64;
            is_small.then(|| std::fs::read(path)).transpose()
        });
        match read {
            Ok(Some(bytes)) => Self::parse(&bytes)
                .map(Some)
                .map_err(|reason| StateError::Damaged { path: name(), reason }),
            Ok(None) => Err(StateError::Damaged { path: name(), reason: "it is too long" }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::Io { path: name(), source }),
        }
    }

    /// Replaces the state in a file, all of it or nothing.
    pub fn save(&self, path: &Path) -> Result<(), StateError> {
        let name = || path.display().to_string();
        replace(path, &self.to_bytes()).map_err(|source| StateError::Io { path: name(), source })
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Counts {
            entries,
            rekor,
            rekor_v1,
            unreadable,
            signatures,
            attestations,
            attestations_missing,
        } = self.counts;
        let mut text = format!(
            "{TITLE}\nkey {}\ncheckpoint {}\nsignatures {}\nattestations {}\ntiles {}\n",
            self.key,
            STANDARD.encode(&self.checkpoint),
            u8::from(self.signatures),
            u8::from(self.attestations),
            self.tile_count(),
        );
        // Writing to a string cannot fail.
        for node in self.tiles.nodes() {
            let _ = writeln!(text, "node {}", node.to_base64());
        }
        let _ = writeln!(
            text,
            "counts {entries} {rekor} {rekor_v1} {unreadable} {signatures} {attestations} \
             {attestations_missing}"
        );
        let TimesState { bundles, files, timed, last } = self.times;
        let last = match last {
            LastTime::NoFile => "-".to_owned(),
            LastTime::Of(time) => time.map_or(0, IntegratedTime::get).to_string(),
        };
        let _ = writeln!(text, "times {bundles} {files} {timed} {last}");
        for place in &self.places {
            let _ = writeln!(text, "problem {}", place.tile());
        }
        summed_text::finish(text)
    }

    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let lines = summed_text::lines(bytes, TITLE, STATE_BYTES_MAX)?;
        let state = read_lines(lines).ok_or(LINE)?;
        // One state has one text.
        if state.to_bytes() == bytes { Ok(state) } else { Err("it is written in another way") }
    }
}

/// How many tiles of a level there are in one this much higher.
fn span(levels: u8) -> u64 {
    (TILE_WIDTH_MAX as u64).saturating_pow(u32::from(levels))
}

fn read_lines(mut lines: Lines<'_>) -> Option<State> {
    let mut rest = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let key: VerifierKey = rest("key")?.parse().ok()?;
    let checkpoint = STANDARD.decode(rest("checkpoint")?).ok()?;
    let flag = |text: &str| match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    let signatures = flag(rest("signatures")?)?;
    let attestations = flag(rest("attestations")?)?;
    let size = TreeSize::new(rest("tiles")?.parse().ok()?)?;
    let nodes = (0..size.get().count_ones()).map(|_| Hash::from_base64(rest("node")?).ok());
    let tiles = Frontier::from_nodes(size, nodes.collect::<Option<_>>()?).ok()?;
    let counts = numbers::<7>(rest("counts")?)?;
    let (times, last) = rest("times")?.rsplit_once(' ')?;
    let [bundles, files, timed] = numbers(times)?;
    let last = match last {
        "-" => LastTime::NoFile,
        "0" => LastTime::Of(None),
        seconds => LastTime::Of(Some(IntegratedTime::new(seconds.parse().ok()?)?)),
    };
    let mut places = BTreeSet::new();
    for line in lines {
        let Ok(ResourcePath::Tile(tile)) = line.strip_prefix("problem ")?.parse() else {
            return None;
        };
        tile.width.is_full().then_some(())?;
        places.insert(Place::of(tile));
    }
    let [entries, rekor, rekor_v1, unreadable, verified, kept, missing] = counts;
    let counts = Counts {
        entries,
        rekor,
        rekor_v1,
        unreadable,
        signatures: verified,
        attestations: kept,
        attestations_missing: missing,
    };
    let times = TimesState { bundles, files, timed, last };
    Some(State { key, checkpoint, signatures, attestations, tiles, counts, times, places })
}

fn numbers<const N: usize>(text: &str) -> Option<[u64; N]> {
    let numbers: Option<Vec<u64>> = text.split(' ').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}
