//! The keeper: makes the published checkpoint the next kept head.
//!
//! The order of writes is the protocol. Creating the note decides which tree the head is of;
//! whoever creates the JSON decides when it was kept; a page that is full, and then `heads/latest`,
//! follow from those. So a keeper that stopped anywhere is continued by the next, and two that race
//! list the same heads. What a power cut left of `heads/latest` is derived again from the rest.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fasti_grow::forward_only::NotPublished;
use fasti_grow::{ForwardOnly, Found, Holds, create, write_once};
use fasti_objects::{
    HeadNumber, HeadsPage, HeadsPageError, HeadsPath, IntegratedTime, KeptHead, Published,
};
use fasti_seams::clock::Clock;
use fasti_store::{Object, ObjectPath, Store, StoreError};
use tiles_spec::{
    CheckpointError, Origin, SignedCheckpoint, TileIndex, TreeSize, VerifierKey, open_checkpoint,
};

use crate::metrics::HeadsMetrics;
use crate::words;

/// Everything that keeping a log's heads needs.
#[derive(Clone)]
pub struct HeadsContext {
    /// Where the log is stored.
    pub objects: Arc<dyn Store>,
    /// The log.
    pub origin: Origin,
    /// Its key.
    pub key: VerifierKey,
    /// The source of time.
    pub clock: Arc<dyn Clock>,
    /// Least time between two heads of a growing log.
    pub spacing: Duration,
    /// The metrics.
    pub metrics: HeadsMetrics,
}

/// Why a head could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeadsError {
    /// There is no checkpoint.
    #[error("`checkpoint` is missing")]
    NoCheckpoint,
    /// A checkpoint is not one of this log.
    #[error("{path} is not a checkpoint of this log")]
    Foreign {
        /// Where it is.
        path: ObjectPath,
        /// Why not.
        #[source]
        source: CheckpointError,
    },
    /// A file that belongs to a listed head, or to a full page, is missing.
    #[error("{path} is missing; restore it from any copy or mirror of the log")]
    Missing {
        /// The file.
        path: ObjectPath,
    },
    /// The JSON of a head is of another head, or damaged.
    #[error("{path} does not belong to its note; restore it from any copy or mirror of the log")]
    Words {
        /// The file.
        path: ObjectPath,
    },
    /// A page is damaged, or a head does not belong after the one before it.
    #[error("{path} cannot be continued; restore it from any copy or mirror of the log")]
    Page {
        /// The file, or the note that does not belong there.
        path: ObjectPath,
        /// What is wrong.
        #[source]
        source: HeadsPageError,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl HeadsError {
    /// Whether it may succeed next time.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }
}

/// Keeps the heads of one log.
pub struct Keeper {
    context: HeadsContext,
    latest: ForwardOnly,
    /// The page of the newest head; `None` before the first.
    page: Option<HeadsPage>,
}

/// Keeps the last head of a log that was frozen, if the log keeps heads.
pub async fn keep_last(context: HeadsContext) -> Result<(), HeadsError> {
    if context.objects.get(&at(HeadsPath::Latest)).await?.is_some() {
        Keeper::open(context).await?.keep().await?;
    }
    Ok(())
}

fn at(path: HeadsPath) -> ObjectPath {
    Published::Heads(path).into()
}

impl Keeper {
    /// Finds out which heads are kept, and finishes what another keeper has begun.
    pub async fn open(context: HeadsContext) -> Result<Self, HeadsError> {
        let there = context.objects.get(&at(HeadsPath::Latest)).await?;
        let version = there.as_ref().map(|there| there.version.clone());
        let listed = there.map(|there| HeadsPage::parse(&there.bytes));
        let latest = ForwardOnly::new(at(HeadsPath::Latest), version);
        let mut keeper = Self { context, latest, page: None };
        keeper.page = match listed {
            Some(Ok(page)) => Some(page),
            Some(Err(_)) | None => keeper.recover().await?,
        };
        while let Some(note) = keeper.note(keeper.next()).await? {
            keeper.list(note).await?;
        }
        keeper.show_newest();
        Ok(keeper)
    }

    /// The size of the tree whose head was kept last.
    pub fn size(&self) -> TreeSize {
        self.page.as_ref().map_or(TreeSize::ZERO, |page| page.last().size)
    }

    /// Keeps the published checkpoint, if it is of a larger tree than the newest kept head.
    pub async fn keep(&mut self) -> Result<Option<KeptHead>, HeadsError> {
        let path = ObjectPath::checkpoint();
        let published = self.context.objects.get(&path).await?.ok_or(HeadsError::NoCheckpoint)?;
        let size = self.opened(path, &published.bytes)?.checkpoint().head.size;
        if size <= self.size() {
            return Ok(None);
        }
        let (note, number) = (published.bytes, self.next());
        let context = &self.context;
        let path = at(HeadsPath::Note(number));
        let note = match create(&*context.objects, &*context.clock, &path, &note).await? {
            Holds::Ours => note,
            // Another keeper was faster.
            Holds::Other => self.note(number).await?.ok_or(HeadsError::Missing { path })?,
        };
        let head = self.list(note).await?;
        self.context.metrics.kept.inc();
        self.show_newest();
        Ok(Some(head))
    }

    fn next(&self) -> HeadNumber {
        self.page.as_ref().map_or_else(HeadNumber::default, |page| page.newest().next())
    }

    async fn note(&self, number: HeadNumber) -> Result<Option<Bytes>, HeadsError> {
        let note = self.context.objects.get(&at(HeadsPath::Note(number))).await?;
        Ok(note.map(|note| note.bytes))
    }

    fn opened(&self, path: ObjectPath, note: &[u8]) -> Result<SignedCheckpoint, HeadsError> {
        let keys = std::slice::from_ref(&self.context.key);
        let checked = open_checkpoint(note, self.context.origin.as_str(), keys);
        checked
            .and_then(|_| SignedCheckpoint::parse(note))
            .map_err(|source| HeadsError::Foreign { path, source })
    }

    /// Lists a head whose note exists: writes its JSON, its page if that is full, and
    /// `heads/latest`.
    async fn list(&mut self, note: Bytes) -> Result<KeptHead, HeadsError> {
        let number = self.next();
        let path = at(HeadsPath::Note(number));
        let signed = self.opened(path.clone(), &note)?;
        let time = self.write_words(number, &signed).await?;
        let head = KeptHead { size: signed.checkpoint().head.size, time };
        let page = match &self.page {
            None => HeadsPage::begin(head),
            Some(page) => {
                page.followed_by(head).map_err(|source| HeadsError::Page { path, source })?
            }
        };
        let bytes = Bytes::from(page.to_string());
        if page.is_full() {
            let (objects, clock) = (&*self.context.objects, &*self.context.clock);
            write_once(objects, clock, &at(HeadsPath::Page(page.number())), &bytes).await?;
        }
        self.publish(&page, bytes).await?;
        self.page = Some(page);
        Ok(head)
    }

    /// Writes the JSON of a head, and returns when it was kept.
    async fn write_words(
        &self,
        number: HeadNumber,
        signed: &SignedCheckpoint,
    ) -> Result<IntegratedTime, HeadsError> {
        let (objects, clock) = (&*self.context.objects, &*self.context.clock);
        let before = self.page.as_ref().map(|page| page.last().time);
        let time = time_after(before, clock.date());
        let json = words::head_in_words(number, signed, time, &self.context.key).into();
        let path = at(HeadsPath::Json(number));
        match create(objects, clock, &path, &json).await? {
            Holds::Ours => Ok(time),
            Holds::Other => {
                let there = objects.get(&path).await?;
                let kept = there.and_then(|there| words::read_time(&there.bytes, number, signed));
                kept.ok_or(HeadsError::Words { path })
            }
        }
    }

    async fn publish(&mut self, page: &HeadsPage, bytes: Bytes) -> Result<(), HeadsError> {
        let judge = |there: Option<&Object>| {
            let shown = there.and_then(|there| HeadsPage::parse(&there.bytes).ok());
            let is_enough = shown.is_some_and(|shown| shown.newest() >= page.newest());
            Ok::<_, HeadsError>(if is_enough { Found::Enough } else { Found::Less })
        };
        let (objects, clock) = (&*self.context.objects, &*self.context.clock);
        match self.latest.publish(objects, clock, bytes, judge).await {
            Ok(_) => Ok(()),
            Err(NotPublished::Store(error)) => Err(error.into()),
            Err(NotPublished::Judged(error)) => Err(error),
        }
    }

    /// The last page that is full, found without `heads/latest`, which then shows it.
    async fn recover(&mut self) -> Result<Option<HeadsPage>, HeadsError> {
        let mut last = None;
        for number in 0.. {
            let path = at(HeadsPath::Page(TileIndex::new(number)));
            let Some(there) = self.context.objects.get(&path).await? else { break };
            let page = HeadsPage::parse(&there.bytes);
            last = Some(page.map_err(|source| HeadsError::Page { path, source })?);
        }
        if let Some(last) = &last {
            self.publish(last, last.to_string().into()).await?;
        }
        Ok(last)
    }

    fn show_newest(&self) {
        if let Some(page) = &self.page {
            let seconds = i64::try_from(page.last().time.get()).unwrap_or(i64::MAX);
            self.context.metrics.newest.set(seconds);
        }
    }
}

/// The time of a head that is kept now, after one of `before`: a clock that runs backwards does not
/// take the heads with it.
fn time_after(before: Option<IntegratedTime>, date: SystemTime) -> IntegratedTime {
    const FIRST: IntegratedTime = IntegratedTime::new(1).expect("it is in range");
    let seconds = date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    IntegratedTime::new(seconds).unwrap_or(FIRST).max(before.unwrap_or(FIRST))
}
