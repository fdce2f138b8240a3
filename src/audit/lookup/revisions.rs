//! Revisions: each is a leaf of the lookup log, and an index of an earlier or current tree of the
//! log.
//!
//! Invariant: the revision returned as the newest is the last leaf of the signed lookup log, and of
//! a tree of the log. If that revision's file is lost, it is the one proved by `lookup/latest`.

use std::fmt::Display;

use fasti_client::fetch::{Fetch, FetchError};
use fasti_client::reader::{ReadError, VerifiedBundle, View};
use fasti_lookup_spec::{LatestFile, LookupPath, Manifest, RevisionFile};
use futures::stream::{self, StreamExt as _};
use tiles_spec::tile::bundle_indices;
use tiles_spec::{LeafIndex, TreeHead, TreeSize, leaf_hash, verify_inclusion};

use super::audit::Audit;
use crate::problem::{Fault, Kind};
use fasti_seams::causes::with_causes;

/// The number of revision files that are read at once.
const FILES_AT_ONCE: usize = 16;

/// A revision and its number.
pub(super) type Numbered = (LeafIndex, Manifest);

/// `lookup/latest` as it was read.
pub(super) struct Latest(Result<Option<Vec<u8>>, FetchError>);

impl Latest {
    pub(super) async fn read(fetch: &dyn Fetch) -> Self {
        Self(fetch.fetch_lookup(&LookupPath::Latest).await)
    }
}

impl Audit<'_> {
    /// Checks all revisions, and returns the newest.
    pub(super) async fn check_revisions(
        &mut self,
        lookup: Result<View, ReadError>,
        shown: Latest,
    ) -> Option<Numbered> {
        let mut lookup = match lookup {
            Ok(view) => view,
            Err(ReadError::NoLog { .. }) => {
                self.findings.add("lookup/checkpoint", Fault::missing());
                return self.check_shown(None, shown).await;
            }
            Err(error) => {
                let fault = Fault::refused(error.is_refusal(), &error);
                self.findings.add("lookup/checkpoint", fault);
                return self.check_shown(None, shown).await;
            }
        };
        self.report.revisions = lookup.head().size.get();
        let newest = self.follow(&mut lookup).await;
        let proved = self.check_shown(Some(&mut lookup), shown).await;
        newest.or(proved)
    }

    /// Reads the lookup log from its beginning. Returns the newest revision, if it is sound.
    async fn follow(&mut self, lookup: &mut View) -> Option<Numbered> {
        let size = lookup.head().size;
        let all = bundle_indices(TreeSize::ZERO, size);
        let mut bundles = lookup.bundles(all);
        let (mut newest, mut before) = (None, TreeHead::EMPTY);
        loop {
            let bundle = match bundles.next().await {
                Ok(Some(bundle)) => bundle,
                Ok(None) => break,
                Err(error) => {
                    self.findings.add("lookup/checkpoint", format!("cannot be followed: {error}"));
                    break;
                }
            };
            for (number, entry, file) in read_files(&*self.fetch, &bundle).await {
                let manifest = self.check_file(number, &entry, file).await;
                if let Some(manifest) = &manifest {
                    if manifest.head.size < before.size {
                        let of = before.size;
                        let fault = format!("is of a smaller tree than the one before it ({of})");
                        self.findings.add(LookupPath::Revision(number), fault);
                    }
                    before = manifest.head;
                }
                newest = manifest.map(|manifest| (number, manifest));
            }
        }
        newest.filter(|(number, _)| number.tree_size_after() == size)
    }

    /// Returns the manifest in a revision's file, if it is the one in the lookup log.
    async fn check_file(
        &mut self,
        number: LeafIndex,
        entry: &[u8],
        file: Result<Option<Vec<u8>>, FetchError>,
    ) -> Option<Manifest> {
        let path = LookupPath::Revision(number);
        let bytes = match file {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return self.refuse(path, Fault::missing()),
            Err(error) => return self.refuse(path, Fault::unread(&error)),
        };
        let file = match RevisionFile::parse(&bytes) {
            Ok(file) => file,
            Err(error) => return self.refuse(path, format!("damaged: {}", with_causes(&error))),
        };
        if file.manifest.revision_entry() != entry {
            let fault = format!("damaged: it is not leaf {number} of the lookup log");
            return self.refuse(path, fault);
        }
        self.check_revision(path, file).await
    }

    /// Whether a tree signed by the log can extend the indexed one: it is the same tree, or a
    /// larger one of this log, as when an index is catching up.
    async fn may_begin_with(&mut self, signed: TreeHead, indexed: TreeHead) -> bool {
        if signed.size <= indexed.size {
            return signed == indexed;
        }
        self.log.head_at(signed.size).await.is_ok_and(|ours| ours == signed)
    }

    /// Checks that a revision, whose leaf is in the lookup log, is of this log.
    async fn check_revision(&mut self, path: LookupPath, file: RevisionFile) -> Option<Manifest> {
        let RevisionFile { manifest, checkpoint } = file;
        let (origin, head) = (self.keys.origin, manifest.head);
        if manifest.origin.as_str() != origin {
            let fault = format!("is an index of {}, not of {origin}", manifest.origin);
            return self.refuse(path, fault);
        }
        match self.keys.log.open_uncosigned(&checkpoint) {
            Err(refusal) => {
                self.findings.add(path, format!("its checkpoint of the log: {refusal}"));
            }
            Ok(signed)
                if signed.log().origin() != origin
                    || !self.may_begin_with(signed.head(), head).await =>
            {
                let TreeHead { size, root } = signed.head();
                let of = signed.log().origin();
                self.findings.add(
                    path,
                    format!("comes with a checkpoint of {of}, {size}, root hash {root}"),
                );
            }
            Ok(_) => {}
        }
        match self.log.head_at(head.size).await {
            Ok(ours) if ours == head => Some(manifest),
            Ok(ours) => {
                let TreeHead { size, root } = head;
                let fault = format!(
                    "is of a tree of {size} with root hash {root}, but the log's tree has {}",
                    ours.root
                );
                self.refuse(path, Fault::new(Kind::History, fault))
            }
            Err(_) if head.size > self.log.head().size => {
                let (size, ours) = (head.size, self.log.head().size);
                let fault = format!("is of a tree of {size}, but the log has {ours} entries");
                self.refuse(path, Fault::new(Kind::History, fault))
            }
            Err(error) => {
                let fault = format!("its tree cannot be compared: {}", with_causes(&error));
                self.refuse(path, Fault::new(Kind::Unvouched, fault))
            }
        }
    }

    /// Checks `lookup/latest`, which clients read first. Returns what it proves, if it is sound.
    pub(super) async fn check_shown(
        &mut self,
        lookup: Option<&mut View>,
        shown: Latest,
    ) -> Option<Numbered> {
        let path = LookupPath::Latest;
        let bytes = match shown.0 {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return self.refuse(path, Fault::missing()),
            Err(error) => return self.refuse(path, Fault::unread(&error)),
        };
        let LatestFile { revision, proof } = match LatestFile::parse(&bytes) {
            Ok(file) => file,
            Err(error) => return self.refuse(path, format!("damaged: {}", with_causes(&error))),
        };
        let signed = match self.keys.lookup.open(&proof.checkpoint) {
            Ok(signed) => signed.head(),
            Err(refusal) => return self.refuse(path, format!("its checkpoint: {refusal}")),
        };
        let leaf = leaf_hash(&revision.manifest.revision_entry());
        if let Err(error) = verify_inclusion(&leaf, proof.index, &signed, &proof.hashes) {
            return self.refuse(path, format!("its proof of revision {}: {error}", proof.index));
        }
        if proof.index.tree_size_after() != signed.size {
            let fault = format!("serves revision {} of {}", proof.index, signed.size);
            return self.refuse(path, fault);
        }
        if let Some(lookup) = lookup {
            self.compare(lookup, signed).await;
        }
        let manifest = self.check_revision(path, revision).await?;
        Some((proof.index, manifest))
    }

    /// Checks that the tree shown is the newest of the lookup log.
    async fn compare(&mut self, lookup: &mut View, shown: TreeHead) {
        let newest = lookup.head();
        let fault = match lookup.head_at(shown.size).await {
            Ok(ours) if ours != shown => {
                format!("its tree of {} revisions is not the lookup log's", shown.size)
            }
            Err(error) => format!("its tree of revisions: {}", with_causes(&error)),
            // If a builder is running, it updates the file in a moment.
            Ok(_) if shown.size < newest.size && self.shows_less_than(newest).await => {
                format!("shows {} revisions, but there are {}", shown.size, newest.size)
            }
            Ok(_) => return,
        };
        self.findings.add(LookupPath::Latest, fault);
    }

    /// Whether `lookup/latest`, read again, still shows fewer revisions.
    async fn shows_less_than(&self, newest: TreeHead) -> bool {
        let Latest(Ok(Some(bytes))) = Latest::read(&*self.fetch).await else { return true };
        let shown = LatestFile::parse(&bytes).ok();
        shown.is_none_or(|shown| shown.proof.index.tree_size_after() < newest.size)
    }

    /// Reports a problem that leaves nothing to continue with.
    fn refuse<T>(&self, path: impl Display, fault: impl Into<Fault>) -> Option<T> {
        self.findings.add(path, fault);
        None
    }
}

/// The leaves of a bundle of the lookup log, each with the content of its revision's file.
async fn read_files(
    fetch: &dyn Fetch,
    bundle: &VerifiedBundle,
) -> Vec<(LeafIndex, Vec<u8>, Result<Option<Vec<u8>>, FetchError>)> {
    let entries = bundle.entries().map(|(number, _, entry)| (number, entry.to_vec()));
    let entries: Vec<_> = entries.collect();
    let reads = entries.into_iter().map(async |(number, entry)| {
        let file = fetch.fetch_lookup(&LookupPath::Revision(number)).await;
        (number, entry, file)
    });
    stream::iter(reads).buffered(FILES_AT_ONCE).collect().await
}
