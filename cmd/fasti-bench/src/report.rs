//! The result of a `load` run: one object, printed for people or as JSON.
//!
//! Every figure says what it is per: times per entry are for acknowledged entries in the window,
//! and latencies count from the intended sending to the acknowledgement. A run passes if entries
//! were acknowledged, no index was given twice, and everything verified was right. Errors are
//! figures, not verdicts.

#![expect(clippy::cast_precision_loss, reason = "figures for people, not exact counts")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::bucket::BucketCost;
use crate::histogram::Histogram;
use crate::process::Counters;
use crate::tally::Tally;
use crate::units::{show_count, show_duration};
use crate::verify::Found;

/// The settings of the run.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// The URLs, separated by commas.
    pub log: String,
    /// `opaque`, `hashedrekord` or `v1-hashedrekord`.
    pub kind: &'static str,
    /// Size of an opaque entry.
    pub entry_bytes: Option<usize>,
    /// Connections over all threads.
    pub connections: usize,
    /// Threads of the generator.
    pub threads: usize,
    /// Entries per second of an open loop; absent for a closed loop.
    pub rate: Option<f64>,
    /// Percent of requests that repeat an entry.
    pub duplicates_percent: f64,
    /// Seconds of load before the window.
    pub warmup_s: f64,
    /// The seed that makes the entries reproducible.
    pub seed: u64,
}

/// What was sampled at both ends of the window.
pub struct Measured {
    /// Length of the window.
    pub seconds: f64,
    /// Whether the window ended early because all submissions were used up.
    pub used_up: bool,
    /// CPU time of this process.
    pub client: Duration,
    /// CPU time of the server.
    pub server: Option<Server>,
    /// How much the servers' counters grew within the window.
    pub counted: Option<Counters>,
}

/// The server's CPU time within the window, and its memory.
pub struct Server {
    /// In user mode.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
    /// VmHWM at the end.
    pub peak_rss_kib: Option<u64>,
}

/// The check of all indices.
pub struct Indices {
    /// How many entries share their index with another entry.
    pub given_twice: u64,
    /// The lowest and the highest index.
    pub range: Option<(u64, u64)>,
}

/// The whole report, as serialised.
#[derive(Debug, Serialize)]
pub struct Report {
    passed: bool,
    setting: Setting,
    seconds: f64,
    used_up: bool,
    entries: u64,
    entries_per_second: f64,
    latency_us: Latency,
    pushbacks: u64,
    errors: BTreeMap<String, u64>,
    unanswered: u64,
    unsent: u64,
    repeats: u64,
    repeats_same_index: u64,
    conflicts: u64,
    client: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batches: Option<Batches>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<Disk>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<BucketCost>,
    indices: IndexCheck,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Verified>,
}

/// Microseconds.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// How many latencies the percentiles are based on.
    pub count: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    p99_9: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Client {
    cpu_seconds: f64,
    cpu_us_per_entry: f64,
}

#[derive(Debug, Serialize)]
struct ServerCost {
    user_seconds: f64,
    system_seconds: f64,
    user_us_per_entry: f64,
    system_us_per_entry: f64,
    cpu_us_per_entry: f64,
    peak_rss_kib: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Batches {
    count: f64,
    entries_per_batch: f64,
}

#[derive(Debug, Serialize)]
struct Disk {
    fsyncs: f64,
    fsyncs_per_batch: f64,
}

#[derive(Debug, Serialize)]
struct IndexCheck {
    given_twice: u64,
    lowest: Option<u64>,
    highest: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Verified {
    checked: u64,
    wrong: u64,
    tree_size: u64,
    first_wrong: Option<String>,
}

impl Report {
    /// Builds the report.
    pub fn new(
        setting: &Setting,
        measured: &Measured,
        total: &Tally,
        indices: &Indices,
        found: Option<&Found>,
    ) -> Self {
        let entries = total.acknowledged_in_window;
        let per_entry = |time: Duration| ratio(time.as_secs_f64() * 1e6, entries as f64);
        let wrong = found.map_or(0, |found| found.wrong);
        let counted = measured.counted;
        Self {
            passed: total.acknowledged > 0 && indices.given_twice == 0 && wrong == 0,
            setting: setting.clone(),
            seconds: measured.seconds,
            used_up: measured.used_up,
            entries,
            entries_per_second: ratio(entries as f64, measured.seconds),
            latency_us: Latency::of(&total.latencies),
            pushbacks: total.pushbacks,
            errors: total.faults.iter().map(|(fault, n)| (fault.to_string(), *n)).collect(),
            unanswered: total.unanswered,
            unsent: total.unsent,
            repeats: total.repeats,
            repeats_same_index: total.repeats_same_index,
            conflicts: total.conflicts,
            client: Client {
                cpu_seconds: measured.client.as_secs_f64(),
                cpu_us_per_entry: per_entry(measured.client),
            },
            server: measured.server.as_ref().map(|server| ServerCost {
                user_seconds: server.user.as_secs_f64(),
                system_seconds: server.system.as_secs_f64(),
                user_us_per_entry: per_entry(server.user),
                system_us_per_entry: per_entry(server.system),
                cpu_us_per_entry: per_entry(server.user + server.system),
                peak_rss_kib: server.peak_rss_kib,
            }),
            batches: counted.map(|Counters { batches, .. }| Batches {
                count: batches,
                entries_per_batch: ratio(entries as f64, batches),
            }),
            disk: counted.and_then(|Counters { fsyncs, batches, .. }| {
                fsyncs.map(|fsyncs| Disk { fsyncs, fsyncs_per_batch: ratio(fsyncs, batches) })
            }),
            bucket: counted
                .and_then(|counted| counted.bucket)
                .map(|requests| BucketCost::new(requests, entries)),
            indices: IndexCheck {
                given_twice: indices.given_twice,
                lowest: indices.range.map(|(lowest, _)| lowest),
                highest: indices.range.map(|(_, highest)| highest),
            },
            verified: found.map(|found| Verified {
                checked: found.checked,
                wrong: found.wrong,
                tree_size: found.tree_size,
                first_wrong: found.first_wrong.clone(),
            }),
        }
    }

    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// The report for people, with one line per subject.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |subject: &str, rest: &str| {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{subject:<11}{rest}");
        };
        line("load", &self.load_text());
        line("entries", &self.entries_text());
        line("latency", &self.latency_us.text());
        line("trouble", &self.trouble_text());
        if self.setting.duplicates_percent > 0.0 {
            let (all, same) = (show_count(self.repeats), show_count(self.repeats_same_index));
            let conflicts = show_count(self.conflicts);
            line("repeats", &format!("{all}, {same} with the first index, {conflicts} by 409"));
        }
        let Client { cpu_seconds, cpu_us_per_entry } = self.client;
        line("client", &format!("{cpu_us_per_entry:.2} us CPU per entry ({cpu_seconds:.2} s)"));
        if let Some(server) = &self.server {
            line("server", &server.text());
        }
        if let Some(Batches { count, entries_per_batch }) = &self.batches {
            line("batches", &format!("{count} of {entries_per_batch:.1} entries"));
        }
        if let Some(disk) = &self.disk {
            line("fsyncs", &format!("{:.2} per batch", disk.fsyncs_per_batch));
        }
        if let Some(bucket) = &self.bucket {
            line("bucket", &bucket.text());
        }
        line("indices", &self.indices.text());
        if let Some(verified) = &self.verified {
            line("verified", &verified.text());
        }
        text
    }

    fn load_text(&self) -> String {
        let Setting { kind, connections, threads, seed, .. } = &self.setting;
        let size = self.setting.entry_bytes.map_or_else(String::new, |n| format!(" {n} B"));
        let pace = match self.setting.rate {
            Some(rate) => format!("open loop {rate}/s"),
            None => "closed loop".to_owned(),
        };
        let log = &self.setting.log;
        format!(
            "{log} {kind}{size}, {pace}, {connections} connections, {threads} threads, seed {seed}"
        )
    }

    fn entries_text(&self) -> String {
        let (entries, rate) = (show_count(self.entries), self.entries_per_second);
        let early = if self.used_up { ", until all submissions were used up" } else { "" };
        format!("{entries} in {:.2} s = {rate:.0}/s{early}", self.seconds)
    }

    fn trouble_text(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (what, count) in [
            ("pushbacks", self.pushbacks),
            ("unanswered", self.unanswered),
            ("unsent for lack of a free connection", self.unsent),
        ] {
            if count > 0 {
                parts.push(format!("{} {what}", show_count(count)));
            }
        }
        parts.extend(self.errors.iter().map(|(what, n)| format!("{} x {what}", show_count(*n))));
        if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }
    }
}

impl Latency {
    /// The percentiles of a histogram.
    pub fn of(histogram: &Histogram) -> Self {
        let us = |duration: Duration| duration.as_nanos() as f64 / 1e3;
        Self {
            count: histogram.count(),
            p50: us(histogram.quantile(50_000)),
            p90: us(histogram.quantile(90_000)),
            p99: us(histogram.quantile(99_000)),
            p99_9: us(histogram.quantile(99_900)),
            max: us(histogram.max()),
        }
    }

    /// On one line.
    pub fn text(&self) -> String {
        let Self { count, p50, p90, p99, p99_9, max } = *self;
        if count == 0 {
            return "none".to_owned();
        }
        let named = [("p50", p50), ("p90", p90), ("p99", p99), ("p99.9", p99_9), ("max", max)];
        let show = |(name, us): (&str, f64)| {
            format!("{name} {}", show_duration(Duration::from_secs_f64(us / 1e6)))
        };
        named.map(show).join("  ")
    }
}

impl ServerCost {
    fn text(&self) -> String {
        let Self { user_us_per_entry: user, system_us_per_entry: system, .. } = self;
        let all = self.cpu_us_per_entry;
        let rss = self
            .peak_rss_kib
            .map_or_else(String::new, |kib| format!(", peak RSS {:.1} MiB", kib as f64 / 1024.0));
        format!("{all:.2} us CPU per entry (user {user:.2}, system {system:.2}){rss}")
    }
}

impl IndexCheck {
    fn text(&self) -> String {
        let Some((lowest, highest)) = self.lowest.zip(self.highest) else {
            return "none given".to_owned();
        };
        match self.given_twice {
            0 => format!("all different, {lowest} to {highest}"),
            twice => format!("WRONG: {} given twice, {lowest} to {highest}", show_count(twice)),
        }
    }
}

impl Verified {
    fn text(&self) -> String {
        let (checked, size) = (show_count(self.checked), show_count(self.tree_size));
        match &self.first_wrong {
            None => format!("{checked} entries found in their bundles, tree size {size}"),
            Some(first) => format!("WRONG: {} of {checked}; first: {first}", self.wrong),
        }
    }
}

fn ratio(dividend: f64, divisor: f64) -> f64 {
    if divisor > 0.0 { dividend / divisor } else { 0.0 }
}
