//! What a signature file covers (the JAR file specification, "Signed JAR File").
//!
//! The signature file has a digest of the manifest, or else one of the manifest's main attributes
//! and one of each section. The manifest has digests of files. A file without a section is not
//! covered, and a section with `Magic` is not checked.

use super::manifest::{Attributes, Manifest, Stated, said, split};
use super::zip::{Archive, Budget, File};
use crate::error::{KindError, invalid};

/// Checks that a signature file covers a manifest.
pub(super) fn check_manifest(
    signature_file: &[u8],
    manifest: &[u8],
    sections_max: usize,
) -> Result<(), KindError> {
    let stated = Manifest::read(signature_file, sections_max)?;
    let whole = stated.main.digests("-Digest-Manifest")?;
    if !whole.is_empty() {
        let checked = check(&whole, manifest);
        return checked.map_err(|fault| invalid(format!("manifest signature: {fault}")));
    }
    let (main, sections) = split(manifest, sections_max)?;
    let what = "manifest main attributes signature";
    check_digests(&stated.main, "-Digest-Manifest-Main-Attributes", main, what)?;
    for (name, attributes) in &stated.files {
        let shown = said(name);
        let section = sections.get(name);
        let missing = || invalid(format!("manifest is missing signed section \"{shown}\""));
        let section = section.ok_or_else(missing)?;
        let what = format!("manifest signature over section \"{shown}\"");
        check_digests(attributes, "-Digest", section, &what)?;
    }
    Ok(())
}

/// Checks that the files in an archive are those of its manifest.
pub(super) fn check_files(
    archive: &Archive<'_>,
    manifest: &[u8],
    sections_max: usize,
    budget: &mut Budget,
) -> Result<(), KindError> {
    let manifest = Manifest::read(manifest, sections_max)?;
    // Of several files with one name the last counts.
    let files: std::collections::BTreeMap<_, _> =
        archive.files.iter().map(|file| (file.name, file)).collect();
    for (name, attributes) in &manifest.files {
        if !attributes.get("Magic").is_empty() {
            continue;
        }
        let shown = said(name);
        let missing = || invalid(format!("file {shown} is in manifest but not JAR"));
        let file = files.get(name.as_bytes()).ok_or_else(missing)?;
        check_file(archive, file, attributes, budget).map_err(|error| match error {
            KindError::Limit { .. } => error,
            other => invalid(format!("file \"{shown}\" in MANIFEST.MF: {other}")),
        })?;
    }
    Ok(())
}

fn check_file(
    archive: &Archive<'_>,
    file: &File<'_>,
    attributes: &Attributes,
    budget: &mut Budget,
) -> Result<(), KindError> {
    let stated = digests(attributes, "-Digest")?;
    let mut sums: Vec<_> = stated.iter().map(|stated| stated.checksum.begin()).collect();
    // Each digest after the first costs as much as inflating.
    budget.spend(file.size.saturating_mul(stated.len() as u64 - 1))?;
    archive.inflate(file, budget, |piece| sums.iter_mut().for_each(|sum| sum.update(piece)))?;
    let mut checked = stated.iter().zip(sums).map(|(stated, sum)| stated.check(&sum.finish()));
    checked.try_for_each(|checked| checked.map_err(invalid))
}

/// Checks the digests in attributes, of which there must be one, of some bytes.
fn check_digests(
    attributes: &Attributes,
    end: &str,
    bytes: &[u8],
    what: &str,
) -> Result<(), KindError> {
    let stated = digests(attributes, end);
    let stated = stated.map_err(|error| invalid(format!("{what}: {error}")))?;
    check(&stated, bytes).map_err(|fault| invalid(format!("{what}: {fault}")))
}

fn digests<'a>(attributes: &'a Attributes, end: &str) -> Result<Vec<Stated<'a>>, KindError> {
    let stated = attributes.digests(end)?;
    if stated.is_empty() { Err(invalid("no recognized digests found")) } else { Ok(stated) }
}

fn check(stated: &[Stated<'_>], bytes: &[u8]) -> Result<(), String> {
    stated.iter().try_for_each(|stated| stated.check(&stated.checksum.of(&[bytes])))
}
