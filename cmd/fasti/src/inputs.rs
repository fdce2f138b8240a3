//! Files that the user names, some of them by URLs. What is at a URL is read once, into a private
//! directory that goes away with the command, and its digest is shown.
//!
//! Nothing but a digest that the user knows can tell that it was not changed on its way. So it
//! comes over TLS, from this machine, or with such a digest.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use fasti::client::artifact::ArtifactFile;
use fasti::client::download::download;
use fasti::client::fetch::FetchError;
use fasti::egress::is_loopback;
use fasti::entry::{ArtifactDigest, ArtifactHasher, HashAlgorithm};
use fasti::verify::{Artifact as _, NamedDigest};
use reqwest::Url;
use tempfile::TempDir;

use crate::failure::Failure;
use crate::globals::Globals;
use crate::terminal;

/// The maximum size of an artifact at a URL. What is sent along has a smaller one.
pub const ARTIFACT_BYTES_MAX: u64 = 4 << 30;

/// Reads what is at URLs, for one command.
pub struct Inputs<'a> {
    globals: &'a Globals,
    directory: Option<TempDir>,
    count: u32,
}

impl<'a> Inputs<'a> {
    /// Nothing was read yet.
    pub fn new(globals: &'a Globals) -> Self {
        Self { globals, directory: None, count: 0 }
    }

    /// Holds the files that were at URLs: they go away with it.
    pub fn downloaded(self) -> Option<TempDir> {
        self.directory
    }

    /// The files that were named, of at most `max` bytes at a URL.
    pub async fn all(&mut self, named: &[PathBuf], max: u64) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for named in named {
            files.extend(self.one(Some(named), max, None).await?);
        }
        Ok(files)
    }

    /// The file that was named, if one was, of at most `max` bytes at a URL. With a digest, it must
    /// have it.
    pub async fn one(
        &mut self,
        named: Option<&Path>,
        max: u64,
        digest: Option<&NamedDigest>,
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(named) = named else { return Ok(None) };
        let expected = digest.map(comparable).transpose()?;
        let Some(url) = url(named)? else {
            if let Some(expected) = expected {
                let found = ArtifactFile::new(named).digest(expected.algorithm());
                let found = found.with_context(|| format!("cannot read {}", named.display()))?;
                expect(&named.display(), found, expected)?;
            }
            return Ok(Some(named.to_owned()));
        };
        if url.scheme() != "https" && !is_loopback(&url) && expected.is_none() {
            let words = "could be changed on its way: use https, or give the digest of the \
                         artifact with --artifact-hash";
            return Err(anyhow!("{url} {words}").into());
        }
        self.download(&url, max, expected).await.map(Some)
    }

    async fn download(
        &mut self,
        url: &Url,
        max: u64,
        expected: Option<ArtifactDigest>,
    ) -> Result<PathBuf, Failure> {
        let path = self.new_path(url)?;
        let name = || format!("cannot write {}", path.display());
        let mut file = File::create_new(&path).with_context(name)?;
        let mut shown = ArtifactHasher::new(HashAlgorithm::Sha256);
        let mut asked = expected.map(|expected| ArtifactHasher::new(expected.algorithm()));
        let take = |bytes: &[u8]| {
            shown.update(bytes);
            if let Some(hasher) = &mut asked {
                hasher.update(bytes);
            }
            file.write_all(bytes)
        };
        let length = download(url, self.globals.redirects(), max, take).await;
        let length = length.map_err(|error: FetchError| Failure::Broken(error.into()))?;
        let hex = hex::encode(shown.finish().as_bytes());
        terminal::say(&format!("{url}: {length} bytes, sha256:{hex}"));
        if let (Some(hasher), Some(expected)) = (asked, expected) {
            expect(url, hasher.finish(), expected)?;
        }
        Ok(path)
    }

    /// A new file with the name that the URL ends with, for messages.
    fn new_path(&mut self, url: &Url) -> anyhow::Result<PathBuf> {
        if self.directory.is_none() {
            let made = tempfile::Builder::new().prefix("fasti-").tempdir();
            self.directory = Some(made.context("cannot make a temporary directory")?);
        }
        let directory = self.directory.as_ref().context("it was made")?.path();
        self.count += 1;
        let last = url.path_segments().and_then(Iterator::last).unwrap_or_default();
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let last: String = last.chars().filter(plain).take(64).collect();
        Ok(directory.join(format!("{}-{last}", self.count)))
    }
}

/// The URL that is named in place of a file.
fn url(named: &Path) -> anyhow::Result<Option<Url>> {
    let Some(text) = named.to_str() else { return Ok(None) };
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        return Ok(None);
    }
    let url: Url = text.parse().with_context(|| text.to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        bail!("a URL with a user name or a password is not read: {}", url.host_str().unwrap_or(""));
    }
    Ok(Some(url))
}

/// A digest that an artifact can be compared with.
fn comparable(digest: &NamedDigest) -> anyhow::Result<ArtifactDigest> {
    let name = digest.name();
    digest.artifact_digest().with_context(|| format!("--artifact-hash: no {name} is computed here"))
}

fn expect(
    name: &dyn std::fmt::Display,
    found: ArtifactDigest,
    expected: ArtifactDigest,
) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (hex::encode(found.as_bytes()), hex::encode(expected.as_bytes()));
    let error =
        anyhow!("{name} has the digest {found}, and not {expected} as --artifact-hash says");
    Err(Failure::Refused(error))
}
