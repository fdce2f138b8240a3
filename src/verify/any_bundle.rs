//! Several bundles in one file: does one of them verify?
//!
//! An artifact has several attestations, by several signers: of npm's two, the registry signs one
//! and the build the other. One that meets the caller's demand is enough, and the verdict says
//! which of the others were not looked at, or why they did not count.

use std::io::ErrorKind;

use fasti_entry::Bundle;

use super::artifact::Artifact;
use super::bundle::bundle;
use super::demand::Demand;
use super::refusal::Refusal;
use super::trust::TrustedRoot;
use super::verdict::Verdict;

/// Verifies the bundles of a file, as [`bundle`] does, until one is good.
pub fn any_bundle(
    bundles: &[Bundle],
    artifact: Option<&dyn Artifact>,
    trusted: &TrustedRoot,
    demand: &Demand,
) -> Result<Verdict, Refusal> {
    if let [only] = bundles {
        return bundle(only, artifact, trusted, demand);
    }
    let count = bundles.len();
    let mut refusals = Vec::new();
    for (index, each) in bundles.iter().enumerate() {
        match bundle(each, artifact, trusted, demand) {
            Ok(mut verdict) => {
                let refused = refusals.iter().enumerate().map(|(index, refusal)| {
                    format!("bundle {} of {count}, which is refused: {refusal}", index + 1)
                });
                verdict.unchecked.extend(refused);
                let left = index + 2..=count;
                let left = left.map(|number| format!("bundle {number} of {count}: one is enough"));
                verdict.unchecked.extend(left);
                return Ok(verdict);
            }
            // If only a digest of it is known, another bundle may be over that.
            Err(Refusal::Unreadable(error)) if error.kind() != ErrorKind::Unsupported => {
                return Err(error.into());
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    Err(Refusal::NoneOfSeveral { refusals })
}
