//! One part of a run: laid out again from the log's leaves, and compared with what the revision
//! says about it and with what is stored.
//!
//! If the revision and the stored part agree with each other but not with the leaves, a wrong index
//! was signed, and the wrong postings are named. If they disagree, the file is damaged, and the
//! damaged pages are named.

use std::ops::Range;

use fasti_client::fetch::{Fetch, FetchError, PartFault};
use fasti_lookup_spec::{
    BuiltPart, KeySlice, LeafRange, LookupPath, PAGE_BYTES, Part, Posting, build_part, read_part,
};
use fasti_seams::offload::offload;
use futures::stream::{self, StreamExt as _};
use tiles_spec::LeafIndex;

use super::audit::Audit;
use crate::problem::Fault;

/// The size of the chunks in which objects are read, in bytes.
const CHUNK_BYTES: u64 = 8 << 20;
/// The number of chunks in flight at once.
const CHUNKS_AT_ONCE: usize = 4;
/// The maximum size of a part, in bytes. A part that claims to be larger is not read.
const STORED_BYTES_MAX: u64 = 1 << 30;
/// The most postings, and the most ranges of pages, that are named one by one in one part.
const NAMED_MAX: usize = 20;

impl Audit<'_> {
    /// Checks one part. `postings` are those of its range and slice, sorted.
    pub(super) async fn check_part(
        &mut self,
        revision: LeafIndex,
        range: LeafRange,
        slice: KeySlice,
        signed: &Part,
        postings: Vec<Posting>,
    ) {
        let path = LookupPath::Part { range, part: slice.index() };
        let build = move || (build_part(range, slice, &postings), postings);
        let (built, postings) = offload(build).await;
        if built.part != *signed {
            for difference in differences(signed, &built.part) {
                let fault = format!("a wrong index was signed: for {path}, it states {difference}");
                self.findings.add(LookupPath::Revision(revision), fault);
            }
            return self.name_postings(path, range, slice, signed, postings, built).await;
        }
        let count = built.part.postings;
        let bytes = built.part.bytes();
        match Stored::read(&*self.fetch, &path, bytes).await {
            Ok(Stored::Whole(stored)) => {
                let faults = offload(move || damages(&built, &stored)).await;
                if faults.is_empty() {
                    self.report.parts += 1;
                    self.report.postings += count;
                    self.report.bytes += bytes;
                }
                for fault in faults {
                    self.findings.add(path, fault);
                }
            }
            Ok(Stored::Missing) => self.missing.push((range, path)),
            Ok(other) => self.findings.add(path, other.fault(bytes)),
            Err(error) => self.findings.add(path, Fault::unread(&error)),
        }
    }

    /// What a part lists; `None` if it is not what was signed, which is found later.
    pub(super) async fn listed(
        &self,
        path: LookupPath,
        range: LeafRange,
        slice: KeySlice,
        signed: &Part,
    ) -> Option<Vec<Posting>> {
        let bytes = Some(signed.bytes()).filter(|bytes| *bytes <= STORED_BYTES_MAX)?;
        let Ok(Stored::Whole(stored)) = Stored::read(&*self.fetch, &path, bytes).await else {
            return None;
        };
        let signed = signed.clone();
        offload(move || read_part(range, slice, &signed, &stored).ok()).await
    }

    /// Names the wrong postings of a stored part that matches the revision but not the leaves.
    async fn name_postings(
        &mut self,
        path: LookupPath,
        range: LeafRange,
        slice: KeySlice,
        signed: &Part,
        postings: Vec<Posting>,
        built: BuiltPart,
    ) {
        let bytes = signed.bytes();
        if bytes > STORED_BYTES_MAX {
            let fault = format!("has {bytes} bytes according to the index; too large to examine");
            return self.findings.add(path, fault);
        }
        let stored = match Stored::read(&*self.fetch, &path, bytes).await {
            Ok(Stored::Whole(stored)) => stored,
            Ok(Stored::Missing) => return self.missing.push((range, path)),
            Ok(other) => return self.findings.add(path, other.fault(bytes)),
            Err(error) => return self.findings.add(path, Fault::unread(&error)),
        };
        if stored == built.bytes {
            // The file is right; only the revision is wrong.
            return;
        }
        let signed = signed.clone();
        let compare = move || match read_part(range, slice, &signed, &stored) {
            Ok(found) => wrong_postings(&postings, &found),
            Err(error) => vec![format!("damaged: {error}")],
        };
        for fault in offload(compare).await {
            self.findings.add(path, fault);
        }
    }
}

/// What is stored where a part should be.
enum Stored {
    /// The object has the right length.
    Whole(Vec<u8>),
    Missing,
    /// The object is too short.
    Shorter,
    /// The object is too long.
    Longer,
}

impl Stored {
    async fn read(fetch: &dyn Fetch, path: &LookupPath, bytes: u64) -> Result<Self, FetchError> {
        let step = usize::try_from(CHUNK_BYTES).unwrap_or(usize::MAX);
        let chunks = (0..bytes).step_by(step).map(|start| {
            let end = start.saturating_add(CHUNK_BYTES).min(bytes);
            fetch.fetch_part(path, start..end)
        });
        let mut chunks = stream::iter(chunks).buffered(CHUNKS_AT_ONCE);
        let mut whole = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(Some(chunk)) => whole.extend_from_slice(&chunk),
                Ok(None) => return Ok(Self::Missing),
                Err(FetchError::Part { fault: PartFault::BeyondEnd, .. }) => {
                    return Ok(Self::Shorter);
                }
                Err(error) => return Err(error),
            }
        }
        // If the object ends where it should, there is no byte after its last.
        match fetch.fetch_part(path, bytes..bytes + 1).await {
            Ok(Some(_)) => Ok(Self::Longer),
            _ => Ok(Self::Whole(whole)),
        }
    }

    fn fault(&self, bytes: u64) -> String {
        match self {
            Self::Whole(_) => format!("has {bytes} bytes"),
            Self::Missing => "missing".to_owned(),
            Self::Shorter => format!("damaged: shorter than the expected {bytes} bytes"),
            Self::Longer => format!("damaged: longer than the expected {bytes} bytes"),
        }
    }
}

/// What a revision says about a part that is wrong.
fn differences(signed: &Part, actual: &Part) -> Vec<String> {
    let counts = [
        ("postings", signed.postings, actual.postings),
        ("keys", signed.records, actual.records),
        ("pages for keys at home", signed.homes.into(), actual.homes.into()),
        ("directory pages", signed.directory.into(), actual.directory.into()),
        ("pages", signed.pages.into(), actual.pages.into()),
    ];
    let wrong = counts.iter().filter(|(_, signed, actual)| signed != actual);
    let mut differences: Vec<_> = wrong
        .map(|(what, signed, actual)| format!("{signed} {what}, but the leaves give {actual}"))
        .collect();
    if signed.root != actual.root {
        let (signed, actual) = (signed.root, actual.root);
        differences.push(format!("root hash {signed}, but the leaves give {actual}"));
    }
    differences
}

/// The damaged pages of a stored part, as ranges.
fn damages(built: &BuiltPart, stored: &[u8]) -> Vec<String> {
    let slot_bytes = built.part.slot_bytes();
    let slots = built.bytes.chunks(slot_bytes).zip(stored.chunks(slot_bytes));
    let mut damaged: Vec<(Range<usize>, &str)> = Vec::new();
    for (page, (should, is)) in slots.enumerate() {
        let what = if should == is {
            continue;
        } else if should.get(..PAGE_BYTES) == is.get(..PAGE_BYTES) {
            "the proof after page"
        } else {
            "page"
        };
        match damaged.last_mut() {
            Some((pages, last)) if pages.end == page && *last == what => pages.end += 1,
            _ => damaged.push((page..page + 1, what)),
        }
    }
    let more = damaged.len().saturating_sub(NAMED_MAX);
    let name = |(pages, what): &(Range<usize>, &str)| {
        let last = pages.end - 1;
        let others = if pages.len() == 1 { String::new() } else { format!(" to {last}") };
        format!("damaged: {what} {}{others} does not match the log's leaves", pages.start)
    };
    let mut faults: Vec<_> = damaged.iter().take(NAMED_MAX).map(name).collect();
    if more > 0 {
        faults.push(format!("damaged: and {more} more ranges of pages"));
    }
    faults
}

/// The differences between what a part should list and what it lists. Both are sorted.
fn wrong_postings(should: &[Posting], is: &[Posting]) -> Vec<String> {
    let (mut faults, mut more) = (Vec::new(), 0u64);
    let mut name = |Posting { key, index }: &Posting, what: &str| {
        if faults.len() < NAMED_MAX {
            faults.push(format!("key {key}: leaf {index} {what}"));
        } else {
            more += 1;
        }
    };
    let (mut should, mut is) = (should.iter().peekable(), is.iter().peekable());
    loop {
        match (should.peek(), is.peek()) {
            (None, None) => break,
            (Some(due), Some(found)) if due == found => {
                should.next();
                is.next();
            }
            (Some(due), found) if found.is_none_or(|found| due < found) => {
                name(due, "is not listed");
                should.next();
            }
            (_, Some(found)) => {
                name(found, "is listed but does not have it");
                is.next();
            }
            (Some(_), None) => unreachable!("handled by the arm for missing postings"),
        }
    }
    if faults.is_empty() {
        // The same postings, encoded differently.
        faults.push("lists what it should, but not in the format's encoding".to_owned());
    }
    if more > 0 {
        faults.push(format!("and {more} more postings are wrong"));
    }
    faults
}
