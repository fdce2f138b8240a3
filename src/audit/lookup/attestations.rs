//! What the leaves of a run are listed by because of their attestations.
//!
//! The index listed what was there when it was built, and nothing proves what that was. So a
//! posting for an attestation that is there may be missing, as it may have been kept later; and a
//! leaf whose attestation is not there may have had one. Both are counted, and neither is a
//! problem. All other differences are.

use std::sync::Arc;

use fasti_client::fetch::{Fetch, FetchError};
use fasti_entry::{attested_keys, is_attestation_of};
use fasti_lookup_spec::{LeafRange, Posting};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tiles_spec::{Hash, LeafIndex};

/// How many attestations are read at once.
const ATTESTATIONS_AT_ONCE: usize = 16;

/// An entry that may have an attestation.
pub(super) struct Attested {
    pub index: LeafIndex,
    pub sha256: Hash,
    pub entry: Vec<u8>,
}

/// The further postings of an entry; `None` if its attestation is not there.
pub(super) type Further = (LeafIndex, Option<Vec<Posting>>);

/// Reads the attestations of entries.
pub(super) async fn further(
    fetch: &Arc<dyn Fetch>,
    attested: Vec<Attested>,
) -> Result<Vec<Further>, FetchError> {
    let read = attested.into_iter().map(|Attested { index, sha256, entry }| async move {
        let found = fetch.fetch_attestation(&sha256).await?;
        let found = found.filter(|bytes| is_attestation_of(&entry, bytes));
        let postings = found.map(|bytes| {
            let keys = attested_keys(&entry, &bytes).into_iter();
            keys.map(|key| Posting { key, index }).collect()
        });
        Ok((index, postings))
    });
    stream::iter(read).buffered(ATTESTATIONS_AT_ONCE).try_collect().await
}

/// The leaves of a run whose attestations are not there: a bit for each leaf.
pub(super) struct Gone {
    range: LeafRange,
    bits: Vec<u64>,
}

impl Gone {
    pub(super) fn new(range: LeafRange) -> Self {
        Self { range, bits: Vec::new() }
    }

    fn place(&self, index: LeafIndex) -> (usize, u64) {
        let offset = index.get().saturating_sub(self.range.start().get());
        (usize::try_from(offset / 64).unwrap_or(usize::MAX), 1 << (offset % 64))
    }

    pub(super) fn add(&mut self, index: LeafIndex) {
        let (word, bit) = self.place(index);
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] |= bit;
    }

    fn has(&self, index: LeafIndex) -> bool {
        let (word, bit) = self.place(index);
        self.range.contains(index) && self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

/// What a part should list, given what it does list.
pub(super) struct Due {
    pub postings: Vec<Posting>,
    /// Postings for attestations that are there, and that the part does not list.
    pub late: u64,
    /// Postings that it lists for leaves whose attestations are not there.
    pub unexplained: u64,
}

/// What a part should list: what its leaves have by themselves, and of their attestations what it
/// lists. `own` and `further` are sorted, and so is `listed`, if the part could be read.
pub(super) fn due(
    own: Vec<Posting>,
    further: Vec<Posting>,
    listed: Option<&[Posting]>,
    gone: &Gone,
) -> Due {
    let mut postings = own;
    let before = postings.len();
    let (mut late, mut unexplained) = (0, 0);
    match listed {
        None => postings.extend(further),
        Some(listed) => {
            let is_listed = |posting: &Posting| listed.binary_search(posting).is_ok();
            let own = &postings[..before];
            let mut more: Vec<_> = Vec::new();
            for posting in listed.iter().filter(|posting| own.binary_search(posting).is_err()) {
                if further.binary_search(posting).is_ok() {
                    more.push(*posting);
                } else if gone.has(posting.index) {
                    more.push(*posting);
                    unexplained += 1;
                }
            }
            late = further.iter().filter(|posting| !is_listed(posting)).count() as u64;
            postings.extend(more);
        }
    }
    postings.sort_unstable();
    Due { postings, late, unexplained }
}
