//! What this process takes of the machine, as Linux tells it in `/proc`; nothing elsewhere. Only
//! for metrics: it decides nothing.

use std::fs;

/// The unit of times in `/proc`, which is the same on every processor that fasti runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUsage {
    /// When it was started, in seconds since 1970.
    pub started: f64,
    /// Seconds of processor time, its own and the kernel's for it.
    pub cpu_seconds: f64,
    /// Bytes of memory in use.
    pub resident_bytes: u64,
    /// Bytes of address space.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_descriptors: u64,
    /// How many it may have open; `None` without a limit.
    pub descriptors_max: Option<u64>,
}

impl ProcessUsage {
    /// Of this process, now.
    pub fn read() -> Option<Self> {
        let text = |path: &str| fs::read_to_string(path).ok();
        // Reading the directory takes a descriptor of its own.
        let open = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
        let (stat, status) = (text("/proc/self/stat")?, text("/proc/self/status")?);
        let (limits, machine) = (text("/proc/self/limits")?, text("/proc/stat")?);
        Self::parse(&stat, &status, &limits, &machine, open as u64)
    }

    fn parse(stat: &str, status: &str, limits: &str, machine: &str, open: u64) -> Option<Self> {
        // The name of the program can contain anything, so count from the parenthesis after it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let seconds = |field: usize| {
            let ticks: f64 = fields.get(field - 3)?.parse().ok()?;
            Some(ticks / TICKS_PER_SECOND)
        };
        let booted: f64 = after(machine, "btime ")?.trim().parse().ok()?;
        let kibibytes = |name: &str| {
            let number = after(status, name)?.split_ascii_whitespace().next()?;
            Some(number.parse::<u64>().ok()? << 10)
        };
        Some(Self {
            started: booted + seconds(22)?,
            cpu_seconds: seconds(14)? + seconds(15)?,
            resident_bytes: kibibytes("VmRSS:")?,
            virtual_bytes: kibibytes("VmSize:")?,
            open_descriptors: open,
            descriptors_max: after(limits, "Max open files")?
                .split_ascii_whitespace()
                .next()?
                .parse()
                .ok(),
        })
    }
}

/// The rest of the line that begins so.
fn after<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 9 0 4200 1 2 3";
        let status = "Name:\ta\nVmSize:\t    2048 kB\nVmRSS:\t     512 kB\n";
        let limits = "Limit  Soft  Hard  Units\nMax open files   1024   4096   files\n";
        let found = ProcessUsage::parse(stat, status, limits, "cpu 1\nbtime 1700000000\n", 12);
        let usage = found.expect("it is complete");
        let expected = ProcessUsage {
            started: 1_700_000_042.0,
            cpu_seconds: 2.0,
            resident_bytes: 512 << 10,
            virtual_bytes: 2 << 20,
            open_descriptors: 12,
            descriptors_max: Some(1024),
        };
        assert_eq!(usage, expected);
        let unlimited = limits.replace("1024", "unlimited");
        let found = ProcessUsage::parse(stat, status, &unlimited, "btime 1\n", 1);
        assert_eq!(found.and_then(|usage| usage.descriptors_max), None);
        assert_eq!(ProcessUsage::parse("", status, limits, "btime 1\n", 1), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn of_this_process() {
        let usage = ProcessUsage::read().expect("Linux says so");
        assert!(usage.resident_bytes > 1 << 20 && usage.virtual_bytes >= usage.resident_bytes);
        assert!(usage.open_descriptors >= 3 && usage.started > 1.0e9, "{usage:?}");
    }
}
