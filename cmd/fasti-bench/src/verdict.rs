//! What an answer means, for its entry and for its connection.
//!
//! Acceptance is as strict as in the clients of each API: `/add` answers 200 and a bare decimal
//! line, Rekor v2 answers 201 and a TransparencyLogEntry. 429 and 503 ask to retry with the same
//! entry; everything else is a fault. Invariant: only an index read from the answer acknowledges an
//! entry.

use std::time::Duration;

use crate::answer::{self, Answer, Malformed};
use crate::entries::Entries;
use crate::tally::Fault;

/// The meaning of one answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// For the entry.
    pub outcome: Outcome,
    /// Whether the connection can carry the next request.
    pub keep_alive: bool,
}

/// What became of an entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log.
    Acknowledged {
        /// At this index.
        index: u64,
        /// Whether the answer was a 409: it was already in the log.
        conflict: bool,
    },
    /// It must be sent again after this long.
    Pushback(Duration),
    /// It is given up.
    Refused(Fault),
}

impl Verdict {
    /// Judges an answer found in `received` bytes.
    pub fn of(entries: &Entries, answer: &Answer, received: usize) -> Self {
        if received > answer.length {
            return Self {
                outcome: Outcome::Refused(Malformed::Unasked.into()),
                keep_alive: false,
            };
        }
        let index = match (entries, answer.status) {
            (Entries::Opaque(_), 200) => answer::opaque_index(&answer.body),
            (Entries::Hashedrekord(_), 200 | 201) => answer::rekor_index(&answer.body),
            // How Rekor v2 says that the entry is already in the log.
            (Entries::Hashedrekord(_), 409) => answer.log_index,
            (_, 429 | 503) => return Self::of_entry(Outcome::Pushback(pause(answer)), answer),
            (_, status) => return Self::of_entry(Outcome::Refused(Fault::Status(status)), answer),
        };
        let acknowledged = |index| Outcome::Acknowledged { index, conflict: answer.status == 409 };
        let outcome = index.map_or(Outcome::Refused(Fault::NoIndex), acknowledged);
        Self::of_entry(outcome, answer)
    }

    fn of_entry(outcome: Outcome, answer: &Answer) -> Self {
        Self { outcome, keep_alive: answer.keep_alive }
    }
}

/// One second unless the server says otherwise, and never so short that retries spin.
fn pause(answer: &Answer) -> Duration {
    let asked = answer.retry_after.map_or(Duration::from_secs(1), Duration::from_secs);
    asked.clamp(Duration::from_millis(10), Duration::from_hours(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::Opaque;
    use crate::submissions::{Api, Submissions};

    fn judge(entries: &Entries, bytes: &str) -> Verdict {
        let answer = answer::scan(bytes.as_bytes(), 1000).unwrap().unwrap();
        Verdict::of(entries, &answer, bytes.len())
    }

    #[test]
    fn each_api_accepts_its_own_answers_only() {
        let opaque = Entries::Opaque(Opaque::new(0, 8));
        let rekor = Entries::Hashedrekord(Submissions::sign(Api::V2, 1, 1, 0).unwrap());
        let created = "HTTP/1.1 201 \r\ncontent-length: 16\r\n\r\n{\"logIndex\":\"7\"}";
        let decimal = "HTTP/1.1 200 \r\ncontent-length: 1\r\n\r\n7";
        let conflict = "HTTP/1.1 409 \r\nx-log-index: 7\r\ncontent-length: 0\r\n\r\n";
        let at_7 = |conflict| Outcome::Acknowledged { index: 7, conflict };
        assert_eq!(judge(&opaque, decimal).outcome, at_7(false));
        assert_eq!(judge(&rekor, created).outcome, at_7(false));
        assert_eq!(judge(&rekor, conflict).outcome, at_7(true));
        assert_eq!(judge(&opaque, created).outcome, Outcome::Refused(Fault::Status(201)));
        assert_eq!(judge(&opaque, conflict).outcome, Outcome::Refused(Fault::Status(409)));
        assert_eq!(judge(&rekor, decimal).outcome, Outcome::Refused(Fault::NoIndex));
    }

    #[test]
    fn pauses_are_bounded_on_both_sides() {
        let entries = Entries::Opaque(Opaque::new(0, 8));
        for (field, milliseconds) in [
            ("", 1000),
            ("retry-after: soon\r\n", 1000),
            ("retry-after: 0\r\n", 10),
            ("retry-after: 5\r\n", 5000),
            ("retry-after: 18446744073709551615\r\n", 3_600_000),
        ] {
            let bytes = format!("HTTP/1.1 503 \r\n{field}content-length: 0\r\n\r\n");
            let pause = Outcome::Pushback(Duration::from_millis(milliseconds));
            assert_eq!(judge(&entries, &bytes), Verdict { outcome: pause, keep_alive: true });
        }
    }
}
