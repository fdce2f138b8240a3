//! What one object must hold, and who says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use fasti_client::fetch::{Fetch, LookupLog, PART_BYTES_MAX};
use fasti_client::heads::Heads;
use fasti_client::trust::{OpenedCheckpoint, Trust};
use fasti_entry::Attestation;
use fasti_heads::head_in_words;
use fasti_lookup_spec::{LatestFile, LookupPath, Manifest, read_part};
use fasti_objects::{HeadNumber, HeadsPath, Published};
use fasti_seams::causes::with_causes;
use fasti_seams::offload::offload_large;
use tiles_spec::{
    BundleCoord, EntryBundle, Hash, ResourcePath, TileCoord, TreeSize, leaf_hash, verify_inclusion,
};

use crate::revisions::Revisions;
use crate::sound::{Copy, Sound, Source, first_entries};
use crate::times::{Patched, Vouched};

/// What an object must hold, or why that cannot be known.
pub(crate) type Content = Result<Known, String>;

/// What an object must hold.
pub(crate) struct Known {
    pub(crate) bytes: Vec<u8>,
    /// Who says so.
    pub(crate) reason: String,
    /// Whether it does hold that.
    pub(crate) is_there: bool,
}

impl Known {
    fn new(bytes: Vec<u8>, reason: impl Into<String>) -> Self {
        Self { bytes, reason: reason.into(), is_there: false }
    }
}

/// A copy of the log, for what cannot be derived.
#[derive(Clone)]
pub struct Mirror {
    /// Where it is, for messages.
    pub place: String,
    /// Its objects.
    pub fetch: Arc<dyn Fetch>,
}

/// What the objects of a log must hold.
pub(crate) struct Contents {
    log: Arc<dyn Fetch>,
    from: Option<Mirror>,
    trust: Trust,
    origin: String,
    tree: Tree,
    /// The bundles whose times are damaged.
    timeless: BTreeSet<BundleCoord>,
    /// The lookup log; `None` until it is needed.
    lookup: Option<Result<Tree, String>>,
    /// The times; `None` until they are needed.
    times: Option<Result<Vouched, String>>,
}

/// The tree of the log, or of its lookup log.
struct Tree {
    sound: Sound,
    /// What the copies are, in words.
    copies: Vec<String>,
    /// What paths begin with.
    prefix: &'static str,
}

const BEYOND: &str = "it is beyond the signed tree; a writer writes it again";
const THERE: &str = "it is as it should be now";
const NOWHERE: &str = "nothing that is left hashes to what the signed root demands";
const UNVOUCHED: &str = "the tree does not commit to times, and nothing else vouches for these";
const NO_COPY: &str = "entries follow from nothing else: name a copy of the log with --from";

impl Contents {
    pub(crate) async fn open(
        log: Arc<dyn Fetch>,
        from: Option<Mirror>,
        trust: Trust,
        checkpoint: &OpenedCheckpoint,
        timeless: BTreeSet<BundleCoord>,
    ) -> Self {
        let (mut copies, mut names) = (Vec::new(), Vec::new());
        if let Some(from) = &from {
            copies.push(Copy::open(from.fetch.clone()).await);
            names.push(from.place.clone());
        }
        let sound = Sound::open(log.clone(), copies, checkpoint.head()).await;
        let tree = Tree { sound, copies: names, prefix: "" };
        let origin = checkpoint.log().origin().to_owned();
        Self { log, from, trust, origin, tree, timeless, lookup: None, times: None }
    }

    /// What an object must hold.
    pub(crate) async fn of(&mut self, object: Published) -> Content {
        match object {
            Published::Log(path) => self.tree.resource(path).await,
            Published::Lookup(LookupPath::Log(path)) => match self.lookup_log().await {
                Ok(tree) => tree.resource(path).await,
                Err(reason) => Err(reason.clone()),
            },
            Published::Lookup(path @ LookupPath::Part { .. }) => self.part(path).await,
            Published::Lookup(_) => {
                Err("it is signed, and follows from nothing else: restore the file".to_owned())
            }
            Published::Heads(HeadsPath::Json(number)) => self.head_in_words(number).await,
            Published::Heads(HeadsPath::Note(_)) => {
                Err("it is signed, and follows from nothing else: restore the file".to_owned())
            }
            Published::Heads(_) => Err("nothing else vouches for the times in it".to_owned()),
            Published::Times(bundle) => self.times_of(bundle).await,
            Published::Attestation(hash) => self.attestation(hash).await,
            Published::Description => Err("a writer writes it again".to_owned()),
        }
    }

    /// The tree of the lookup log.
    async fn lookup_log(&mut self) -> Result<&mut Tree, &String> {
        if self.lookup.is_none() {
            self.lookup = Some(self.open_lookup_log().await);
        }
        self.lookup.as_mut().expect("it was opened").as_mut().map_err(|reason| &*reason)
    }

    /// The times of a bundle, if the index vouches for them.
    async fn times_of(&mut self, bundle: BundleCoord) -> Content {
        let signed = BundleCoord::at(self.tree.size(), bundle.index).ok_or(BEYOND)?;
        if bundle.width > signed.width {
            return Err(BEYOND.to_owned());
        }
        if self.times.is_none() {
            self.times = Some(self.vouched_times().await);
        }
        let times = match self.times.as_ref().expect("they were read") {
            Ok(vouched) => vouched.of(bundle, signed).await,
            Err(reason) => Err(reason.clone()),
        };
        let times = times.map_err(|reason| format!("{UNVOUCHED}: {reason}"))?;
        Ok(Known::new(times, "it is what the newest revision of the index commits to"))
    }

    async fn vouched_times(&self) -> Result<Vouched, String> {
        if self.from.is_none() && !self.timeless.is_empty() {
            return Err("name a copy of the log with --from".to_owned());
        }
        let manifest = self.manifest().await?;
        let copy = self.from.as_ref().map(|from| from.fetch.clone());
        let times = Patched::new(self.log.clone(), copy, self.timeless.clone());
        times.vouched(&manifest, self.tree.size()).await
    }

    async fn open_lookup_log(&self) -> Result<Tree, String> {
        let lookup: Arc<dyn Fetch> = Arc::new(LookupLog(self.log.clone()));
        let read = lookup.fetch(&ResourcePath::Checkpoint).await;
        let bytes = read.map_err(|error| with_causes(&error))?;
        let bytes = bytes.ok_or("lookup/checkpoint is missing")?;
        let opened = self.trust.in_lookup_of(&self.origin).open(&bytes);
        let head = opened.map_err(|refusal| format!("lookup/checkpoint: {refusal}"))?.head();
        let revisions: Arc<dyn Fetch> = Arc::new(Revisions(self.log.clone()));
        let mut copies = vec![Copy::of(revisions, head.size)];
        let mut names = vec!["the files of the revisions".to_owned()];
        if let Some(from) = &self.from {
            copies.push(Copy::open(Arc::new(LookupLog(from.fetch.clone()))).await);
            names.push(from.place.clone());
        }
        let sound = Sound::open(lookup, copies, head).await;
        Ok(Tree { sound, copies: names, prefix: "lookup/" })
    }

    /// A part of a run, from a copy, as the newest revision commits to it.
    async fn part(&self, path: LookupPath) -> Content {
        let LookupPath::Part { range, part: number } = path else {
            return Err("it is not a part of a run".to_owned());
        };
        let from = self.from.as_ref().ok_or(
            "a run is made from all entries of its range: name a copy with --from, or rebuild the \
             index",
        )?;
        let manifest = self.manifest().await?;
        let run = manifest.runs.iter().find(|run| run.range == range);
        let mut slices = run.into_iter().flat_map(fasti_lookup_spec::Run::slices);
        let found = slices.find(|(slice, _)| slice.index() == number);
        let (slice, part) = found.ok_or("the newest revision does not have it")?;
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < part.bytes() {
            let begin = bytes.len() as u64;
            let end = part.bytes().min(begin.saturating_add(PART_BYTES_MAX));
            let read = from.fetch.fetch_part(&path, begin..end).await;
            let read = read.map_err(|error| with_causes(&error))?;
            bytes.extend(read.ok_or_else(|| format!("{} does not have it", from.place))?);
        }
        let part = part.clone();
        let judged = offload_large(move || read_part(range, slice, &part, &bytes).map(|_| bytes));
        let bytes = judged.await.map_err(|error| format!("that of {}: {error}", from.place))?;
        let reason = format!("{} has the one to which the newest revision commits", from.place);
        Ok(Known::new(bytes, reason))
    }

    /// The newest revision, as the index proves it.
    async fn manifest(&self) -> Result<Manifest, String> {
        let bytes = self.log.fetch_lookup(&LookupPath::Latest).await;
        let bytes = bytes.map_err(|error| with_causes(&error))?;
        let bytes = bytes.ok_or("lookup/latest is missing")?;
        let file = LatestFile::parse(&bytes);
        let file = file.map_err(|error| format!("lookup/latest: {}", with_causes(&error)))?;
        let signed = self.trust.in_lookup_of(&self.origin).open(&file.proof.checkpoint);
        let head = signed.map_err(|refusal| format!("lookup/latest: {refusal}"))?.head();
        let manifest = file.revision.manifest;
        let leaf = leaf_hash(&manifest.revision_entry());
        verify_inclusion(&leaf, file.proof.index, &head, &file.proof.hashes)
            .map_err(|error| format!("lookup/latest: {error}"))?;
        Ok(manifest)
    }

    /// A kept head in words, from its note and its page.
    async fn head_in_words(&self, number: HeadNumber) -> Content {
        let heads = Heads::open(self.log.clone()).await.map_err(|error| with_causes(&error))?;
        let page = heads.page(number.page()).await.map_err(|error| with_causes(&error))?;
        let head = page.heads().find(|(other, _)| *other == number).map(|(_, head)| head);
        let head = head.ok_or("its page does not list it")?;
        // Heads that were kept before there were witnesses are heads too.
        let trust = Trust { policy: None, ..self.trust.clone() };
        let note = heads.note((number, head), &trust).await;
        let note = note.map_err(|error| with_causes(&error))?;
        let log_key = &note.log().key;
        if log_key.public_key().cosigns() {
            return Err("it names the log's own key: give that one too with --vkey".to_owned());
        }
        let json = head_in_words(number, note.signed(), head.time, log_key);
        let path = HeadsPath::Note(number);
        Ok(Known::new(json, format!("it repeats {} and its page", Published::Heads(path))))
    }

    async fn attestation(&self, hash: Hash) -> Content {
        let from = self.from.as_ref().ok_or("only a copy can have it: name one with --from")?;
        let read = from.fetch.fetch_attestation(&hash).await;
        let bytes = read.map_err(|error| with_causes(&error))?;
        let bytes = bytes.ok_or_else(|| format!("{} does not have it", from.place))?;
        let found = Attestation::new(bytes);
        if found.digest() == hash {
            let reason = format!("{} has one with this hash", from.place);
            Ok(Known::new(found.into_bytes(), reason))
        } else {
            Err(format!("that of {} has another hash", from.place))
        }
    }
}

impl Tree {
    async fn resource(&mut self, path: ResourcePath) -> Content {
        match path {
            ResourcePath::Checkpoint => {
                Err("it is signed: only the log can sign another one".to_owned())
            }
            ResourcePath::Tile(tile) => self.tile(tile).await,
            ResourcePath::Bundle(bundle) => self.bundle(bundle).await,
        }
    }

    fn size(&self) -> TreeSize {
        self.sound.head().size
    }

    async fn tile(&mut self, coord: TileCoord) -> Content {
        let signed = TileCoord::at(self.size(), coord.level, coord.index).ok_or(BEYOND)?;
        if coord.width > signed.width {
            return Err(BEYOND.to_owned());
        }
        let (tile, source) = self.sound.tile(signed).await.ok_or(NOWHERE)?;
        let bytes = tile.truncate(coord.width).map_err(|error| error.to_string())?.encode();
        let prefix = self.prefix;
        let reason = match (source, coord.bundle()) {
            _ if coord != signed => format!("it is the beginning of {prefix}{signed}"),
            (Source::Stored, _) => THERE.to_owned(),
            (Source::Below, Some(bundle)) => format!("its hashes are those of {prefix}{bundle}"),
            (Source::Below, None) => "its hashes are the roots of the tiles below it".to_owned(),
            (Source::Copy(copy), _) => self.copied(copy),
        };
        let is_there = coord == signed && source == Source::Stored;
        Ok(Known { bytes, reason, is_there })
    }

    async fn bundle(&mut self, coord: BundleCoord) -> Content {
        let signed = BundleCoord::at(self.size(), coord.index).ok_or(BEYOND)?;
        if coord.width > signed.width {
            return Err(BEYOND.to_owned());
        }
        let found = self.sound.bundle(signed).await;
        let nowhere = if self.copies.is_empty() { NO_COPY } else { NOWHERE };
        let (bytes, source) = found.ok_or(nowhere)?;
        let reason = match source {
            _ if coord != signed => format!("it is the beginning of {}{signed}", self.prefix),
            Source::Stored | Source::Below => THERE.to_owned(),
            Source::Copy(copy) => self.copied(copy),
        };
        let entries =
            EntryBundle::decode(bytes, signed.width).map_err(|error| error.to_string())?;
        let bytes = first_entries(&entries, coord.width).ok_or(NOWHERE)?;
        let is_there = coord == signed && source == Source::Stored;
        Ok(Known { bytes, reason, is_there })
    }

    fn copied(&self, copy: usize) -> String {
        let name = self.copies.get(copy).map_or("a copy", String::as_str);
        format!("{name} has it, and it hashes to what the signed root demands")
    }
}
