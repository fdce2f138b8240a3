//! A log of Rekor v1, read entry by entry through its API: all of its shards, or some.
//!
//! Each tree has a checkpoint and a state of its own. Its entries are asked for by their indices,
//! page by page; their leaf hashes make the tree, so none can be left out, added or changed. Before
//! a piece is remembered, the log has to prove that its signed tree begins with what was read. The
//! timestamps that the log signed for entries are verified too.
//!
//! A shard that comes after one that was read before is read from its beginning: it took the
//! entries that the one before it did not. So the newest shard comes first in a round.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use fasti_client::rekor_v1::{OpenedShard, PAGE, RekorV1, Shard, ShardRefusal, V1Entry};
use fasti_seams::causes::with_causes;
use fasti_verify::{TrustedRoot, V1Log};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tiles_spec::{LeafIndex, TreeSize};

use super::alarm::{AlarmKind, Trouble};
use super::matcher::Scanned;
use super::pass::Pass;
use super::round::Round;
use super::rules::{Outlet, Rules, Start};
use super::state::State;

/// How often the trees are read in a round, if one is older than the one seen last.
const READS_MAX: usize = 3;
/// How many pages make a piece: 1,000 entries.
const PIECE: u64 = 100;
/// How many pages are asked for at once.
const PAGES_AT_ONCE: usize = 4;

/// A log of Rekor v1 that is watched.
pub(crate) struct RekorV1Log {
    place: String,
    api: RekorV1,
    trusted: TrustedRoot,
    /// The trees to read; empty for all.
    trees: Vec<NonZeroU64>,
    start: Start,
    /// The origins of the trees that were there before.
    known: BTreeMap<NonZeroU64, String>,
    /// The tree that grew when the log was read last, and where its state is.
    active: Option<(NonZeroU64, PathBuf)>,
}

impl RekorV1Log {
    pub(crate) fn new(
        place: String,
        api: RekorV1,
        trusted: TrustedRoot,
        trees: Vec<NonZeroU64>,
        start: Start,
    ) -> Self {
        Self { place, api, trusted, trees, start, known: BTreeMap::new(), active: None }
    }

    /// Makes a round: of the log, and of each of its trees.
    pub(crate) async fn round(&mut self, rules: &Rules, outlet: &dyn Outlet) -> Vec<Round> {
        let mut whole = Round::of(None, self.place.clone());
        let shards = match self.shards(rules).await {
            Ok(shards) => shards,
            Err(trouble) => {
                whole.end(Err(trouble));
                return [whole].into_iter().chain(self.unread(rules)).collect();
            }
        };
        let expected = self.trees.iter().chain(self.known.keys());
        let is_there = |tree: &NonZeroU64| shards.iter().any(|(shard, _)| shard.tree == *tree);
        let mut missing = expected.filter(|tree| !is_there(tree));
        whole.alarms.extend(missing.next().map(|tree| {
            AlarmKind::Missing.alarm(format!("the log does not list the tree {tree}"))
        }));
        let known = shards.iter().map(|(shard, _)| (shard.tree, shard.origin().to_owned()));
        self.known.extend(known);
        let mut rounds = vec![whole];
        for (number, (shard, opened)) in shards.iter().enumerate().rev() {
            let mut round = Round::of(Some(shard.tree), shard.origin().to_owned());
            let opened = match opened {
                Ok(opened) => opened,
                Err(refusal) => {
                    round.end(Err(unopened(shard, refusal)));
                    rounds.push(round);
                    continue;
                }
            };
            let earlier = shards[..number].iter().filter_map(|(_, opened)| opened.as_ref().ok());
            let succeeds = earlier.map(|it| state_of(rules, it)).any(|path| path.exists());
            let start = if succeeds { Start::At(TreeSize::ZERO) } else { self.start };
            let ended = self.follow(rules, &mut round, opened, start, outlet).await;
            round.end(ended);
            let path = state_of(rules, opened);
            if shard.is_active {
                round.look_whether_stalled(rules, &path);
                self.active = Some((shard.tree, path.clone()));
            }
            rounds.push(round);
            // As long as it is not known where to begin with a shard, none before it is read:
            // otherwise it would be taken for one that is new.
            if !path.exists() {
                break;
            }
        }
        rounds
    }

    /// What there is to say about the tree that grows, if the log cannot be read.
    fn unread(&self, rules: &Rules) -> Option<Round> {
        let (tree, path) = self.active.as_ref()?;
        let mut round = Round::of(Some(*tree), self.origin(*tree));
        round.look_whether_stalled(rules, path);
        (!round.alarms.is_empty()).then_some(round)
    }

    fn origin(&self, tree: NonZeroU64) -> String {
        self.known.get(&tree).cloned().unwrap_or_default()
    }

    /// Reads which trees there are. If one is older than before, they are read again: one server of
    /// several can be behind.
    async fn shards(
        &self,
        rules: &Rules,
    ) -> Result<Vec<(Shard, Result<OpenedShard, ShardRefusal>)>, Trouble> {
        let mut reads = 1;
        loop {
            let shards = self.api.shards().await?.into_iter();
            let is_wanted =
                |shard: &Shard| self.trees.is_empty() || self.trees.contains(&shard.tree);
            let shards: Vec<_> = shards
                .filter(is_wanted)
                .map(|shard| (shard.clone(), shard.open(&self.trusted)))
                .collect();
            let opened = shards.iter().filter_map(|(_, opened)| opened.as_ref().ok());
            let mut is_older = false;
            for shard in opened {
                let seen = rules.memory.seen_of_shard(shard)?;
                is_older |= seen.is_some_and(|seen| seen.size > shard.head().size);
            }
            if !is_older || reads == READS_MAX {
                return Ok(shards);
            }
            reads += 1;
        }
    }

    /// Proves that a tree grew, and reads what is new.
    async fn follow(
        &self,
        rules: &Rules,
        round: &mut Round,
        shard: &OpenedShard,
        start: Start,
        outlet: &dyn Outlet,
    ) -> Result<(), Trouble> {
        let _turn = rules.turns.take(&rules.memory.path_of_shard(shard)).await;
        rules.memory.compare_shard(&self.api, shard).await?;
        rules.memory.remember_shard(shard)?;
        let state = self.state(rules, shard, start).await?;
        let (log, path) = (shard.shard.origin().to_owned(), state_of(rules, shard));
        let mut pass = Pass::new(rules, log, path, state);
        let read = self.read(rules, &mut pass, shard, outlet).await;
        round.matches = pass.matches();
        round.alarms.extend(pass.alarm());
        read?;
        round.summary = Some(pass.summary(shard.head()));
        Ok(())
    }

    /// How far a tree was checked; the first time, where to begin.
    async fn state(
        &self,
        rules: &Rules,
        shard: &OpenedShard,
        start: Start,
    ) -> Result<State, Trouble> {
        let (path, now, head) = (state_of(rules, shard), rules.now(), shard.head());
        if let Some(mut state) = State::load(&path)? {
            let checked = state.checked.head();
            let proved = self.api.expect_growth(&shard.shard, checked, head).await;
            match proved.map_err(Trouble::from) {
                Ok(_) => {}
                Err(Trouble::Alarm(_)) => {
                    return Err(AlarmKind::not_the_beginning(checked.size, head.size).into());
                }
                Err(failure) => return Err(failure),
            }
            state.show(head.size, now);
            return Ok(state);
        }
        let size = match start {
            Start::Now => head.size,
            Start::At(start) => start.saturating_sub(shard.shard.first).min(head.size),
        };
        let checked = self.api.frontier_at(&shard.shard, size).await?;
        self.api.expect_growth(&shard.shard, checked.head(), head).await?;
        let state = State { checked, shown: head.size, grown: now, ..State::default() };
        // If this round is killed, the next one begins in the same place.
        state.save(&path)?;
        Ok(state)
    }

    /// Reads all that is new.
    async fn read(
        &self,
        rules: &Rules,
        pass: &mut Pass<'_>,
        shard: &OpenedShard,
        outlet: &dyn Outlet,
    ) -> Result<(), Trouble> {
        let (head, end) = (shard.head(), shard.head().size.get());
        let mut next = pass.checked().size().get();
        while next < end {
            let piece = next..end.min(next.saturating_add(PIECE * PAGE));
            let starts = (0..PIECE).map(|page| next + page * PAGE).filter(|at| *at < piece.end);
            let pages = starts.map(|at| self.page(rules, shard, at..piece.end.min(at + PAGE)));
            let mut pages = stream::iter(pages.collect::<Vec<_>>()).buffered(PAGES_AT_ONCE);
            while let Some((scanned, times)) = pages.try_next().await? {
                for (index, time) in times {
                    pass.times.take(time, rules.now(), || format!("the time of entry {index}"));
                }
                pass.add(scanned)?;
            }
            drop(pages);
            next = piece.end;
            if next < end {
                let checked = pass.checked().head();
                self.api.expect_growth(&shard.shard, checked, head).await?;
                pass.finish(head, outlet).await?;
            }
        }
        pass.finish(head, outlet).await
    }

    /// Reads a page and compares its entries. Returns their times too, by their indices.
    async fn page(
        &self,
        rules: &Rules,
        shard: &OpenedShard,
        leaves: Range<u64>,
    ) -> Result<(Scanned, Vec<(u64, u64)>), Trouble> {
        let entries = self.api.entries(&shard.shard, leaves).await?;
        let (matcher, log, first) = (rules.matcher.clone(), shard.log.clone(), shard.shard.first);
        let entries = Arc::new(entries);
        let read = entries.clone();
        let work = move || {
            promises(&log, &read)?;
            Ok::<_, Trouble>(matcher.scan(read.iter().filter_map(|entry| {
                let index = LeafIndex::new(first.checked_add(entry.index.get())?)?;
                Some((index, entry.id.leaf, entry.entry.canonicalized_body.as_slice()))
            })))
        };
        let scanned = rules.workers.run(work).await?;
        let times = entries.iter().map(|it| (it.entry.log_index, it.entry.integrated_time));
        Ok((scanned, times.collect()))
    }
}

/// What it means that the head of a tree is not trusted.
fn unopened(shard: &Shard, refusal: &ShardRefusal) -> Trouble {
    let reason = with_causes(refusal);
    match refusal {
        // Not everybody has the keys of older shards.
        ShardRefusal::UnknownKey { .. } if !shard.is_active => Trouble::Failure(reason),
        _ => AlarmKind::Checkpoint.alarm(reason).into(),
    }
}

/// Verifies the timestamps that the log has signed.
fn promises(log: &V1Log, entries: &[V1Entry]) -> Result<(), Trouble> {
    for V1Entry { entry, .. } in entries {
        let Some(promise) = &entry.inclusion_promise else { continue };
        if entry.log_id != log.log_id() || log.expect_promise(entry, promise).is_err() {
            let reason = format!(
                "the signed timestamp of entry {} was not made with the log's key for this entry, \
                 index and time",
                entry.log_index
            );
            return Err(AlarmKind::Damaged.alarm(reason).into());
        }
    }
    Ok(())
}

/// Where the state of a tree is remembered.
fn state_of(rules: &Rules, shard: &OpenedShard) -> PathBuf {
    rules.memory.path_of_shard(shard).with_extension("monitor")
}
