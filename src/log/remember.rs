//! Remember: a tree is written to the log's memory before anyone sees it.
//!
//! What the memory already holds must be what this process wrote last, or a tree that the new one
//! extends. If the memory holds anything else, the writer proves it from the tiles in the store; if
//! that is not possible, nothing is signed (I18). See [`SignedMemory`] for the rule of the file.

use std::time::Duration;

use bytes::Bytes;
use fasti_grow::tree;
use fasti_seams::clock::Clock;
use fasti_seams::offload::offload;
use fasti_seams::planted::{Bug, planted};
use fasti_signer::{NewHead, Remembered, SignedMemory, SignedMemoryError, Signer};
use fasti_store::Store;
use tiles_spec::TreeHead;

use crate::sighting::SeenBy;

/// A lock that another process holds is tried again after this time.
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// How often the lock is tried. It is held for microseconds, unless its holder was stopped just
/// then.
const LOCK_TRIES: u32 = 100;
/// How often other writers that share the memory can be faster.
const PROOFS_MAX: u32 = 8;

/// Remembers the tree `head` of this signed checkpoint. Its tiles are in the store.
pub(super) async fn remember(
    memory: &SignedMemory,
    signer: &dyn Signer,
    objects: &dyn Store,
    clock: &dyn Clock,
    (head, checkpoint): (TreeHead, &Bytes),
) -> Result<(), SignedMemoryError> {
    let (origin, key) = (signer.origin().as_str(), &signer.verifier_key());
    let new = NewHead { checkpoint, head, origin, key };
    let (mut proved, mut proofs, mut tries) = (None, 0, 0);
    loop {
        // This takes microseconds, less than handing it to another thread.
        match memory.remember(new, proved)? {
            Remembered::Now => return Ok(()),
            Remembered::Locked if tries == LOCK_TRIES => return Err(memory.locked()),
            Remembered::Locked => {
                tries += 1;
                clock.sleep(LOCK_PAUSE).await;
            }
            Remembered::Unproved(held) if proofs == PROOFS_MAX => {
                return Err(memory.unproved(held, head));
            }
            Remembered::Unproved(held) => {
                proofs += 1;
                match tree::heads_before(objects, &[held.size], head).await {
                    Ok(heads) if heads == [held] => proved = Some(held),
                    Ok(_) => return Err(memory.forked(held, head)),
                    Err(error) => {
                        tracing::warn!(%error, "cannot compare the memory with the log's tiles");
                        return Err(memory.unproved(held, head));
                    }
                }
            }
        }
    }
}

/// What is remembered of the log, and in which files.
pub(super) async fn remembered(
    memory: &SignedMemory,
    signer: &dyn Signer,
    clock: &dyn Clock,
) -> Result<Vec<(SeenBy, TreeHead)>, SignedMemoryError> {
    if planted(Bug::MemoryIgnored) {
        return Ok(Vec::new());
    }
    let mut tries = 0;
    loop {
        let (memory, origin) = (memory.clone(), signer.origin().to_string());
        let key = signer.verifier_key();
        let read = offload(move || {
            let all = memory.all(&origin, &key)?;
            Ok(all.into_iter().map(|(path, head)| (SeenBy::memory(path), head)).collect())
        });
        match read.await {
            Err(SignedMemoryError::Locked { .. }) if tries < LOCK_TRIES => {
                tries += 1;
                clock.sleep(LOCK_PAUSE).await;
            }
            read => return read,
        }
    }
}
