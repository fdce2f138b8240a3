//! How new a log's tree is: compared with what this machine has seen, and dated by witnesses.
//!
//! Every command that reads a log's head asks here. That a tree is the newest cannot be proved to a
//! single client, so it is said what is known: which tree was seen before, and when a trusted
//! witness last cosigned this one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::anyhow;
use clap::Args;
use fasti::client::fetch::Fetch;
use fasti::client::monitor::Monitor;
use fasti::client::rekor_v1::{OpenedShard, RekorV1};
use fasti::client::trust::{Cosigned, OpenedCheckpoint, Trust};
use serde_json::{Value, json};
use tiles_spec::{TreeHead, TreeSize};

use crate::counted::counted;
use crate::failure::Failure;
use crate::memory::{Memory, Seen};
use crate::output::Output;

/// How far a witness's clock can be ahead of this machine's, in seconds.
const AHEAD_MAX: u64 = 300;

/// The options of commands that read a log's head.
#[derive(Args)]
pub struct FreshnessFlags {
    /// The directory that remembers each log's last checkpoint [default: ~/.local/state/fasti]
    #[arg(long, env = "FASTI_CLIENT_STATE", value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Do not compare the log with what was seen before, and remember nothing
    #[arg(long)]
    no_memory: bool,
    /// Refuse a tree with fewer entries than this
    #[arg(long, value_name = "N")]
    min_size: Option<TreeSize>,
    /// Refuse a tree that no trusted witness has cosigned for this long: 90s, 15m, 24h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_age: Option<Duration>,
}

/// What is known about how new a tree is.
pub struct Freshness {
    checkpoint: OpenedCheckpoint,
    seen: Seen,
    dated: Dated,
}

/// When trusted witnesses cosigned a tree, by their clocks.
#[derive(Debug, PartialEq, Eq)]
enum Dated {
    /// No trusted witness says.
    ByNobody,
    /// The newest cosignature is this many seconds old by this machine's clock.
    Ago(Cosigned, u64),
    /// All are from the future.
    Ahead(Cosigned, u64),
}

/// In which case a command's JSON has its members.
#[derive(Clone, Copy)]
pub enum Case {
    /// `TreeSize`
    Camel,
    /// `tree_size`
    Snake,
}

impl FreshnessFlags {
    /// Where checkpoints and evidence are kept, if they are.
    pub fn monitor(&self) -> Option<Monitor> {
        match Memory::at(self.state_dir.as_deref()) {
            Memory::In(monitor) if !self.no_memory => Some(monitor),
            _ => None,
        }
    }

    /// Compares the log with what was seen of it, and refuses it if it went back or is older than
    /// the user allows. Nothing is remembered yet.
    pub async fn check(
        &self,
        fetch: &Arc<dyn Fetch>,
        checkpoint: &OpenedCheckpoint,
        trust: &Trust,
    ) -> Result<Freshness, Failure> {
        self.expect_size(checkpoint.head().size)?;
        let dated = Dated::of(checkpoint.cosigned(), now());
        if let Some(most) = self.max_age {
            dated.expect(most).map_err(Failure::Refused)?;
        }
        let seen = self.memory().compare(fetch, checkpoint, trust).await?;
        Ok(Freshness { checkpoint: checkpoint.clone(), seen, dated })
    }

    /// The same for a tree that is known by Rekor v1's API alone, and which no witness dates.
    pub async fn check_shard(&self, api: &RekorV1, shard: &OpenedShard) -> Result<Seen, Failure> {
        if shard.shard.is_active {
            self.expect_size(shard.head().size)?;
            if let Some(most) = self.max_age {
                Dated::ByNobody.expect(most).map_err(Failure::Refused)?;
            }
        }
        self.memory().compare_shard(api, shard).await
    }

    fn expect_size(&self, size: TreeSize) -> Result<(), Failure> {
        let Some(least) = self.min_size.filter(|least| size < *least) else { return Ok(()) };
        let refusal = anyhow!("the log serves a tree of {size}, but --min-size is {least}");
        Err(Failure::Refused(refusal))
    }

    fn memory(&self) -> Memory {
        if self.no_memory { Memory::Unwanted } else { Memory::at(self.state_dir.as_deref()) }
    }
}

impl Freshness {
    /// What was compared with the memory.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The tree.
    pub fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// What is not proved about the tree, in words.
    pub fn not_proved(&self) -> String {
        format!("that this tree of {} is the newest ({})", self.head().size, self.dated.in_words())
    }

    /// What is proved about an earlier tree, in words.
    pub fn proved(&self) -> Option<String> {
        let seen = self.seen.size(self.head().size).filter(|size| *size < self.head().size)?;
        Some(format!("this tree extends the tree of {seen} seen before"))
    }

    /// The name of the member for programs, and its value.
    pub fn json(&self, case: Case) -> (&'static str, Value) {
        let (cosigned, age) = match &self.dated {
            Dated::ByNobody => (None, None),
            Dated::Ago(cosigned, age) => (Some(cosigned), Some(i128::from(*age))),
            Dated::Ahead(cosigned, ahead) => (Some(cosigned), Some(-i128::from(*ahead))),
        };
        let size = self.head().size.get();
        let seen = self.seen.size(self.head().size).map(TreeSize::get);
        let at = cosigned.map(|cosigned| cosigned.unix_seconds);
        let by = cosigned.map(|cosigned| cosigned.witness.to_string());
        let age = age.and_then(|age| i64::try_from(age).ok());
        match case {
            Case::Camel => (
                "Freshness",
                json!({
                    "TreeSize": size,
                    "SeenBefore": seen,
                    "CosignedAt": at,
                    "CosignedBy": by,
                    "AgeSeconds": age,
                }),
            ),
            Case::Snake => (
                "freshness",
                json!({
                    "tree_size": size,
                    "seen_before": seen,
                    "cosigned_at": at,
                    "cosigned_by": by,
                    "age_seconds": age,
                }),
            ),
        }
    }

    /// Remembers the tree. Returns a warning if that fails.
    pub fn remember(&self) -> Option<String> {
        self.seen.remember(&self.checkpoint)
    }

    /// Adds what is known to an outcome, and remembers the tree once that is printed.
    pub fn end(self, output: Output, case: Case) -> Output {
        let mut output = output;
        output.lines.extend(self.proved().map(|proved| format!("Proved: {proved}")));
        output.lines.push(format!("Not proved: {}", self.not_proved()));
        self.end_silently(output, case)
    }

    /// Like [`end`](Self::end), but adds no lines.
    pub fn end_silently(self, output: Output, case: Case) -> Output {
        let mut output = output;
        let (name, value) = self.json(case);
        output.json[name] = value;
        let output = output.warn(self.seen.warning());
        output.then(move || self.remember().into_iter().collect())
    }
}

impl Dated {
    fn of(cosigned: &[Cosigned], now: u64) -> Self {
        let (past, ahead): (Vec<_>, Vec<_>) = cosigned
            .iter()
            .filter(|cosigned| cosigned.unix_seconds > 0)
            .partition(|cosigned| cosigned.unix_seconds <= now.saturating_add(AHEAD_MAX));
        let newest = past.into_iter().max_by_key(|cosigned| cosigned.unix_seconds);
        let nearest = ahead.into_iter().min_by_key(|cosigned| cosigned.unix_seconds);
        match (newest, nearest) {
            (Some(one), _) => Self::Ago(one.clone(), now.saturating_sub(one.unix_seconds)),
            (None, Some(one)) => Self::Ahead(one.clone(), one.unix_seconds - now),
            (None, None) => Self::ByNobody,
        }
    }

    /// Refuses a tree whose newest cosignature is older than that.
    fn expect(&self, most: Duration) -> anyhow::Result<()> {
        match self {
            Self::Ago(_, seconds) if *seconds <= most.as_secs() => Ok(()),
            Self::Ago(..) => Err(anyhow!(
                "{}, and --max-age allows no more than {}",
                self.in_words(),
                span(most.as_secs())
            )),
            Self::Ahead(..) => Err(anyhow!("{}: one of the clocks is wrong", self.in_words())),
            Self::ByNobody => Err(anyhow!(
                "no trusted witness dates this tree, so --max-age refuses it: give the key of a \
                 witness that cosigns it with --vkey"
            )),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::ByNobody => "no trusted witness dates it".to_owned(),
            Self::Ago(Cosigned { witness, .. }, seconds) => {
                format!("the newest cosignature, of {witness}, is {} old", span(*seconds))
            }
            Self::Ahead(Cosigned { witness, .. }, seconds) => {
                format!("the cosignature of {witness} is {} in the future", span(*seconds))
            }
        }
    }
}

/// The wall clock, in POSIX seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A span of time in words, in its largest sensible unit, rounded down.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => counted(seconds, "second", "seconds"),
        120..7200 => counted(seconds / 60, "minute", "minutes"),
        7200..172_800 => counted(seconds / 3600, "hour", "hours"),
        _ => counted(seconds / 86_400, "day", "days"),
    }
}

/// Reads a span of time: a number and its unit.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration such as 90s, 15m, 24h or 7d");
    let (unit, _) = text.char_indices().next_back().ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit);
    let seconds: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(witness: &str, unix_seconds: u64) -> Cosigned {
        Cosigned { witness: witness.parse().expect("a name"), unix_seconds }
    }

    #[test]
    fn durations() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in ["", "s", "90", "1.5h", "-1s", "1w", "9é", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
        let spans = [0, 1, 119, 120, 7199, 7200, 172_799, 172_800].map(span);
        assert_eq!(
            spans,
            [
                "0 seconds",
                "1 second",
                "119 seconds",
                "2 minutes",
                "119 minutes",
                "2 hours",
                "47 hours",
                "2 days"
            ]
        );
    }

    #[test]
    fn the_newest_cosignature_counts() {
        let now = 1_800_000_000;
        let silent = by("silent.test", 0);
        assert_eq!(Dated::of(std::slice::from_ref(&silent), now), Dated::ByNobody);
        let (old, new) = (by("old.test", now - 7200), by("new.test", now - 180));
        let dated = Dated::of(&[old.clone(), new.clone(), silent], now);
        assert_eq!(dated, Dated::Ago(new, 180));
        assert!(dated.expect(Duration::from_mins(3)).is_ok());
        let refused = dated.expect(Duration::from_secs(179)).expect_err("too old").to_string();
        assert!(refused.contains("of new.test, is 3 minutes old"), "{refused}");
        assert!(Dated::ByNobody.expect(Duration::from_secs(u64::MAX)).is_err());
        // A clock that is a little ahead is right; one that is far ahead dates nothing.
        let little = by("little.test", now + AHEAD_MAX);
        assert_eq!(Dated::of(std::slice::from_ref(&little), now), Dated::Ago(little, 0));
        let far = by("far.test", now + 86_400);
        assert_eq!(Dated::of(&[far.clone(), old.clone()], now), Dated::Ago(old, 7200));
        let ahead = Dated::of(std::slice::from_ref(&far), now);
        assert_eq!(ahead, Dated::Ahead(far, 86_400));
        assert!(ahead.expect(Duration::from_secs(u64::MAX)).is_err());
    }
}
