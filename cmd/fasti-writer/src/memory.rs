//! The writer's memory outside of the store of what it has signed, and the warnings without one.

use std::path::Path;

use anyhow::bail;
use fasti::causes::with_causes;
use fasti::signer::{OpenedKey, SignedMemory, Signer};
use fasti::state::StateDir;
use fasti_flags::NoState;
use tiles_spec::TreeSize;

/// Opens the memory of the log with this key, in a bucket or in the directory `root`. Warns, at
/// each start, if a restored store could go unnoticed.
pub fn open(
    key: &OpenedKey,
    state: Result<StateDir, NoState>,
    root: Option<&Path>,
) -> Option<SignedMemory> {
    let (memory, missing) = fasti_flags::memory(key, state);
    match (&memory, missing) {
        (Some(memory), _) if root.is_some_and(|root| lies_in(memory.path(), root)) => {
            tracing::warn!(
                memory = %memory.path().display(),
                "what this log has signed is remembered inside its own directory, so a copy of the \
                 directory includes it, and some restored copies cannot be told from the newest \
                 state. Name a directory outside with --state-dir"
            );
        }
        (Some(memory), Some(_)) => {
            tracing::info!(
                memory = %memory.path().display(),
                "there is no state directory; what this log has signed is remembered beside its key"
            );
        }
        (None, Some(missing)) => {
            tracing::warn!(
                error = with_causes(&missing),
                "nothing outside of the store remembers what this log has signed: a store that is \
                 rolled back to an older state may go unnoticed"
            );
        }
        (_, None) => {}
    }
    memory
}

/// Refuses a `--restored-at` with nothing to accept. The flag disables a check for a restored
/// store; left in a unit file, it would disable it forever.
pub fn refuse_needless(
    size: TreeSize,
    was_copied: bool,
    memory: Option<&SignedMemory>,
    signer: &dyn Signer,
) -> anyhow::Result<()> {
    let Some(memory) = memory.filter(|_| !was_copied) else { return Ok(()) };
    match memory.newest(signer.origin().as_str(), &signer.verifier_key())? {
        Some(head) if head.size >= size => bail!(
            "--restored-at {size} has nothing to accept here: the store is not a copy, and {} says \
             that the log was signed at size {}. Remove the flag",
            memory.path().display(),
            head.size
        ),
        _ => Ok(()),
    }
}

fn lies_in(path: &Path, root: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    let dir = path.parent().and_then(whole);
    dir.zip(whole(root)).is_some_and(|(dir, root)| dir.starts_with(root))
}
