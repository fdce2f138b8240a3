//! Releases: one history over everything that ever left a writer, whichever store it writes.
//!
//! Judged is what a writer sends to a store as a checkpoint, and what it tells a submitter: from there
//! on somebody may have it. Which tree grew from which, the commit records say, in whatever store and
//! at whatever time they landed. This goes on where the [`oracle`](crate::oracle), which knows one
//! store that only grows, has to stop: when a store was put back, or copied.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use fasti::log::record::Record;
use tiles_spec::{EMPTY_ROOT, Hash, SignedCheckpoint, TreeHead};

use crate::oracle::{Verdict, Violation};

/// A size and its root.
type Head = (u64, Hash);

fn head(tree: TreeHead) -> Head {
    (tree.size.get(), tree.root)
}

/// See the module's text.
pub struct Releases {
    /// The trees that each tree has grown from by one record.
    grown_from: BTreeMap<Head, BTreeSet<Head>>,
    /// The root of each size that was released.
    roots: BTreeMap<u64, Hash>,
    /// The largest tree that was released.
    tip: Head,
    /// The entry of each index that was acknowledged.
    entries: BTreeMap<u64, Bytes>,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            grown_from: BTreeMap::new(),
            roots: BTreeMap::new(),
            tip: (0, EMPTY_ROOT),
            entries: BTreeMap::new(),
        }
    }
}

impl Releases {
    /// A commit record has landed somewhere.
    pub fn commits(&mut self, bytes: &Bytes) {
        if let Ok((Record { before, after, .. }, _)) = Record::decode(bytes)
            && before != after
        {
            self.grown_from.entry(head(after)).or_default().insert(head(before));
        }
    }

    /// A checkpoint leaves a writer.
    pub fn releases(&mut self, checkpoint: &[u8]) -> Verdict {
        let Ok(signed) = SignedCheckpoint::parse(checkpoint) else { return Ok(()) };
        let new = head(signed.checkpoint().head);
        let root = *self.roots.entry(new.0).or_insert(new.1);
        if root != new.1 {
            let text = format!("two roots were released at size {}", new.0);
            return Err(Violation::of("I1", text));
        }
        let (small, large) = if new.0 < self.tip.0 { (new, self.tip) } else { (self.tip, new) };
        if !self.begins_with(large, small) {
            let text = format!("size {} does not begin with size {}", large.0, small.0);
            return Err(Violation::of("I2", text));
        }
        self.tip = large;
        Ok(())
    }

    fn begins_with(&self, large: Head, small: Head) -> bool {
        let mut waiting = vec![large];
        while let Some(tree) = waiting.pop() {
            if tree == small || small.0 == 0 {
                return true;
            }
            let before = self.grown_from.get(&tree).into_iter().flatten();
            waiting.extend(before.filter(|before| before.0 >= small.0));
        }
        false
    }

    /// Somebody was told that an entry is at this index.
    pub fn acknowledges(&mut self, entry: &Bytes, index: u64) -> Verdict {
        let first = self.entries.entry(index).or_insert_with(|| entry.clone());
        if first == entry {
            return Ok(());
        }
        Err(Violation::of("I4", format!("two entries were told that they are leaf {index}")))
    }
}
