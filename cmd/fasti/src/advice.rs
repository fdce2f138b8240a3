//! What to do about an error whose own message does not say.

use std::error::Error;

use fasti::audit::lookup::IndexAuditError;
use fasti::client::fetch::FetchError;
use fasti::client::monitor::MonitorError;
use fasti::client::reader::ReadError;
use fasti::client::rekor_v1::RekorV1Error;
use fasti::client::search::{FollowError, IndexRefusal, SearchError};
use fasti::client::submit::SubmitError;
use fasti::client::trust::CheckpointRefusal;
use fasti::signer::KeyFileError;
use fasti::store::probe::ProbeError;
use fasti::store::{BucketError, OpenStoreError};
use fasti::verify::Refusal;
use tiles_spec::{CheckpointError, NoteError, ProofError};

const REACH: &str = "check --log (or FASTI_LOG), and that the log is being served there";
const SLOW: &str = "try again later, or read the log from another place with --log";
const REDIRECT: &str = "give the URL to which it redirects with --log, or allow redirects to public \
                        places with --follow-redirects";
const PLACE: &str = "--log must be the URL or directory that contains the file `checkpoint`";
const BUCKET: &str =
    "check the bucket's name, the credentials in the environment, and the --store- options";
const KEY: &str = "--vkey (or FASTI_VKEY) must be the log's verifier key; its origin is part of it";
const RESTORE: &str = "the log's files are damaged or incomplete: `fasti fsck` lists them, so that \
                       the operator can restore them";
const SIZE: &str = "`fasti loginfo` prints how many entries the log has";
const INDEX: &str = "the index is damaged or incomplete: its operator can restore its files, or \
                     rebuild it with `fasti index`";
const NO_INDEX: &str =
    "raise --scan-max to search all leaves one by one, or ask the log's operator for an index";
const INDEX_KEY: &str =
    "if the index is built by someone else, give their verifier key with --lookup-key";
const SCRATCH: &str = "with --scratch, name a writable directory with enough free space";
const TIME: &str = "sign with a timestamp, and give its authority in --trusted-root FILE or with \
                    --tsa-roots FILE; or accept it with --allow-untimed-certificate";
const CERTIFICATE_LOG: &str = "if its authority's certificates are in no certificate log, accept \
                               it with --allow-unlogged-certificate";
const ANOTHER_KEY: &str = "give the public key that matches the signature";

/// Advice on the innermost error for which there is any.
pub fn on(error: &anyhow::Error) -> Option<&'static str> {
    // An index is signed with another key than the one its causes give advice on.
    let of_index = error.chain().find_map(on_index);
    of_index.or_else(|| error.chain().filter_map(on_one).last())
}

fn on_one(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<ReadError>() {
        return on_read(error);
    }
    if let Some(error) = error.downcast_ref::<MonitorError>() {
        return on_monitor(error);
    }
    if let Some(error) = error.downcast_ref::<SearchError>() {
        return on_search(error);
    }
    match error.downcast_ref::<FollowError>() {
        Some(FollowError::Search(error)) => return on_search(error),
        Some(FollowError::Monitor(error)) => return on_monitor(error),
        _ => {}
    }
    if let Some(error) = error.downcast_ref::<CheckpointRefusal>() {
        return on_checkpoint(error);
    }
    if let Some(error) = error.downcast_ref::<FetchError>() {
        return Some(on_fetch(error));
    }
    if let Some(IndexAuditError::Scratch { .. }) = error.downcast_ref() {
        return Some(SCRATCH);
    }
    if let Some(ProbeError::Store(_)) = error.downcast_ref() {
        return Some(BUCKET);
    }
    if let Some(OpenStoreError::Bucket(BucketError::Connect { .. })) = error.downcast_ref() {
        return Some(BUCKET);
    }
    match error.downcast_ref::<SubmitError>() {
        Some(SubmitError::Fetch(error)) => return Some(on_fetch(error)),
        Some(SubmitError::Answer { .. }) => return Some(REACH),
        _ => {}
    }
    if let Some(RekorV1Error::Fetch(error)) = error.downcast_ref() {
        return Some(on_fetch(error));
    }
    match error.downcast_ref::<Refusal>() {
        Some(Refusal::NoPublicKey) => return Some("give it with --public-key FILE"),
        Some(Refusal::OtherKey) => return Some(ANOTHER_KEY),
        Some(Refusal::NoArtifact) => return Some("give it with --artifact FILE"),
        Some(Refusal::NoEntry) => return Some("use --signature FILE and --public-key FILE"),
        Some(Refusal::NoAuthorities) => return Some("give --trusted-root FILE or --ca-roots FILE"),
        Some(Refusal::NoTrustedTime { .. }) => return Some(TIME),
        Some(Refusal::NotLoggedCertificate(_)) => return Some(CERTIFICATE_LOG),
        _ => {}
    }
    match error.downcast_ref::<KeyFileError>() {
        Some(KeyFileError::Io { .. }) => {
            Some("choose a file that does not exist yet, in an existing directory")
        }
        _ => None,
    }
}

fn on_monitor(error: &MonitorError) -> Option<&'static str> {
    match error {
        MonitorError::Read(error) => on_read(error),
        _ => None,
    }
}

fn on_index(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let search = error.downcast_ref::<SearchError>().or(match error.downcast_ref() {
        Some(FollowError::Search(error)) => Some(error),
        _ => None,
    });
    let SearchError::Index { source, .. } = search? else { return None };
    matches!(**source, IndexRefusal::Checkpoint(_)).then_some(INDEX_KEY)
}

fn on_search(error: &SearchError) -> Option<&'static str> {
    match error {
        SearchError::Read(error) => on_read(error),
        SearchError::NoIndex { .. } => Some(NO_INDEX),
        SearchError::Part { .. } | SearchError::PartMissing { .. } => Some(INDEX),
        _ => None,
    }
}

fn on_read(error: &ReadError) -> Option<&'static str> {
    match error {
        ReadError::Fetch(error) => Some(on_fetch(error)),
        ReadError::NoLog { .. } => Some(PLACE),
        ReadError::Missing { .. } | ReadError::Damaged { .. } => Some(RESTORE),
        ReadError::Proof(ProofError::NotInTree { .. } | ProofError::Shrunk { .. }) => Some(SIZE),
        ReadError::Checkpoint(refusal) => on_checkpoint(refusal),
        _ => None,
    }
}

fn on_fetch(error: &FetchError) -> &'static str {
    match error {
        FetchError::Location { .. } | FetchError::Io { .. } => PLACE,
        _ if error.is_damage() => RESTORE,
        FetchError::TooSlow { .. } => SLOW,
        FetchError::Request { source, .. } if source.is_redirect() => REDIRECT,
        FetchError::Bucket { .. } | FetchError::Store { .. } => BUCKET,
        _ => REACH,
    }
}

fn on_checkpoint(refusal: &CheckpointRefusal) -> Option<&'static str> {
    match refusal {
        CheckpointRefusal::UnknownLog { .. }
        | CheckpointRefusal::OtherKey { .. }
        | CheckpointRefusal::OtherOrigin { .. }
        | CheckpointRefusal::Checkpoint(CheckpointError::Note(NoteError::NoKnownSignature)) => {
            Some(KEY)
        }
        _ => None,
    }
}
