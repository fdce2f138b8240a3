//! What a run costs in a bucket: requests and bytes, as the writers count them, and Amazon S3's
//! list price of the requests. Storage and traffic are not included.

#![expect(clippy::cast_precision_loss, reason = "figures for people, not exact counts")]

use serde::Serialize;

/// US dollars for a PUT or a LIST in us-east-1; a DELETE is free.
const USD_PER_WRITE: f64 = 0.005 / 1000.0;
/// US dollars for a GET.
const USD_PER_READ: f64 = 0.0004 / 1000.0;

/// Requests and bytes, in total or per million entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Requests {
    /// `fasti_store_puts_total`.
    pub puts: f64,
    /// `fasti_store_gets_total`.
    pub gets: f64,
    /// `fasti_store_lists_total`.
    pub lists: f64,
    /// `fasti_store_deletes_total`.
    pub deletes: f64,
    /// `fasti_store_written_bytes_total`.
    pub bytes_written: f64,
}

impl Requests {
    /// Reads each counter from `total`; `None` if one is missing.
    pub fn read(total: impl Fn(&str) -> Option<f64>) -> Option<Self> {
        Some(Self {
            puts: total("fasti_store_puts_total")?,
            gets: total("fasti_store_gets_total")?,
            lists: total("fasti_store_lists_total")?,
            deletes: total("fasti_store_deletes_total")?,
            bytes_written: total("fasti_store_written_bytes_total")?,
        })
    }

    /// Combines both, field by field.
    pub fn combine(self, other: Self, with: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            puts: with(self.puts, other.puts),
            gets: with(self.gets, other.gets),
            lists: with(self.lists, other.lists),
            deletes: with(self.deletes, other.deletes),
            bytes_written: with(self.bytes_written, other.bytes_written),
        }
    }

    fn usd(&self) -> f64 {
        (self.puts + self.lists) * USD_PER_WRITE + self.gets * USD_PER_READ
    }
}

/// The bucket's part of a report.
#[derive(Debug, Serialize)]
pub struct BucketCost {
    per_million_entries: Requests,
    usd_per_million_entries: f64,
}

impl BucketCost {
    /// Scales `requests` for `entries` to a million entries.
    pub fn new(requests: Requests, entries: u64) -> Self {
        let scale = 1e6 / entries.max(1) as f64;
        let scaled = requests.combine(Requests::default(), |count, _| count * scale);
        Self { per_million_entries: scaled, usd_per_million_entries: scaled.usd() }
    }

    /// On one line.
    pub fn text(&self) -> String {
        let Requests { puts, gets, lists, deletes, bytes_written } = self.per_million_entries;
        format!(
            "per million entries: {puts:.0} PUTs, {gets:.0} GETs, {lists:.0} LISTs, {deletes:.0} \
             DELETEs, {:.0} MiB written; US$ {:.2} on S3",
            bytes_written / f64::from(1 << 20),
            self.usd_per_million_entries,
        )
    }
}
