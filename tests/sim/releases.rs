//! Releases: one history over everything that was ever released by a writer, to whatever store.
//!
//! It judges what a writer sends to a store as a checkpoint and what it tells a submitter: after
//! that, a client may hold it. The commit records say which tree grew from which, in whatever store
//! and at whatever time they landed. This check continues where the [`oracle`](crate::oracle),
//! which follows one append-only store, must stop: when a store was restored or copied.

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

/// The releases; see the module documentation.
pub struct Releases {
    /// The trees from which each tree has grown by one record.
    grown_from: BTreeMap<Head, BTreeSet<Head>>,
    /// The root of each released size.
    roots: BTreeMap<u64, Hash>,
    /// The largest released tree.
    tip: Head,
    /// The acknowledged entry at each index.
    entries: BTreeMap<u64, Bytes>,
    /// The root of each size that a witness has signed, and what each has signed last.
    cosigned: BTreeMap<u64, Hash>,
    witnessed: BTreeMap<usize, Head>,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            grown_from: BTreeMap::new(),
            roots: BTreeMap::new(),
            tip: (0, EMPTY_ROOT),
            entries: BTreeMap::new(),
            cosigned: BTreeMap::new(),
            witnessed: BTreeMap::new(),
        }
    }
}

impl Releases {
    /// A commit record has landed in some store.
    pub fn commits(&mut self, bytes: &Bytes) {
        if let Ok((Record { before, after, .. }, _)) = Record::decode(bytes)
            && before != after
        {
            self.grown_from.entry(head(after)).or_default().insert(head(before));
        }
    }

    /// A writer releases a checkpoint.
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

    /// A witness signs a tree: it continues what it has signed last, and no witness has signed
    /// another of that size.
    pub fn cosigns(&mut self, witness: usize, tree: TreeHead) -> Verdict {
        let new = head(tree);
        let last = self.witnessed.insert(witness, new).unwrap_or((0, EMPTY_ROOT));
        let root = *self.cosigned.entry(new.0).or_insert(new.1);
        if root == new.1 && new.0 >= last.0 && self.begins_with(new, last) {
            return Ok(());
        }
        let text = format!("witness {witness} signs another history at {} after {}", new.0, last.0);
        Err(Violation::of("I19", text))
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

    /// A client was told that an entry is at this index.
    pub fn acknowledges(&mut self, entry: &Bytes, index: u64) -> Verdict {
        let first = self.entries.entry(index).or_insert_with(|| entry.clone());
        if first == entry {
            return Ok(());
        }
        Err(Violation::of("I4", format!("two entries were told that they are leaf {index}")))
    }
}
