//! A made-up log, and a host that reads it one object at a time; only in tests.

use std::ops::{Deref, DerefMut};

pub(crate) use fasti_kit::made_log::entries;
use fasti_kit::made_log::{self, MadeLog};
use tiles_spec::TreeHead;

use crate::reading::{Reading, Want};

/// The objects of a log.
#[derive(Clone)]
pub(crate) struct TestLog {
    pub(crate) made: MadeLog,
    pub(crate) head: TreeHead,
    /// Every request that was made.
    pub(crate) requests: Vec<String>,
}

impl Deref for TestLog {
    type Target = MadeLog;

    fn deref(&self) -> &MadeLog {
        &self.made
    }
}

impl DerefMut for TestLog {
    fn deref_mut(&mut self) -> &mut MadeLog {
        &mut self.made
    }
}

impl TestLog {
    pub(crate) fn of(entries: &[Vec<u8>]) -> Self {
        Self { made: MadeLog::of(entries), head: made_log::head(entries), requests: Vec::new() }
    }

    /// Brings a reading to its outcome.
    pub(crate) fn host<R: Reading>(&mut self, mut reading: R) -> Result<R::Outcome, R::Fault> {
        loop {
            if let Some(outcome) = reading.outcome() {
                return Ok(outcome);
            }
            let (id, Want { object, bytes }) = reading.request().expect("a request or an outcome");
            let object = object.to_string();
            let found = self.objects.get(&object).map(|whole| match bytes {
                None => whole.clone(),
                Some(bytes) => {
                    let at = |offset: u64| usize::try_from(offset).unwrap();
                    whole[at(bytes.start)..at(bytes.end)].to_vec()
                }
            });
            self.requests.push(object);
            reading.answer(id, found)?;
        }
    }
}
