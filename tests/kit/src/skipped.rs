//! What a test cannot do on this machine is said, never passed over in silence.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

/// What was said, so that each thing is said once.
static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Says on standard error that something is not tested, and why. The test harness captures what
/// macros print in a passing test, and keeps it to itself; this it does not capture.
pub fn skipped(what: impl Display) {
    let line = format!("SKIPPED: {what}\n");
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone()) {
        std::io::stderr().write_all(line.as_bytes()).expect("standard error can be written to");
    }
}
