//! The digests of one subject (in-toto DigestSet): by the names of algorithms, in hex.
//!
//! A digest that is known of the artifact is compared under its name, so `sha256` never stands for
//! another algorithm. A file's SHA-2 digests are known, by [`Artifact::named_digest`]; of an
//! artifact that is only a digest, that one.

use std::fmt;
use std::io;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::artifact::{Artifact, is_weak};

/// Algorithms and digests, as they were signed. No algorithm is there twice.
pub(super) struct DigestSet(Vec<(String, String)>);

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Compared<'a> {
    /// The first algorithm by which both are the same; one that is not weak, if there is one.
    pub(super) same: Option<&'a str>,
    /// The first algorithm by which they are not.
    pub(super) other: Option<&'a str>,
    /// Whether `same` is weak.
    pub(super) is_weak: bool,
}

impl DigestSet {
    /// The names of the algorithms.
    pub(super) fn algorithms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(algorithm, _)| &**algorithm)
    }

    /// Compares all digests that are known of the artifact.
    pub(super) fn compare(&self, artifact: &dyn Artifact) -> io::Result<Compared<'_>> {
        let mut compared = Compared::default();
        for (algorithm, stated) in &self.0 {
            let algorithm = algorithm.as_str();
            let Some(known) = artifact.named_digest(algorithm)? else { continue };
            if hex::decode(stated).is_ok_and(|stated| stated == known) {
                if compared.same.is_none() || compared.is_weak {
                    compared.same = Some(algorithm);
                    compared.is_weak = is_weak(&known);
                }
            } else {
                compared.other = compared.other.or(Some(algorithm));
            }
        }
        Ok(compared)
    }
}

impl<'de> Deserialize<'de> for DigestSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = DigestSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("digests by the names of their algorithms")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DigestSet, A::Error> {
        let mut digests: Vec<(String, String)> = Vec::new();
        while let Some((algorithm, digest)) = map.next_entry::<String, String>()? {
            if digests.len() == DIGESTS_MAX {
                return Err(A::Error::custom(format_args!("more than {DIGESTS_MAX} digests")));
            }
            if digests.iter().any(|(known, _)| *known == algorithm) {
                return Err(A::Error::custom(format_args!("two digests by {algorithm:?}")));
            }
            digests.push((algorithm, digest));
        }
        Ok(DigestSet(digests))
    }
}

/// The specification names some thirty algorithms.
const DIGESTS_MAX: usize = 64;
