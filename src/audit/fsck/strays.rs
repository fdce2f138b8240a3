//! The other files below `tile/` and `time/` in a directory: partial tiles, bundles and times that
//! were replaced by full ones, and files beyond the checkpoint.
//!
//! Each must agree with the signed tree's object in the same place, as far as both go. Files beyond
//! the checkpoint are not a problem, since a writer writes them before it publishes. Files whose
//! names do not occur in a log are a problem.

use std::fs;
use std::path::Path;

use fasti_client::fetch::FetchError;
use fasti_objects::{Published, Times};
use tiles_spec::{BundleCoord, EntryBundle, Level, ResourcePath, TileCoord, TileIndex, TileWidth};

use super::check::Check;
use crate::problem::Fault;

/// The most levels of directories below `tile/`: more than the largest index needs.
const DEPTH_MAX: usize = 12;

/// The files for one place: a full tile or bundle, and its partial ones.
pub(super) struct Group {
    kind: Kind,
    index: TileIndex,
    widths: Vec<TileWidth>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tile(Level),
    Bundle,
    Times,
}

/// Walks the directories of a log and gives out what must be checked.
pub(super) fn walk(check: &Check<'_>, root: &Path, give: &dyn Fn(Group)) {
    for directory in ["tile", "time"] {
        Walk { check, root, give }.directory(directory, DEPTH_MAX);
    }
}

struct Walk<'a> {
    check: &'a Check<'a>,
    root: &'a Path,
    give: &'a dyn Fn(Group),
}

impl Walk<'_> {
    fn directory(&self, path: &str, depth: usize) {
        let listed = fs::read_dir(self.root.join(path));
        let entries = match listed {
            Ok(entries) => entries,
            // An empty log has none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                return self.check.findings.add(path, Fault::unlisted(&error));
            }
        };
        let mut partials: Vec<(Kind, TileIndex, TileWidth)> = Vec::new();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.check.findings.add(path, Fault::unlisted(&error));
                    continue;
                }
            };
            let name = format!("{path}/{}", entry.file_name().to_string_lossy());
            if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()) {
                let too_deep = Fault::stray("deeper than any object of a log");
                match depth.checked_sub(1) {
                    Some(depth) => self.directory(&name, depth),
                    None => self.check.findings.add(name, too_deep),
                }
                continue;
            }
            match name.parse() {
                Ok(Published::Log(ResourcePath::Tile(tile))) => {
                    partials.push((Kind::Tile(tile.level), tile.index, tile.width));
                }
                Ok(Published::Log(ResourcePath::Bundle(bundle))) => {
                    partials.push((Kind::Bundle, bundle.index, bundle.width));
                }
                Ok(Published::Times(bundle)) => {
                    partials.push((Kind::Times, bundle.index, bundle.width));
                }
                Ok(_) | Err(_) => {
                    let fault = Fault::stray("not the name of any object of a log");
                    self.check.findings.add(name, fault);
                }
            }
        }
        self.hand_out(&partials);
    }

    /// Gives out the files of one directory, those for the same place as one group. Partial objects
    /// have a directory of their own.
    fn hand_out(&self, files: &[(Kind, TileIndex, TileWidth)]) {
        for same in files.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (kind, index, _) = same[0];
            let signed = signed_width(self.check, kind, index);
            // Objects of the signed tree are checked with the tree.
            let widths: Vec<_> =
                same.iter().map(|file| file.2).filter(|width| Some(*width) != signed).collect();
            if !widths.is_empty() {
                (self.give)(Group { kind, index, widths });
            }
        }
    }
}

/// Checks one group.
pub(super) fn check(check: &Check<'_>, group: &Group) {
    let signed = signed_width(check, group.kind, group.index);
    let reference = signed.and_then(|width| read_signed(check, group, width));
    for width in &group.widths {
        let path = path_of(group.kind, group.index, *width);
        if signed.is_none_or(|signed| *width > signed) {
            check.findings.count_ahead();
        }
        let bytes = match read(check, &path) {
            Ok(Some(bytes)) => bytes,
            // A running writer removed it, since a full object replaces it.
            Ok(None) => continue,
            Err(fault) => {
                check.findings.add(path, fault);
                continue;
            }
        };
        check.findings.count_object();
        let Some(bytes) = well_formed(check, &path, *width, bytes) else { continue };
        let agree = reference.as_ref().is_none_or(|reference| {
            let both = reference.len().min(bytes.len());
            reference[..both] == bytes[..both]
        });
        if !agree {
            check.findings.add(path, "disagrees with the signed tree's object in its place");
        }
    }
}

/// The width in the signed tree of the tile or bundle at a place.
fn signed_width(check: &Check<'_>, kind: Kind, index: TileIndex) -> Option<TileWidth> {
    let level = match kind {
        Kind::Tile(level) => level,
        Kind::Bundle | Kind::Times => Level::ZERO,
    };
    TileCoord::at(check.size, level, index).map(|tile| tile.width)
}

/// Reads the signed tree's object at a place. `None` if it is damaged, which was reported before.
fn read_signed(check: &Check<'_>, group: &Group, width: TileWidth) -> Option<Vec<u8>> {
    for width in [width, TileWidth::FULL] {
        let path = path_of(group.kind, group.index, width);
        if let Some(bytes) = read_object(check, &path).ok()? {
            return (!check.findings.names(path)).then_some(bytes);
        }
    }
    None
}

fn read_object(check: &Check<'_>, path: &Published) -> Result<Option<Vec<u8>>, FetchError> {
    let mut bytes = Vec::new();
    let found = match path {
        Published::Log(path) => check.objects.read_into(path, &mut bytes)?,
        Published::Times(bundle) => check.objects.read_times_into(*bundle, &mut bytes)?,
        Published::Description
        | Published::Attestation(_)
        | Published::Heads(_)
        | Published::Lookup(_) => false,
    };
    Ok(found.then_some(bytes))
}

fn read(check: &Check<'_>, path: &Published) -> Result<Option<Vec<u8>>, Fault> {
    read_object(check, path).map_err(|error| match error {
        error @ FetchError::TooLong { .. } => Fault::damaged(format!("too long: {error}")),
        error => Fault::unread(&error),
    })
}

/// Returns the bytes if they are a tile, a bundle or times of the right width.
fn well_formed(
    check: &Check<'_>,
    path: &Published,
    width: TileWidth,
    bytes: Vec<u8>,
) -> Option<Vec<u8>> {
    let fault = match path {
        Published::Log(ResourcePath::Bundle(_)) => {
            EntryBundle::decode(bytes.as_slice(), width).err().map(|e| e.to_string())
        }
        Published::Times(_) => Times::decode(&bytes, width).err().map(|e| e.to_string()),
        _ => tiles_spec::HashTile::decode(&bytes, width).err().map(|e| e.to_string()),
    };
    match fault {
        Some(fault) => {
            check.findings.add(path, fault);
            None
        }
        None => Some(bytes),
    }
}

fn path_of(kind: Kind, index: TileIndex, width: TileWidth) -> Published {
    match kind {
        Kind::Tile(level) => TileCoord { level, index, width }.into(),
        Kind::Bundle => BundleCoord { index, width }.into(),
        Kind::Times => Published::Times(BundleCoord { index, width }),
    }
}
