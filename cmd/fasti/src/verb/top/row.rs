//! What `fasti top` shows of one writer: the difference of two of its pages.

use serde_json::{Value, json};

use crate::samples::{Samples, Which, growth};

const POSTS: &[&str] = &["entries", "add", "v1_entries", "grpc_entries", "busy"];
const ANSWERS: &str = "fasti_http_request_duration_seconds";
const OPERATIONS: &str = "fasti_store_operation_duration_seconds";
/// A witness has cosigned the newest checkpoint if it did so at most this much earlier, in seconds.
const COSIGNED_BEFORE: f64 = 60.0;

/// The columns of the table.
pub const COLUMNS: [&str; 13] = [
    "WRITER",
    "ROLE",
    "SIZE",
    "ENTRIES/S",
    "POSTS/S",
    "5XX/S",
    "P50",
    "P99",
    "CHECKPOINT",
    "INDEX",
    "STORE P99",
    "WITNESSES",
    "RSS",
];

/// A writer at one moment.
#[derive(Debug, Default)]
pub struct Row {
    /// Its address.
    pub place: String,
    /// What it does.
    pub role: &'static str,
    /// Why nothing is known of it.
    pub error: Option<String>,
    /// Size of the newest published tree that it knows of.
    pub size: Option<f64>,
    /// Entries published by it in a second.
    pub entries: Option<f64>,
    /// Submissions answered in a second, and those of them answered with 5xx.
    pub posts: Option<f64>,
    errors: Option<f64>,
    /// Seconds from the request to the answer, of accepted submissions.
    median: Option<f64>,
    slowest: Option<f64>,
    /// Seconds since a checkpoint was last published.
    pub checkpoint_age: Option<f64>,
    /// Published entries that the index lacks.
    pub index_lag: Option<f64>,
    /// Seconds that an operation of the store takes.
    store: Option<f64>,
    /// Witnesses that have cosigned the newest checkpoint, of how many.
    witnesses: Option<(usize, usize)>,
    /// Bytes of memory.
    resident: Option<f64>,
}

impl Row {
    /// A writer of which nothing is known.
    pub fn unknown(place: String, role: &'static str, error: Option<String>) -> Self {
        Self { place, role, error, ..Self::default() }
    }

    /// A writer whose page was read twice, so many seconds apart.
    pub fn between(place: String, before: &Samples, now: &Samples, seconds: f64) -> Self {
        let value = |name: &str| now.sum(name, &[]);
        let rate = |name: &str, which: Which<'_>| {
            let before = before.sum(name, which).unwrap_or(0.0);
            now.sum(name, which).map(|now| growth(before, now) / seconds)
        };
        let between = |name: &str, which: Which<'_>| {
            now.histogram(name, which).since(&before.histogram(name, which))
        };
        let accepted = between(ANSWERS, &[("route", POSTS), ("class", &["2xx"])]);
        let count = format!("{ANSWERS}_count");
        let size = value("fasti_tree_size_leaves");
        // Only a writer that leads keeps the index and asks witnesses.
        let of_leader = |value: Option<f64>| value.filter(|_| is(now, "fasti_leading"));
        let published = value("fasti_checkpoint_timestamp_seconds").filter(|time| *time > 0.0);
        let age = |time: f64| value("fasti_clock_timestamp_seconds").map(|now| now - time);
        Self {
            place,
            role: role(now),
            error: None,
            size,
            entries: rate("fasti_entries_total", &[]),
            posts: Some(rate(&count, &[("route", POSTS)]).unwrap_or(0.0)),
            errors: Some(rate(&count, &[("route", POSTS), ("class", &["5xx"])]).unwrap_or(0.0)),
            median: accepted.quantile(0.5),
            slowest: accepted.quantile(0.99),
            checkpoint_age: published.and_then(age).map(|age| age.max(0.0)),
            index_lag: of_leader(value("fasti_lookup_size_leaves"))
                .and_then(|indexed| Some((size? - indexed).max(0.0))),
            store: between(OPERATIONS, &[]).quantile(0.99),
            witnesses: witnesses(now, published),
            resident: value("process_resident_memory_bytes"),
        }
    }

    /// Whether it leads.
    pub fn leads(&self) -> bool {
        self.role == "leads"
    }

    /// The row as text, by column.
    pub fn cells(&self) -> [String; 13] {
        let shown = |value: Option<f64>, show: fn(f64) -> String| {
            value.map_or_else(|| "-".to_owned(), show)
        };
        [
            self.place.clone(),
            self.role.to_owned(),
            shown(self.size, whole),
            shown(self.entries, per_second),
            shown(self.posts, per_second),
            shown(self.errors, per_second),
            shown(self.median, duration),
            shown(self.slowest, duration),
            shown(self.checkpoint_age, duration),
            shown(self.index_lag, whole),
            shown(self.store, duration),
            self.witnesses.map_or_else(|| "-".to_owned(), |(have, all)| format!("{have} of {all}")),
            shown(self.resident, bytes),
        ]
    }

    /// The row for programs; what is not known is null.
    pub fn json(&self) -> Value {
        json!({
            "Writer": self.place,
            "Role": self.role,
            "Error": self.error,
            "Size": self.size,
            "EntriesPerSecond": self.entries,
            "SubmissionsPerSecond": self.posts,
            "ErrorsPerSecond": self.errors,
            "MedianSeconds": self.median,
            "P99Seconds": self.slowest,
            "CheckpointAgeSeconds": self.checkpoint_age,
            "IndexLag": self.index_lag,
            "StoreP99Seconds": self.store,
            "WitnessesCosigned": self.witnesses.map(|(have, _)| have),
            "Witnesses": self.witnesses.map(|(_, all)| all),
            "ResidentBytes": self.resident,
        })
    }
}

fn is(samples: &Samples, name: &str) -> bool {
    samples.sum(name, &[]).is_some_and(|value| value > 0.0)
}

fn role(now: &Samples) -> &'static str {
    if now.sum("fasti_leading", &[]).is_none() {
        return "no writer";
    }
    let said = [
        ("fasti_halted", "halted"),
        ("fasti_frozen", "frozen"),
        ("fasti_stalled_seconds", "stalled"),
    ];
    if let Some((_, role)) = said.iter().find(|(name, _)| is(now, name)) {
        return role;
    }
    match (is(now, "fasti_ready"), is(now, "fasti_leading")) {
        (false, _) => "not ready",
        (true, true) => "leads",
        (true, false) => "follows",
    }
}

fn witnesses(now: &Samples, published: Option<f64>) -> Option<(usize, usize)> {
    let times = now.by_label("fasti_cosigner_cosigned_timestamp_seconds", "witness");
    let times: Vec<f64> = times.map(|(_, time)| time).collect();
    let published = published.filter(|_| !times.is_empty() && is(now, "fasti_leading"))?;
    let have = times.iter().filter(|time| **time > 0.0 && **time >= published - COSIGNED_BEFORE);
    Some((have.count(), times.len()))
}

pub fn whole(value: f64) -> String {
    format!("{value:.0}")
}

pub fn per_second(value: f64) -> String {
    if value >= 100.0 || value == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// A duration in seconds, with two or three digits.
pub fn duration(seconds: f64) -> String {
    match seconds {
        ..0.001 => format!("{:.0} us", seconds * 1e6),
        ..0.01 => format!("{:.1} ms", seconds * 1e3),
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        ..10.0 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

fn bytes(bytes: f64) -> String {
    match bytes / f64::from(1 << 20) {
        mebibytes @ ..1024.0 => format!("{mebibytes:.0} MiB"),
        mebibytes => format!("{:.1} GiB", mebibytes / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(entries: u32, quick: u32, leading: u8) -> Samples {
        let all = quick + entries / 100;
        Samples::read(&format!(
            r#"fasti_leading {leading}
fasti_ready 1
fasti_tree_size_leaves {entries}
fasti_entries_total {entries}
fasti_lookup_size_leaves {indexed}
fasti_checkpoint_timestamp_seconds 1000
fasti_clock_timestamp_seconds 1004.5
fasti_http_request_duration_seconds_bucket{{route="entries",class="2xx",le="0.1"}} {quick}
fasti_http_request_duration_seconds_bucket{{route="entries",class="2xx",le="+Inf"}} {all}
fasti_http_request_duration_seconds_count{{route="entries",class="2xx"}} {all}
fasti_http_request_duration_seconds_count{{route="read",class="2xx"}} 99999
fasti_http_request_duration_seconds_count{{route="add",class="5xx"}} {all}
fasti_store_operation_duration_seconds_bucket{{operation="get",outcome="ok",le="0.002"}} {quick}
fasti_store_operation_duration_seconds_bucket{{operation="get",outcome="ok",le="+Inf"}} {quick}
fasti_cosigner_cosigned_timestamp_seconds{{witness="a"}} 1000
fasti_cosigner_cosigned_timestamp_seconds{{witness="b"}} 100
process_resident_memory_bytes 104857600
"#,
            indexed = entries - 7,
        ))
    }

    #[test]
    fn a_leader_and_a_follower() {
        let (before, now) = (page(1000, 500, 1), page(1400, 904, 1));
        let row = Row::between("a:9000".to_owned(), &before, &now, 2.0);
        assert!(row.leads());
        assert_eq!(
            row.cells(),
            [
                "a:9000", "leads", "1400", "200", "408", "204", "50 ms", "100 ms", "4.5 s", "7",
                "2.0 ms", "1 of 2", "100 MiB",
            ]
        );
        let follower = page(1400, 900, 0);
        let row = Row::between("b:9000".to_owned(), &follower, &follower, 2.0);
        assert_eq!(
            row.cells(),
            [
                "b:9000", "follows", "1400", "0", "0", "0", "-", "-", "4.5 s", "-", "-", "-",
                "100 MiB",
            ]
        );
        let nothing = Row::between(String::new(), &Samples::default(), &Samples::default(), 2.0);
        assert_eq!((nothing.role, nothing.size), ("no writer", None));
    }

    #[test]
    fn durations_in_few_digits() {
        let shown = [0.000_25, 0.0025, 0.25, 2.5, 25.0, 250.0, 25_000.0].map(duration);
        assert_eq!(shown, ["250 us", "2.5 ms", "250 ms", "2.5 s", "25 s", "4 min", "7 h"]);
    }
}
