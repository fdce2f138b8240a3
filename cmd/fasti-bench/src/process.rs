//! What a run costs: CPU time and memory from `/proc`, fsyncs or requests from the servers' own
//! metrics.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::time::{ClockId, clock_gettime};

use crate::bucket::Requests;
use crate::fetch;
use crate::target::Target;

/// CPU time that a process has used so far, in the kernel's ticks (usually 10 ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuTime {
    /// In user mode.
    pub user: Duration,
    /// In the kernel on its behalf.
    pub system: Duration,
}

impl CpuTime {
    /// The CPU time of process `pid`, including its threads.
    pub fn of(pid: u32) -> Result<Self> {
        Self::read(&pid.to_string(), UTIME)
    }

    /// Reads two fields of `/proc/PROCESS/stat`, the first of which has this number in proc(5).
    fn read(process: &str, field: usize) -> Result<Self> {
        let path = format!("/proc/{process}/stat");
        let stat = fs::read_to_string(&path).with_context(|| path.clone())?;
        parse_stat(&stat, field).with_context(|| format!("{path} is not as proc(5) describes"))
    }
}

/// The CPU time of the processes that this one has started and waited for.
pub fn children_cpu_time() -> Result<Duration> {
    let used = CpuTime::read("self", CUTIME)?;
    Ok(used.user + used.system)
}

/// The fields `utime` and `cutime`, after which come `stime` and `cstime`.
const UTIME: usize = 14;
const CUTIME: usize = 16;

/// CPU time that this process has used so far.
pub fn own_cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(used).expect("CPU time is not negative")
}

/// The peak resident memory of process `pid`, in KiB.
pub fn peak_rss_kib(pid: u32) -> Result<u64> {
    read_status(pid, "VmHWM:")
}

/// The current resident memory of process `pid`, in KiB.
pub fn rss_kib(pid: u32) -> Result<u64> {
    read_status(pid, "VmRSS:")
}

fn read_status(pid: u32, field: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| path.clone())?;
    parse_status(&status, field).with_context(|| format!("{path} has no {field}"))
}

/// The writers' counters that a run reads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counters {
    /// `fasti_batches_total`.
    pub batches: f64,
    /// `fasti_fsyncs_total`, of a log in a directory.
    pub fsyncs: Option<f64>,
    /// Requests, of a log in a bucket.
    pub bucket: Option<Requests>,
}

impl Counters {
    /// Reads the metrics pages of all writers of a log.
    pub fn sum(targets: &[Target]) -> Result<Self> {
        let mut sum = Self::default();
        for target in targets {
            sum = sum.combine(Self::read(target)?, |a, b| a + b);
        }
        Ok(sum)
    }

    /// What was counted since `before`.
    pub fn since(self, before: Self) -> Self {
        self.combine(before, |now, then| now - then)
    }

    fn combine(self, other: Self, with: fn(f64, f64) -> f64) -> Self {
        let fsyncs = self.fsyncs.or(other.fsyncs.map(|_| 0.0));
        let bucket = self.bucket.or(other.bucket.map(|_| Requests::default()));
        Self {
            batches: with(self.batches, other.batches),
            fsyncs: fsyncs.map(|own| with(own, other.fsyncs.unwrap_or_default())),
            bucket: bucket.map(|own| own.combine(other.bucket.unwrap_or_default(), with)),
        }
    }

    /// Reads the metrics page at `target` (its prefix is the page's path).
    fn read(target: &Target) -> Result<Self> {
        let (status, page) = fetch::get(target, "", Duration::from_secs(5))?;
        if status != 200 {
            bail!("metrics answered status {status}");
        }
        let page = String::from_utf8(page).context("metrics are not UTF-8")?;
        let total = |name: &str| counter(&page, name);
        Ok(Self {
            batches: total("fasti_batches_total").context("metrics lack fasti_batches_total")?,
            fsyncs: total("fasti_fsyncs_total"),
            bucket: Requests::read(total),
        })
    }
}

/// The sum of a counter over its labels, from Prometheus text.
fn counter(page: &str, name: &str) -> Option<f64> {
    let samples = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.strip_prefix('{') {
            Some(labels) => labels.rsplit_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        value.split_ascii_whitespace().next()?.parse::<f64>().ok()
    });
    samples.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

fn parse_stat(stat: &str, field: usize) -> Option<CpuTime> {
    // The command's name can contain spaces and parentheses, so count from the last parenthesis.
    // Field 3 is the first after the name.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(field - 3);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let (user, system) = (ticks()?, ticks()?);
    let per_second = rustix::param::clock_ticks_per_second();
    let time = |ticks: u64| Duration::from_nanos(ticks * (1_000_000_000 / per_second));
    Some(CpuTime { user: time(user), system: time(system) })
}

fn parse_status(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 125 90 30 20 0 3 0 99 1 1";
        for (field, factor) in [(UTIME, 2), (CUTIME, 3)] {
            let time = parse_stat(stat, field).unwrap();
            assert_eq!(time.user, time.system * factor);
            assert!(time.system > Duration::ZERO);
            assert_eq!(parse_stat("7 (a) S 1", field), None);
        }
    }

    #[test]
    fn this_process_has_used_time_and_memory() {
        let pid = std::process::id();
        CpuTime::of(pid).unwrap();
        assert!(peak_rss_kib(pid).unwrap() > 100);
        assert!(own_cpu_time() > Duration::ZERO);
        assert_eq!(parse_status("Name:\tx\nVmHWM:\t  146432 kB\n", "VmHWM:"), Some(146_432));
    }

    #[test]
    fn counters_are_summed_over_labels_and_not_confused_with_longer_names() {
        let page =
            "# TYPE a_total counter\na_total_x 9\na_total{k=\"v} w\"} 2\na_total{k=\"u\"} 3 99\n";
        assert_eq!(counter(page, "a_total"), Some(5.0));
        assert_eq!(counter("b 1.5\n", "b"), Some(1.5));
        assert_eq!(counter(page, "absent"), None);
    }
}
