//! The trace of a run: every operation, answer and event, in order, folded into one number.
//!
//! Two runs of one seed must give the same number. The last lines are kept for debugging;
//! `FASTI_SIM_TRACE=1` prints every line as it is noted.

use std::collections::VecDeque;
use std::time::Duration;

/// The number of lines kept.
const TAIL_LINES: usize = 120;

/// The trace; see the module documentation.
pub struct Trace {
    hash: u64,
    lines: u64,
    tail: VecDeque<String>,
    prints: bool,
}

impl Trace {
    pub fn new(prints: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, lines: 0, tail: VecDeque::new(), prints }
    }

    /// Notes an event at simulated time `at`.
    pub fn note(&mut self, at: Duration, text: &str) {
        let line = format!("{:>11.3} {text}", at.as_secs_f64());
        // FNV-1a: it must tell equal traces from different ones, not resist forgery.
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.lines += 1;
        if self.prints {
            eprintln!("{line}");
        }
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn lines(&self) -> u64 {
        self.lines
    }

    pub fn tail(&self) -> String {
        let lines: Vec<&str> = self.tail.iter().map(String::as_str).collect();
        lines.join("\n")
    }
}
