//! What `--artifact` names: files, directories of files, digests.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use fasti::client::artifact::ArtifactFile;
use fasti::entry::{ArtifactDigest, HashAlgorithm};
use fasti::verify::{Artifact, NamedDigest, NamedDigestError};

/// The largest number of files in one run.
const FILES_MAX: usize = 100_000;

/// One value of `--artifact`.
#[derive(Clone, Debug)]
pub enum Named {
    /// A file or a directory.
    Path(PathBuf),
    /// A digest.
    Digest(NamedDigest),
}

impl Named {
    /// Reads an argument. What has the form of a digest is one, and not the file of that name: that
    /// is `./sha256:...`.
    pub fn parse(argument: OsString) -> Result<Self, NamedDigestError> {
        match argument.to_str().map(str::parse) {
            Some(Ok(digest)) => Ok(Self::Digest(digest)),
            Some(Err(
                error @ (NamedDigestError::Length { .. } | NamedDigestError::Broken { .. }),
            )) => Err(error),
            _ => Ok(Self::Path(argument.into())),
        }
    }
}

/// An artifact to verify.
pub struct Given {
    /// Its name, for the verdict.
    pub name: String,
    /// The artifact.
    pub artifact: Box<dyn Artifact>,
}

impl Given {
    fn file(path: PathBuf) -> Self {
        let name = path.display().to_string();
        let file = HashedOnce { file: ArtifactFile::new(path), known: RefCell::default() };
        Self { name, artifact: Box::new(file) }
    }

    fn digest(digest: &NamedDigest) -> Self {
        Self { name: digest.to_string(), artifact: Box::new(digest.clone()) }
    }
}

/// A file of which each digest is computed once, for however many bundles.
struct HashedOnce {
    file: ArtifactFile,
    known: RefCell<Vec<ArtifactDigest>>,
}

impl Artifact for HashedOnce {
    fn digest(&self, algorithm: HashAlgorithm) -> io::Result<ArtifactDigest> {
        let known = self.known.borrow().iter().find(|it| it.algorithm() == algorithm).copied();
        if let Some(digest) = known {
            return Ok(digest);
        }
        let digest = self.file.digest(algorithm)?;
        self.known.borrow_mut().push(digest);
        Ok(digest)
    }

    fn bytes(&self, max: usize) -> io::Result<Option<Vec<u8>>> {
        self.file.bytes(max)
    }
}

/// Lists the artifacts, at least one for each name. The proof itself, if it lies in a directory, is
/// none of its artifacts.
pub fn list(named: &[Named], digests: &[NamedDigest], proof: &Path) -> anyhow::Result<Vec<Given>> {
    let mut given = Vec::new();
    for named in named {
        match named {
            Named::Digest(digest) => given.push(Given::digest(digest)),
            Named::Path(path) => {
                let cannot = || unreadable(path);
                if fs::metadata(path).with_context(cannot)?.is_dir() {
                    given.extend(files(path, proof)?.into_iter().map(Given::file));
                } else {
                    given.push(Given::file(path.clone()));
                }
            }
        }
    }
    given.extend(digests.iter().map(Given::digest));
    Ok(given)
}

/// All regular files below a directory, sorted. Anything else there is an error, so that nothing
/// passes for verified that was not looked at; except links to what is in the directory anyway.
fn files(directory: &Path, proof: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let whole = fs::canonicalize(directory).with_context(|| unreadable(directory))?;
    let proof = fs::canonicalize(proof).with_context(|| unreadable(proof))?;
    let mut found = BTreeSet::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let cannot = || unreadable(&directory);
        for entry in fs::read_dir(&directory).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            let (path, kind) = (entry.path(), entry.file_type().with_context(cannot)?);
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_symlink() {
                let target = fs::canonicalize(&path).with_context(|| unreadable(&path))?;
                ensure!(
                    target.starts_with(&whole),
                    "{} is a link to {}, outside of the directory: give that as an artifact, or \
                     remove the link",
                    path.display(),
                    target.display()
                );
            } else if !kind.is_file() {
                bail!("{} is neither a file nor a directory", path.display());
            } else if fs::canonicalize(&path).with_context(|| unreadable(&path))? != proof {
                found.insert(path);
            }
            ensure!(
                found.len() + waiting.len() <= FILES_MAX,
                "{} has more than {FILES_MAX} files",
                directory.display()
            );
        }
    }
    ensure!(!found.is_empty(), "{} has no files to verify", directory.display());
    Ok(found.into_iter().collect())
}

fn unreadable(path: &Path) -> String {
    let shown = path.display();
    match path.as_os_str().to_str().map(str::parse::<NamedDigest>) {
        Some(Err(error @ NamedDigestError::Hex { .. })) => {
            format!("cannot read {shown} (nor is it a digest: {error})")
        }
        _ => format!("cannot read {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_or_a_digest() {
        let hex = "0a".repeat(32);
        let of = |text: &str| Named::parse(OsString::from(text));
        for text in ["a.txt", "./sha256:00", "C:\\a", "sha256:xy", "", ":"] {
            assert!(
                matches!(of(text), Ok(Named::Path(path)) if path.as_os_str() == text),
                "{text}"
            );
        }
        for name in ["sha256", "sha3_256", "gitCommit"] {
            assert!(matches!(of(&format!("{name}:{hex}")), Ok(Named::Digest(_))));
        }
        assert!(of("sha256:00").is_err() && of("md5:00").is_err());
    }

    #[test]
    fn a_directory_is_all_its_files() {
        let world = tempfile::tempdir().unwrap();
        let at = |name: &str| world.path().join(name);
        let listed = |proof: &str| files(&at("d"), &at(proof));
        fs::create_dir_all(at("d/b/c")).unwrap();
        fs::write(at("proof"), "").unwrap();
        assert!(listed("proof").unwrap_err().to_string().contains("no files"));
        for name in ["d/z", "d/b/c/y", "d/.hidden"] {
            fs::write(at(name), name).unwrap();
        }
        let all = [at("d/.hidden"), at("d/b/c/y"), at("d/z")];
        assert_eq!(listed("proof").unwrap(), all);
        assert_eq!(listed("d/z").unwrap(), all[..2]);
        std::os::unix::fs::symlink("../z", at("d/b/inside")).unwrap();
        assert_eq!(listed("proof").unwrap(), all);
        std::os::unix::fs::symlink("../proof", at("d/outside")).unwrap();
        assert!(listed("proof").unwrap_err().to_string().contains("outside of the directory"));
    }
}
