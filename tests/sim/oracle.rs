//! The oracle: what must hold whatever happens, judged from outside.
//!
//! It sees every signature, every request that lands and every acknowledgement, in order, and
//! derives the log from the bytes in the bucket by the textbook ([`tree`](crate::tree)). The only
//! code under test that it uses is the parser of commit records.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use fasti::log::record::{Epoch, Record, RecordDigest};
use fasti::store::{Created, ObjectPath, RecordNumber, Replaced};
use tiles_spec::{Checkpoint, Hash, TreeHead, VerifierKey, open_checkpoint};

use crate::bucket::{Bucket, Reply, Request};
use crate::process::{ORIGIN, signing_key};
use crate::tree::{Piece, Tree, Whole};
use crate::witnesses::signers;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub text: String,
}

pub type Verdict = Result<(), Violation>;

impl Violation {
    pub fn of(invariant: &'static str, text: impl Into<String>) -> Self {
        Self { invariant, text: text.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.text)
    }
}

fn hold(holds: bool, invariant: &'static str, text: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(Violation::of(invariant, text())) }
}

/// What is kept of a commit record.
struct Landed {
    digest: RecordDigest,
    epoch: Epoch,
    before: TreeHead,
    after: TreeHead,
    entries: usize,
    is_last: bool,
}

/// When the store is restored, each writer may be about to publish a tree.
const SHOWN_ASTRAY_MAX: usize = 5;

/// A size and its root.
type Head = (usize, Hash);

fn head(tree: TreeHead) -> Head {
    (usize::try_from(tree.size.get()).expect("a simulated log is small"), tree.root)
}

/// The oracle; see the module documentation.
pub struct Oracle {
    key: VerifierKey,
    /// The root of each size that was ever signed.
    signed: BTreeMap<usize, Hash>,
    /// All trees that were ever published.
    shown: BTreeSet<Head>,
    /// The published size.
    size: usize,
    /// The entries of the published tree, as read from its bundles.
    entries: Vec<Bytes>,
    /// Their times.
    times: Vec<u64>,
    tree: Tree,
    /// For each slot, all records that ever landed in it.
    records: BTreeMap<u64, Vec<Landed>>,
    /// The trees that records lead to.
    committed: BTreeSet<Head>,
    /// What was ever written to the path of a tile, a bundle, or times.
    written: BTreeMap<Piece, Bytes>,
    /// The acknowledged index of each entry.
    acknowledged: BTreeMap<Bytes, usize>,
    /// How often a tree was published that is not in the store, after a restore.
    shown_astray: usize,
    /// The witnesses, if it is certain what they have signed.
    witnesses: Vec<VerifierKey>,
    /// Those who have signed the published checkpoint, and how often some were added to it.
    cosigned: BTreeSet<usize>,
    joined: usize,
    /// The last tree, once a client was told that the log is frozen.
    frozen: Option<Head>,
}

impl Default for Oracle {
    fn default() -> Self {
        Self {
            key: signing_key().verifier_key().clone(),
            signed: BTreeMap::new(),
            shown: BTreeSet::new(),
            size: 0,
            entries: Vec::new(),
            times: Vec::new(),
            tree: Tree::default(),
            records: BTreeMap::new(),
            committed: BTreeSet::from([(0, tiles_spec::EMPTY_ROOT)]),
            written: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            shown_astray: 0,
            witnesses: Vec::new(),
            cosigned: BTreeSet::new(),
            joined: 0,
            frozen: None,
        }
    }
}

impl Oracle {
    /// The oracle of a log with these witnesses.
    pub fn with_witnesses(witnesses: Vec<VerifierKey>) -> Self {
        Self { witnesses, ..Self::default() }
    }

    /// The numbers of leaves published, sizes published, terms started, and so on.
    pub fn figures(&self) -> [(&'static str, usize); 5] {
        let landed = || self.records.values().flatten();
        [
            ("cosignatures joined", self.joined),
            ("leaves", self.size),
            ("trees shown", self.shown.len()),
            ("records", landed().count()),
            ("takeovers", landed().filter(|record| record.entries == 0).count()),
        ]
    }

    /// A writer is about to sign a text.
    pub fn signs(&mut self, text: &str) -> Verdict {
        let checkpoint = Checkpoint::parse_text(text).ok().filter(|c| c.origin == ORIGIN);
        let Some(checkpoint) = checkpoint else {
            return Err(Violation::of("I16", format!("signed, but not a checkpoint: {text:?}")));
        };
        let (size, root) = head(checkpoint.head);
        let one = *self.signed.entry(size).or_insert(root);
        hold(one == root, "I1", || format!("two roots were signed at size {size}"))?;
        hold(self.committed.contains(&(size, root)), "I7", || {
            format!("size {size} is signed, but no commit record leads to that tree")
        })?;
        if size <= self.size {
            let expected = self.tree.root(size);
            hold(root == expected, "I2", || format!("size {size} is signed on another history"))?;
        }
        Ok(())
    }

    /// A request has landed.
    pub fn landed(&mut self, bucket: &Bucket, request: &Request, reply: &Reply) -> Verdict {
        match (request, reply) {
            (Request::Create(path, bytes), Reply::Created(Created::Now)) => {
                if *path == ObjectPath::checkpoint() {
                    return self.shows(bucket, bytes);
                }
                Piece::at(path.as_str()).map_or(Ok(()), |piece| self.writes(piece, bytes))
            }
            (Request::Replace(path, _, _), Reply::Replaced(Replaced::Now(_)))
                if *path == ObjectPath::log_json() =>
            {
                hold(self.has_last_record(), "I17", || "log.json is replaced".to_owned())
            }
            (Request::Replace(path, bytes, _), Reply::Replaced(Replaced::Now(_))) => {
                hold(*path == ObjectPath::checkpoint(), "I5", || format!("{path} is replaced"))?;
                self.shows(bucket, bytes)
            }
            (Request::CreateRecord(number, bytes), Reply::Created(Created::Now)) => {
                self.commits(*number, bytes)
            }
            (Request::Remove(path), _) if *path == ObjectPath::freezing() => Ok(()),
            (Request::Remove(path), _) => self.removes(bucket, path),
            (Request::Note(path, bytes), _) if *path == ObjectPath::checkpoint() => {
                self.shows(bucket, bytes)
            }
            (Request::Note(path, _), _) => {
                let harmless = [ObjectPath::trimmed(), ObjectPath::freezing()].contains(path);
                hold(harmless, "I5", || format!("{path} is overwritten"))
            }
            _ => Ok(()),
        }
    }

    /// A request has landed in a restored or copied store. What is published must be there as
    /// before, except for trees that writers were about to publish; the rest is judged by
    /// [`Releases`](crate::releases::Releases).
    pub fn landed_astray(&mut self, bucket: &Bucket, request: &Request, reply: &Reply) -> Verdict {
        let (Request::Replace(path, bytes, _), Reply::Replaced(Replaced::Now(_))) =
            (request, reply)
        else {
            return Ok(());
        };
        if *path != ObjectPath::checkpoint() {
            return Ok(());
        }
        let opened = open_checkpoint(bytes, ORIGIN, std::slice::from_ref(&self.key));
        let opened = opened.map_err(|error| Violation::of("I2", format!("checkpoint: {error}")))?;
        let all = Piece::all(head(opened.head).0);
        let missing = all.into_iter().find(|piece| read_wider(bucket, *piece).is_none());
        let Some(missing) = missing else { return Ok(()) };
        self.shown_astray += 1;
        hold(self.shown_astray <= SHOWN_ASTRAY_MAX, "I3", || {
            format!("{} is missing, and the log goes on", missing.path())
        })
    }

    /// A record takes a slot: the record before it must be there.
    fn commits(&mut self, number: RecordNumber, bytes: &Bytes) -> Verdict {
        let (record, digest) = Record::decode(bytes)
            .map_err(|error| Violation::of("I14", format!("record {number}: {error}")))?;
        let genesis = RecordDigest::of_new_log(ORIGIN, &self.key.to_string());
        let epoch = match number.previous() {
            None if record.previous == genesis && record.before.size.is_zero() => Some(Epoch(0)),
            None => None,
            Some(before) => self.records.get(&before.get()).and_then(|landed| {
                let follows = |l: &&Landed| l.digest == record.previous && l.after == record.before;
                landed.iter().find(follows).filter(|l| !l.is_last).map(|landed| landed.epoch)
            }),
        };
        let Some(epoch) = epoch.filter(|_| record.number == number) else {
            let text = format!("record {number} follows a record that is missing, or the last one");
            return Err(Violation::of("chain", text));
        };
        let expected = if record.entries.is_empty() { epoch.next() } else { epoch };
        hold(record.epoch == expected, "chain", || {
            format!("record {number} is of {:?} after {epoch:?}", record.epoch)
        })?;
        self.committed.insert(head(record.after));
        self.records.entry(number.get()).or_default().push(Landed {
            digest,
            epoch: record.epoch,
            before: record.before,
            after: record.after,
            entries: record.entries.len(),
            is_last: record.is_last,
        });
        Ok(())
    }

    /// A tile or bundle is written: some record implies it, and it never had other bytes (I5).
    fn writes(&mut self, piece: Piece, bytes: &Bytes) -> Verdict {
        let path = piece.path();
        let implied = self
            .records
            .values()
            .flatten()
            .any(|record| piece.follows_from(head(record.before).0, head(record.after).0));
        hold(implied, "I5", || format!("{path} is written before a record that implies it"))?;
        let first = self.written.entry(piece).or_insert_with(|| bytes.clone());
        hold(first == bytes, "I5", || format!("{path} is written with other bytes than before"))
    }

    /// A checkpoint is published: the log has only grown (I2), and everything is there (I3).
    fn shows(&mut self, bucket: &Bucket, bytes: &[u8]) -> Verdict {
        let opened = open_checkpoint(bytes, ORIGIN, std::slice::from_ref(&self.key));
        let opened = opened.map_err(|error| Violation::of("I2", format!("checkpoint: {error}")))?;
        let (size, root) = head(opened.head);
        hold(size >= self.size, "I2", || format!("from size {} back to {size}", self.size))?;
        let is_over = self.frozen.is_some_and(|last| last != (size, root));
        hold(!is_over, "I17", || format!("size {size} is published of a frozen log"))?;
        hold(self.signed.get(&size) == Some(&root), "I16", || "shown but not signed".to_owned())?;
        for piece in Piece::all(size) {
            let there = read_wider(bucket, piece)
                .ok_or_else(|| Violation::of("I3", format!("{} is missing", piece.path())))?;
            self.reads(piece, &there)?;
        }
        let expected = self.tree.root(size);
        hold(root == expected, "I2", || {
            format!("the entries lead to another root at size {size}")
        })?;
        for piece in Piece::all(size) {
            let Piece { whole: Whole::Hashes(level), index, width } = piece else { continue };
            let expected = self.tree.tile(level, index, width);
            let there = read_wider(bucket, piece).unwrap_or_default();
            hold(there.starts_with(&expected), "I3", || format!("{} is wrong", piece.path()))?;
        }
        self.keeps_cosignatures(size, bytes)?;
        self.size = size;
        self.shown.insert((size, root));
        Ok(())
    }

    /// Of one tree, no published cosignature is ever lost.
    fn keeps_cosignatures(&mut self, size: usize, bytes: &[u8]) -> Verdict {
        let signed = signers(&self.witnesses, bytes);
        if size == self.size {
            let lost: Vec<_> = self.cosigned.difference(&signed).collect();
            hold(lost.is_empty(), "I21", || {
                format!("at size {size}, the cosignatures of {lost:?} are lost")
            })?;
            self.joined += usize::from(!self.cosigned.is_empty() && signed != self.cosigned);
        }
        self.cosigned = signed;
        Ok(())
    }

    /// A bundle holds the published entries, and perhaps more; so do times.
    fn reads(&mut self, piece: Piece, bundle: &[u8]) -> Verdict {
        match piece.whole {
            Whole::Entries => {}
            Whole::Times => return self.reads_times(piece, bundle),
            Whole::Hashes(_) => return Ok(()),
        }
        let wrong = || Violation::of("I3", format!("{} is wrong", piece.path()));
        let mut rest = bundle;
        for index in piece.index * 256..piece.end() {
            let (length, bytes) = rest.split_first_chunk::<2>().ok_or_else(wrong)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, later) = bytes.split_at_checked(length).ok_or_else(wrong)?;
            if let Some(known) = self.entries.get(index) {
                hold(known == entry, "I5", || format!("leaf {index} has changed"))?;
            } else {
                self.tree.push(entry);
                self.entries.push(Bytes::copy_from_slice(entry));
            }
            rest = later;
        }
        Ok(())
    }

    /// Every entry has a time, which never changes, and is never earlier than the one before.
    fn reads_times(&mut self, piece: Piece, times: &[u8]) -> Verdict {
        for (at, index) in (piece.index * 256..piece.end()).enumerate() {
            let time = times
                .get(8 * at..8 * at + 8)
                .map(|time| u64::from_be_bytes(time.try_into().expect("there are 8")));
            let last = self.times.last().copied().unwrap_or(1);
            hold(time >= Some(last) || index < self.times.len(), "time", || {
                format!("{}: leaf {index} has the time {time:?} after {last}", piece.path())
            })?;
            if let Some(known) = self.times.get(index) {
                hold(time == Some(*known), "time", || format!("leaf {index} has another time"))?;
            } else {
                self.times.extend(time);
            }
        }
        Ok(())
    }

    /// An object is removed: it must not be needed any more.
    fn removes(&self, bucket: &Bucket, path: &ObjectPath) -> Verdict {
        if let Some(number) = path.record_number() {
            return self.trims(bucket, number);
        }
        let Some(piece) = Piece::at(path.as_str()) else {
            return Err(Violation::of("I3", format!("{path} is removed")));
        };
        let published = piece.full().is_in(self.size);
        let there = bucket.holds(&piece.full().path()).is_some();
        hold(piece.width < 256 && there && published, "I3", || {
            format!("{path} is removed at size {}, but the full one is not published", self.size)
        })
    }

    /// The rule of trimming. A record that landed later in an already trimmed slot does not count.
    fn trims(&self, bucket: &Bucket, number: RecordNumber) -> Verdict {
        let Some(landed) = self.records.get(&number.get()) else { return Ok(()) };
        let [record] = &landed[..] else { return Ok(()) };
        let after = head(record.after).0;
        hold(after < self.size, "trim", || {
            format!("record {number} to size {after} is removed at size {}", self.size)
        })?;
        hold(record.entries > 0, "trim", || {
            format!("record {number} is removed, but is the first of its epoch")
        })?;
        let newest = bucket.newest().is_some_and(|newest| newest > number);
        hold(newest, "trim", || format!("record {number} is removed, but is the newest"))
    }

    /// A client was told that an entry is in the log.
    pub fn acknowledges(&mut self, entry: &Bytes, index: u64, tree: TreeHead) -> Verdict {
        let (size, root) = head(tree);
        let index = usize::try_from(index).expect("small");
        hold(self.shown.contains(&(size, root)), "I4", || {
            format!("leaf {index} is acknowledged with size {size}, which was not published")
        })?;
        let there = self.entries.get(index).filter(|_| index < size);
        hold(there == Some(entry), "I4", || format!("leaf {index} of {size} is not that entry"))?;
        let first = *self.acknowledged.entry(entry.clone()).or_insert(index);
        hold(first == index, "I13", || format!("one entry is leaf {first} and leaf {index}"))
    }

    /// A client was told that the log has ended with this tree: it is published, and stays so.
    pub fn is_frozen(&mut self, tree: TreeHead) -> Verdict {
        let last = head(tree);
        hold(self.committed() == last.0 && self.size == last.0, "I17", || {
            format!(
                "frozen at {}, and {} is committed, {} shown",
                last.0,
                self.committed(),
                self.size
            )
        })?;
        self.frozen = Some(last);
        self.has_ended()
    }

    /// A client was told that the log has ended: the newest record must say so.
    pub fn has_ended(&self) -> Verdict {
        let newest = self.records.last_key_value();
        let is_last = newest.is_some_and(|(_, landed)| landed.iter().any(|one| one.is_last));
        hold(is_last, "I17", || "the log is reported frozen, but is not".to_owned())
    }

    fn has_last_record(&self) -> bool {
        self.records.values().flatten().any(|record| record.is_last)
    }

    /// The end of a run: checks everything again, using only the bytes in the bucket.
    pub fn concludes(&self, bucket: &Bucket) -> Verdict {
        let shown = bucket.holds("checkpoint").unwrap_or_default();
        let mut again =
            Self { signed: self.signed.clone(), written: self.written.clone(), ..Self::default() };
        again.shows(bucket, &shown)?;
        hold(again.size == self.size, "I2", || "the checkpoint has changed".to_owned())?;
        // What is committed may be unfinished if no writer is left to finish it; nothing beyond
        // that may be signed or written.
        let committed = self.committed();
        let shown = again.size;
        let is_unfinished = |size| shown < size && size <= committed;
        for (&size, &root) in self.signed.iter().filter(|(size, _)| !is_unfinished(**size)) {
            let kept = size <= again.size && again.tree.root(size) == root;
            hold(kept, "I2", || format!("size {size} was signed on another history"))?;
        }
        for (piece, bytes) in
            self.written.iter().filter(|(piece, _)| !is_unfinished(piece.leaves()))
        {
            again.is_of_the_log(*piece, bytes)?;
        }
        for (entry, &index) in &self.acknowledged {
            let kept = again.entries.get(index) == Some(entry);
            hold(kept, "I4", || format!("leaf {index} was acknowledged and is not there"))?;
        }
        let mut places = BTreeMap::new();
        for (index, entry) in again.entries.iter().enumerate() {
            let first = *places.entry(entry).or_insert(index);
            hold(first == index, "I13", || format!("one entry is leaf {first} and leaf {index}"))?;
        }
        Ok(())
    }

    /// Everything committed is published.
    pub fn is_finished(&self) -> Verdict {
        let committed = self.committed();
        hold(committed == self.size, "L1", || {
            format!("size {committed} is committed, but {} is published", self.size)
        })
    }

    /// The size of the newest record's tree.
    fn committed(&self) -> usize {
        let newest = self.records.last_key_value().and_then(|(_, landed)| landed.first());
        newest.map_or(0, |record| head(record.after).0)
    }

    fn is_of_the_log(&mut self, piece: Piece, bytes: &Bytes) -> Verdict {
        let wrong = || format!("{} was written with content that is not in the log", piece.path());
        hold(piece.leaves() <= self.size, "I5", wrong)?;
        let leaves = piece.index * 256..piece.end();
        let expected: Vec<u8> = match piece.whole {
            Whole::Hashes(level) => self.tree.tile(level, piece.index, piece.width),
            Whole::Times => self.times[leaves].iter().flat_map(|time| time.to_be_bytes()).collect(),
            Whole::Entries => self.entries[leaves]
                .iter()
                .flat_map(|entry| {
                    let length = u16::try_from(entry.len()).expect("short").to_be_bytes();
                    [&length[..], &entry[..]].concat()
                })
                .collect(),
        };
        hold(*bytes == expected, "I5", wrong)
    }
}

/// A partial object may have been superseded by the full one.
fn read_wider(bucket: &Bucket, piece: Piece) -> Option<Bytes> {
    bucket.holds(&piece.path()).or_else(|| bucket.holds(&piece.full().path()))
}
