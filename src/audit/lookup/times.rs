//! The times that a revision commits to are those of the log's files.

use fasti_client::times::frontier_of_times;
use fasti_lookup_spec::{LookupPath, Manifest};
use fasti_seams::causes::with_causes;
use tiles_spec::LeafIndex;

use super::audit::Audit;
use crate::problem::{Fault, Kind};

impl Audit<'_> {
    /// Checks that the newest revision commits to the times in the log's files. If it does not, a
    /// time was changed after it was signed.
    pub(super) async fn check_times(&mut self, revision: LeafIndex, manifest: &Manifest) {
        let size = self.log.head().size;
        let end = manifest.head.size;
        let path = LookupPath::Revision(revision);
        match (&manifest.times, frontier_of_times(&*self.fetch, None, end, size).await) {
            (Some(signed), Ok(Some(found))) if *signed != found => self.findings.add(
                path,
                "commits to other times of entries than those below time/: one of them was changed",
            ),
            (Some(_), Ok(None)) if !end.is_zero() => {
                self.findings
                    .add(path, "commits to the times of entries, but the log has no times");
            }
            // fsck names files that are missing or damaged.
            (Some(_), Err(error)) => {
                let fault = format!("its times cannot be compared: {}", with_causes(&error));
                self.findings.add(path, Fault::new(Kind::Unvouched, fault));
            }
            _ => {}
        }
    }
}
