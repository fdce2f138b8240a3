//! The heads that a log had over time (`src/docs/formats.md`, "Kept heads").
//!
//! Invariants: a head is returned only after the trusted keys and the policy have vouched for its
//! note. That it was kept at the time that its page states is the log's word; when witnesses saw it
//! is in its cosignatures. Pages are found with a binary search, so that finding the head of any
//! time takes few reads, however many heads there are.

use std::sync::Arc;

use fasti_objects::{
    HeadNumber, HeadsPage, HeadsPageError, HeadsPath, IntegratedTime, KeptHead, Published,
};
use tiles_spec::TileIndex;

use super::fetch::{Fetch, FetchError};
use super::trust::{CheckpointRefusal, OpenedCheckpoint, Trust};

/// Why heads could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadHeadsError {
    /// A file is out of reach.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The log keeps no heads, or this copy of it lacks them.
    #[error("the log keeps no heads: {place} is missing")]
    None {
        /// The file that would list them.
        place: Published,
    },
    /// A file is missing, although there are later heads.
    #[error("{file} is missing, although there are later heads")]
    Missing {
        /// The file.
        file: Published,
    },
    /// A page is damaged.
    #[error("{file} is damaged")]
    Page {
        /// The file.
        file: Published,
        /// What is wrong with it.
        #[source]
        source: HeadsPageError,
    },
    /// A page is not the one that its path names.
    #[error("{file} is another page of heads")]
    OtherPage {
        /// The file.
        file: Published,
    },
    /// A note is not a checkpoint that is trusted.
    #[error("{file} is not trusted")]
    Note {
        /// The file.
        file: Published,
        /// Why not.
        #[source]
        source: CheckpointRefusal,
    },
    /// A note is of another tree than its page says.
    #[error("{file} is of a tree of another size than its page says")]
    OtherHead {
        /// The file.
        file: Published,
    },
}

impl ReadHeadsError {
    /// Whether the files are at fault, rather than the connection to them.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_damage(),
            Self::None { .. } => false,
            _ => true,
        }
    }
}

/// The kept heads of a log, as they were listed when this was opened.
pub struct Heads {
    fetch: Arc<dyn Fetch>,
    latest: HeadsPage,
}

/// The page in these bytes.
fn page(path: HeadsPath, bytes: &[u8]) -> Result<HeadsPage, ReadHeadsError> {
    let file = Published::Heads(path);
    HeadsPage::parse(bytes).map_err(|source| ReadHeadsError::Page { file, source })
}

impl Heads {
    /// Reads which heads there are.
    pub async fn open(fetch: Arc<dyn Fetch>) -> Result<Self, ReadHeadsError> {
        let path = HeadsPath::Latest;
        let latest = fetch.fetch_heads(&path).await?;
        let latest = latest.ok_or(ReadHeadsError::None { place: Published::Heads(path) })?;
        Ok(Self { latest: page(path, &latest)?, fetch })
    }

    /// The newest head.
    pub fn newest(&self) -> (HeadNumber, KeptHead) {
        (self.latest.newest(), self.latest.last())
    }

    /// Reads a page, which is not beyond the newest.
    pub async fn page(&self, number: TileIndex) -> Result<HeadsPage, ReadHeadsError> {
        if number == self.latest.number() {
            return Ok(self.latest.clone());
        }
        let path = HeadsPath::Page(number);
        let file = Published::Heads(path);
        let bytes = self.fetch.fetch_heads(&path).await?;
        let page = page(path, &bytes.ok_or(ReadHeadsError::Missing { file })?)?;
        if page.number() == number && page.is_full() {
            Ok(page)
        } else {
            Err(ReadHeadsError::OtherPage { file })
        }
    }

    /// The newest head that was kept at `time` or before; `None` if all are later.
    pub async fn at(
        &self,
        time: IntegratedTime,
    ) -> Result<Option<(HeadNumber, KeptHead)>, ReadHeadsError> {
        if let Some(found) = self.latest.at(time) {
            return Ok(Some(found));
        }
        let mut found = None;
        // All pages from `later` on begin after the time, and no page before `earlier` does.
        let (mut earlier, mut later) = (0, self.latest.number().get());
        while earlier < later {
            let middle = earlier + (later - earlier) / 2;
            match self.page(TileIndex::new(middle)).await?.at(time) {
                None => later = middle,
                some => (found, earlier) = (some, middle + 1),
            }
        }
        Ok(found)
    }

    /// Reads a head's note, and verifies that it is of this tree.
    pub async fn note(
        &self,
        (number, head): (HeadNumber, KeptHead),
        trust: &Trust,
    ) -> Result<OpenedCheckpoint, ReadHeadsError> {
        let path = HeadsPath::Note(number);
        let file = Published::Heads(path);
        let bytes = self.fetch.fetch_heads(&path).await?;
        let bytes = bytes.ok_or(ReadHeadsError::Missing { file })?;
        let opened = trust.open(&bytes).map_err(|source| ReadHeadsError::Note { file, source })?;
        if opened.head().size == head.size {
            Ok(opened)
        } else {
            Err(ReadHeadsError::OtherHead { file })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::TestLog;

    fn head(n: u64) -> KeptHead {
        let size = tiles_spec::TreeSize::new(n + 1).unwrap();
        // Some heads were kept in the same second.
        KeptHead { size, time: IntegratedTime::new(1000 + n / 3 * 10).unwrap() }
    }

    fn log(count: u64) -> TestLog {
        let mut log = TestLog::of(&[]);
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut page = HeadsPage::begin(head(0));
        for n in 0..count {
            if n > 0 {
                page = page.followed_by(head(n)).unwrap();
            }
            if page.is_full() {
                files.insert(HeadsPath::Page(page.number()).to_string(), page.to_string().into());
            }
        }
        files.insert(HeadsPath::Latest.to_string(), page.to_string().into());
        log.objects.extend(files);
        log
    }

    #[tokio::test]
    async fn the_head_of_any_time_is_found() {
        for count in [1, 2, 255, 256, 257, 512, 900, 1300] {
            let log = log(count);
            let heads = Heads::open(log.fetch()).await.unwrap();
            assert_eq!(heads.newest().0.get(), count - 1);
            for time in (990..1000 + count / 3 * 10 + 20).step_by(7).chain([1, u64::MAX >> 1]) {
                let time = IntegratedTime::new(time).unwrap();
                let expected = (0..count).rev().map(|n| (n, head(n))).find(|it| it.1.time <= time);
                let found = heads.at(time).await.unwrap();
                let found = found.map(|(number, head)| (number.get(), head));
                assert_eq!(found, expected, "{time:?} of {count}");
            }
        }
    }

    #[tokio::test]
    async fn missing_and_wrong_pages_are_named() {
        let mut log = log(900);
        let first = log.objects["heads/page/000"].clone();
        let early = IntegratedTime::new(1).unwrap();
        log.objects.insert("heads/page/001".to_owned(), first);
        let wrong = Heads::open(log.fetch()).await.unwrap().at(early).await.unwrap_err();
        assert_eq!(wrong.to_string(), "heads/page/001 is another page of heads");
        log.objects.remove("heads/page/001");
        let missing = Heads::open(log.fetch()).await.unwrap().at(early).await.unwrap_err();
        assert!(missing.to_string().starts_with("heads/page/001 is missing"), "{missing}");
        log.objects.remove("heads/latest");
        let none = Heads::open(log.fetch()).await.err().unwrap();
        assert!(matches!(none, ReadHeadsError::None { .. }) && !none.is_refusal(), "{none}");
    }
}
