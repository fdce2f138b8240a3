//! One part of a run: laid out again from the log's leaves, and held against what the revision says of it
//! and what is stored.
//!
//! Where the two that were stored agree with each other and not with the leaves, the index is wrong, and was
//! signed: the postings that are wrong are named. Where they disagree, the file is damaged: its
//! pages are named.

use std::ops::Range;

use futures::stream::{self, StreamExt as _};
use tiles_spec::LeafIndex;
use tiles_spec::lookup::{
    BuiltPart, KeySlice, LeafRange, LookupPath, PAGE_BYTES, Part, Posting, build_part, read_part,
};

use super::Audit;
use crate::audit::report::in_words;
use crate::client::fetch::{Fetch, FetchError, PartFault};
use crate::offload::offload;

/// What is read of an object at a time, in bytes.
const CHUNK_BYTES: u64 = 8 << 20;
/// How many such chunks are on their way.
const CHUNKS_AT_ONCE: usize = 4;
/// A part that claims to be larger is not read, in bytes.
const STORED_BYTES_MAX: u64 = 1 << 30;
/// Most postings, and most pages, that are named one by one in one part.
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
                let fault = format!("a wrong index, and signed: of {path} it says {difference}");
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
            Err(error) => self.findings.add(path, in_words(&error)),
        }
    }

    /// The stored part is not what it should be, if it is what the revision says: which of its postings
    /// are wrong.
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
            let fault = format!("is said to have {bytes} bytes, which is not looked into");
            return self.findings.add(path, fault);
        }
        let stored = match Stored::read(&*self.fetch, &path, bytes).await {
            Ok(Stored::Whole(stored)) => stored,
            Ok(Stored::Missing) => return self.missing.push((range, path)),
            Ok(other) => return self.findings.add(path, other.fault(bytes)),
            Err(error) => return self.findings.add(path, in_words(&error)),
        };
        if stored == built.bytes {
            // The file alone is right.
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
    /// As many bytes as there should be.
    Whole(Vec<u8>),
    Missing,
    /// It ends before.
    Shorter,
    /// There is more behind.
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
        // An object that ends where it should has no byte behind its last.
        match fetch.fetch_part(path, bytes..bytes + 1).await {
            Ok(Some(_)) => Ok(Self::Longer),
            _ => Ok(Self::Whole(whole)),
        }
    }

    fn fault(&self, bytes: u64) -> String {
        match self {
            Self::Whole(_) => format!("has {bytes} bytes"),
            Self::Missing => "missing".to_owned(),
            Self::Shorter => format!("damaged: shorter than the {bytes} bytes that it should have"),
            Self::Longer => format!("damaged: longer than the {bytes} bytes that it should have"),
        }
    }
}

/// What a revision says of a part that is not so.
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
        .map(|(what, signed, actual)| format!("{signed} {what}, where the leaves make {actual}"))
        .collect();
    if signed.root != actual.root {
        let (signed, actual) = (signed.root, actual.root);
        differences.push(format!("root hash {signed}, where the leaves make {actual}"));
    }
    differences
}

/// The pages of a stored part that are not as they should be, by runs of them.
fn damages(built: &BuiltPart, stored: &[u8]) -> Vec<String> {
    let slot_bytes = built.part.slot_bytes();
    let slots = built.bytes.chunks(slot_bytes).zip(stored.chunks(slot_bytes));
    let mut damaged: Vec<(Range<usize>, &str)> = Vec::new();
    for (page, (should, is)) in slots.enumerate() {
        let what = if should == is {
            continue;
        } else if should.get(..PAGE_BYTES) == is.get(..PAGE_BYTES) {
            "the proof behind page"
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
        format!("damaged: {what} {}{others} is not what the log's leaves make", pages.start)
    };
    let mut faults: Vec<_> = damaged.iter().take(NAMED_MAX).map(name).collect();
    if more > 0 {
        faults.push(format!("damaged: and so are {more} more stretches of pages"));
    }
    faults
}

/// How what a part lists differs from what it should. Both are sorted.
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
                name(found, "is listed and does not have it");
                is.next();
            }
            (Some(_), None) => unreachable!("what is due is named where nothing is found"),
        }
    }
    if faults.is_empty() {
        // The same postings in another form.
        faults.push("lists what it should, and in other bytes than the format has".to_owned());
    }
    if more > 0 {
        faults.push(format!("and {more} more postings are wrong"));
    }
    faults
}
