//! The files below `lookup/` in a directory: each must belong, or possibly belong, to the index.
//!
//! Runs of earlier revisions are kept for clients that still read them, and those of the next
//! revision are written before it is served: these files are counted. The files of the lookup log
//! are checked with its tree.

use std::fs;
use std::path::Path;

use fasti_lookup_spec::{LookupPath, Manifest};

use super::audit::Audit;
use crate::problem::Fault;

/// The most levels of directories below `lookup/`: more than the longest path has.
const DEPTH_MAX: usize = 12;

impl Audit<'_> {
    /// Checks the name of every file below `lookup/`.
    pub(super) fn check_files(&mut self, root: &Path, newest: Option<&Manifest>) {
        self.check_directory(root, "lookup", newest, DEPTH_MAX);
    }

    fn check_directory(
        &mut self,
        root: &Path,
        path: &str,
        newest: Option<&Manifest>,
        depth: usize,
    ) {
        let entries = match fs::read_dir(root.join(path)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.findings.add(path, Fault::unlisted(&error)),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.findings.add(path, Fault::unlisted(&error));
                    continue;
                }
            };
            let name = format!("{path}/{}", entry.file_name().to_string_lossy());
            if !fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()) {
                self.check_name(&name, newest);
            } else if name != "lookup/tile" {
                match depth.checked_sub(1) {
                    Some(depth) => self.check_directory(root, &name, newest, depth),
                    None => {
                        self.findings.add(name, Fault::stray("deeper than any object of an index"));
                    }
                }
            }
        }
    }

    fn check_name(&mut self, name: &str, newest: Option<&Manifest>) {
        let is_stray = Fault::stray("not the name of any object of an index");
        match name.parse() {
            Err(_) => self.findings.add(name, is_stray),
            Ok(LookupPath::Part { range, part }) => {
                let runs = newest.map(|manifest| &manifest.runs[..]).unwrap_or_default();
                match runs.iter().find(|run| run.range == range) {
                    None => self.report.unlisted += 1,
                    Some(run) if run.parts.len() <= part as usize => {
                        let parts = run.parts.len();
                        let fault = format!("its run has only {parts} parts");
                        self.findings.add(name, Fault::stray(fault));
                    }
                    Some(_) => {}
                }
            }
            Ok(LookupPath::Revision(number)) if number.get() >= self.report.revisions => {
                self.report.unlisted += 1;
            }
            Ok(LookupPath::Latest | LookupPath::Log(_) | LookupPath::Revision(_)) => {}
        }
    }
}
