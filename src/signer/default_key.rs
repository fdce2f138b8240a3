//! The default key of a directory: created at the first start, and found again later.
//!
//! It is stored in the state directory, outside of what is served and copied, as
//! `keys/<origin>+<key ID>.key`. The log's own line in `checkpoint` tells which key it is; for a
//! log that has no checkpoint yet, the file `_writer/vkey` does, written when the key is created.
//! Earlier releases created `_writer/log.key`, and so does this one if there is no state directory;
//! if that file exists, it is the key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fasti_seams::state::StateDir;
use tiles_spec::{KeyId, Origin, SignedCheckpoint, VerifierKey};

use super::{KeyFileError, NewKey};

/// How much of an origin goes into a file name; the key ID after it distinguishes keys.
const NAME_CHARS_MAX: usize = 128;

/// A directory holds a log, but its key was not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is a log here ({log}), but not its key: looked for {}; restore that file, or name the \
     key with --key",
    .looked_for.join(" and ")
)]
pub struct MissingKey {
    log: String,
    looked_for: Vec<String>,
}

/// Finds the key of the log in the directory `root`; `None` if no log was begun there.
pub fn find_default_key(
    root: &Path,
    state: Option<&StateDir>,
) -> Result<Option<PathBuf>, MissingKey> {
    let beside = key_inside(root);
    if beside.exists() {
        return Ok(Some(beside));
    }
    let checkpoint = root.join("checkpoint");
    let known = of_checkpoint(&checkpoint).or_else(|| of_vkey(&vkey_file(root)));
    let outside =
        state.zip(known).map(|(state, (origin, id))| state.keys().join(name(&origin, id)));
    match outside {
        Some(path) if path.exists() => Ok(Some(path)),
        outside if checkpoint.exists() => {
            let looked_for = outside.into_iter().chain([beside]);
            Err(MissingKey {
                log: checkpoint.display().to_string(),
                looked_for: looked_for.map(|path| path.display().to_string()).collect(),
            })
        }
        _ => Ok(None),
    }
}

/// Creates a key for a new log in the directory `root`, whose private part exists.
pub fn make_default_key(
    root: &Path,
    state: Option<&StateDir>,
    origin: &Origin,
) -> Result<PathBuf, KeyFileError> {
    let Some(state) = state else {
        let path = key_inside(root);
        NewKey::default().write(&path, origin)?;
        return Ok(path);
    };
    let place = |key: &VerifierKey| state.keys().join(name(origin.as_str(), key.key_id()));
    let (path, key) = NewKey::default().write_named(place, origin)?;
    let vkey = vkey_file(root);
    let written = fs::write(&vkey, format!("{key}\n"));
    written.map_err(|source| KeyFileError::Io { path: vkey.display().to_string(), source })?;
    Ok(path)
}

fn key_inside(root: &Path) -> PathBuf {
    root.join("_writer/log.key")
}

fn vkey_file(root: &Path) -> PathBuf {
    root.join("_writer/vkey")
}

/// The log's own line is the first.
fn of_checkpoint(path: &Path) -> Option<(String, KeyId)> {
    let signed = SignedCheckpoint::parse(&read(path)?).ok()?;
    let line = signed.note().signatures().first()?;
    Some((signed.checkpoint().origin.clone(), line.key_id()))
}

fn of_vkey(path: &Path) -> Option<(String, KeyId)> {
    let key = VerifierKey::parse(std::str::from_utf8(&read(path)?).ok()?.trim_end()).ok()?;
    Some((key.name().to_string(), key.key_id()))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(e) => {
            if e.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), error = %e, "cannot read the file");
            }
            None
        }
    }
}

fn name(origin: &str, id: KeyId) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let escaped: String = origin.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let escaped: String = escaped.chars().take(NAME_CHARS_MAX).collect();
    format!("{escaped}+{id}.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        "log.test/a:80".parse().unwrap()
    }

    struct Scene {
        _home: tempfile::TempDir,
        root: PathBuf,
        state: StateDir,
    }

    fn scene() -> Scene {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("log");
        fs::create_dir_all(root.join("_writer")).unwrap();
        let state = StateDir::open(&home.path().join("state")).unwrap();
        Scene { _home: home, root, state }
    }

    #[test]
    fn a_key_is_made_outside_and_found_again() {
        let Scene { root, state, _home } = scene();
        let find = || find_default_key(&root, Some(&state));
        assert_eq!(find(), Ok(None));
        let path = make_default_key(&root, Some(&state), &origin()).unwrap();
        let name = path.strip_prefix(state.keys()).unwrap().to_str().unwrap();
        let id = name.strip_prefix("log.test_a_80+").and_then(|rest| rest.strip_suffix(".key"));
        assert!(id.is_some_and(|id| id.len() == 8), "{name}");
        assert_eq!(find(), Ok(Some(path.clone())), "as _writer/vkey says");

        fs::remove_file(vkey_file(&root)).unwrap();
        let key = fs::read_to_string(&path).unwrap();
        let key = tiles_spec::NoteSigningKey::parse(key.trim_end()).unwrap();
        let (origin, head) = (origin().to_string(), tiles_spec::TreeHead::EMPTY);
        let text = tiles_spec::Checkpoint { origin, head, extensions: Vec::new() }.to_text();
        let line = key.sign(&text);
        fs::write(root.join("checkpoint"), format!("{text}\n{line}")).unwrap();
        assert_eq!(find(), Ok(Some(path.clone())), "as the checkpoint says");

        fs::remove_file(&path).unwrap();
        let said = find().unwrap_err().to_string();
        for words in [path.to_str().unwrap(), "_writer/log.key", "/checkpoint", "--key"] {
            assert!(said.contains(words), "{said}");
        }
        find_default_key(&root, None).unwrap_err();
    }

    #[test]
    fn without_a_state_directory_it_lies_inside_and_stays_there() {
        let Scene { root, state, _home } = scene();
        let path = make_default_key(&root, None, &origin()).unwrap();
        assert_eq!(path, root.join("_writer/log.key"));
        for state in [None, Some(&state)] {
            assert_eq!(find_default_key(&root, state), Ok(Some(path.clone())));
        }
    }

    #[test]
    fn long_origins_make_no_long_names() {
        let id = KeyId::from([1, 2, 3, 4]);
        assert_eq!(name("a", id), "a+01020304.key");
        assert_eq!(name(&"é/".repeat(500), id).len(), NAME_CHARS_MAX + "+01020304.key".len());
    }
}
