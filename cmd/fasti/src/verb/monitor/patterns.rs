//! The patterns of flags and files, with lists from further files.

use std::path::Path;

use anyhow::Context as _;
use fasti::monitor::patterns::{Issuer, IssuerText, PatternTexts, Patterns};

use super::settings::PatternFlags;
use crate::files;

/// The largest list, in bytes.
const LIST_BYTES_MAX: usize = 16 << 20;

/// Reads and compiles all groups of patterns.
pub fn read(groups: &[PatternFlags]) -> anyhow::Result<Patterns> {
    let mut texts = PatternTexts::default();
    for group in groups {
        let issuer: IssuerText = match (&group.issuer, &group.issuer_regex) {
            (Some(issuer), _) => Some(Issuer::Exact(issuer.clone())),
            (None, Some(regex)) => Some(Issuer::Regex(regex.clone())),
            (None, None) => None,
        };
        let with_issuer = |text| (text, issuer.clone());
        texts.identities.extend(values(&group.identity)?.into_iter().map(with_issuer));
        texts.identity_regexes.extend(values(&group.identity_regex)?.into_iter().map(with_issuer));
        texts.keys.extend(values(&group.key)?);
        texts.digests.extend(values(&group.digest)?);
        texts.extensions.extend(values(&group.extension)?);
        texts.unvouched |= group.unvouched;
    }
    Ok(Patterns::new(&texts)?)
}

/// Values, with those of the files among them. A file can have empty lines, and comments after `#`
/// at the beginning of a line.
fn values(given: &[String]) -> anyhow::Result<Vec<String>> {
    let mut values = Vec::new();
    for value in given {
        let Some(path) = value.strip_prefix('@') else {
            values.push(value.clone());
            continue;
        };
        let bytes = files::read(Path::new(path), LIST_BYTES_MAX)?;
        let text = String::from_utf8(bytes).with_context(|| path.to_owned())?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        values.extend(lines.map(str::to_owned));
    }
    Ok(values)
}
