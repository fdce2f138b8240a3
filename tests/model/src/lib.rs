//! The commit protocol of several writers, model-checked.
//!
//! Any number of writers share one store, which is their only lock. What each of them can do next,
//! and what the store can make of it, is written here as a state machine. Every state that it can
//! reach within small bounds is visited and checked. `cargo run --release -p fasti-model` does so
//! within the wide bounds of [`guards::WIDE`] and prints the results. The tests use narrower
//! bounds, and remove each guard of the protocol to see which invariant breaks.
//!
//! # What is modelled
//! - **The store** ([`store`]): numbered record slots that are written create-only, a `checkpoint`
//!   that is replaced conditionally, and a tile path for each size. Every create, replace and
//!   removal that was ever sent can land late, again, or never, whatever has become of its sender:
//!   after an ambiguous answer, after a crash, after the sender was fenced, in a slot that was
//!   trimmed.
//! - **Writers** ([`writer`], [`recover`], [`lead`]): step machines that follow the protocol. There
//!   is no time: a writer can pause between any two steps for as long as it likes. It can crash at
//!   any step, as often as it likes, and restart with empty memory. Hint and listing can be of any
//!   age: they can name any slot that holds a record, or say that the log is empty.
//! - **Records** ([`record`]): each holds one entry, different from all others, or takes over. The
//!   root at size n is the chain of n entries. Equal entries are the guard
//!   [`without::Without::Root`].
//! - **History** ([`history`]): the chain, which is the first record ever to land in each slot;
//!   every head signed; everything acknowledged.
//!
//! # What is checked
//! The invariants of `src/docs/safety.md` by their numbers ([`properties`]), in every state:
//! - *one record per number*: the first record that lands in slot k names the first that landed in
//!   slot k - 1, and everything that a leader takes for committed is that chain;
//! - *records off the chain hold no entry*: a slot that was trimmed can accept a late record, but
//!   only a takeover record. So a recovery that reads a record again by its number finds the
//!   chain's record, none, or one that adds nothing and that the next record does not follow;
//! - *I1* over all heads ever signed, *I2* over all that `checkpoint` has published, *I3*, *I4*;
//! - *I5* when a tile is sent: its record is in the chain, and its path was never sent other
//!   content;
//! - *I7*: a leader that has lost its slot may not know it yet. Whatever it still signs, sends or
//!   acknowledges is a prefix of the chain at the time it does so. Once it knows, it only answers
//!   from the published checkpoint, by inclusion;
//! - *I8*: a writer that lists the records now, without interference, can continue: every record
//!   from the newest back to the checkpoint is in its slot, and they meet.
//!
//! What must be *reached* for the check to mean anything: both writers publish and lead at once, a
//! takeover finds an unfinished record, a fenced leader has a trimmed slot above it, a takeover
//! record lands in a slot that was trimmed, and the last slot is published.
//!
//! # Where the model is simpler than the code, and why that loses nothing
//! - *The walk back in Replay takes no steps.* It can only stop short where records are gone, and
//!   what is accepted after a short walk is also accepted after a full one.
//! - *"Exists" and the read of the existing record are one step*, and so are a conflict and its
//!   read. A slot that was emptied between the two stops the writer, as a crash does; `checkpoint`
//!   never returns to an old value.
//! - *Signing and sending are one step*, because what was sent need never land. Learning of the
//!   publication and acknowledging are one step too, because an early promise is harder to keep.
//! - *A version is the content*, as an `ETag` is. Generations let fewer replaces land.
//! - *A tile lands when it is sent.* Its content is checked at that time, and only I3 asks for its
//!   presence.
//! - *What is published counts as signed and acknowledged*, with every smaller size.
//! - Records that no one remembers and whose slot is taken for good are forgotten, and the names of
//!   records and writers do not count ([`state`]). States are identified by a 64-bit hash, as
//!   stateright does: with ten million states the chance that two are confused is about one in
//!   300,000.
//!
//! Stores that are restored to an older state or copied, and what a writer knows about them, are a
//! separate model in [`restore`].
//!
//! Not modelled: followers, which decide nothing; deduplication; the removal of partial tiles;
//! stores that break their contract.
//!
//! # What was found
//! The protocol keeps every invariant within these bounds. [`guards::GUARDS`] is the table of what
//! breaks without each guard. Two of the guards are a second line of defence. With the second read
//! of `checkpoint` in place, no schedule breaks anything if Replay reads `checkpoint` first, or if
//! trimming also takes records of the published size, or both. That read shows that nothing was
//! published between Replay and the takeover, and a slot is only emptied after a publication beyond
//! the tree that the new leader knows. And "not the newest" follows from "strictly below". The
//! guards stay: each costs nothing, and "strictly below" and "not the newest" cover for each other
//! (I8).
//!
//! One thing is easily missed: a leader that gives up on a record must not send another one of that
//! number, not even after it has seen the slot empty. The first record can still land, be finished
//! by the next leader and be trimmed, because it is not a first record of a term. Then the slot is
//! free for the other one ([`without::Without::Repetition`]). After a commit with an unknown
//! outcome, only a recovery from scratch may follow (I9).

pub mod check;
pub mod guards;
pub mod history;
pub mod lead;
pub mod properties;
pub mod protocol;
pub mod record;
pub mod recover;
pub mod restore;
pub mod state;
pub mod steps;
pub mod store;
pub mod without;
pub mod writer;
