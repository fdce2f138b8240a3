//! The commit protocol of several writers, model-checked.
//!
//! Any number of writers share one store, which is their only lock. What each of them may do next,
//! and what the store may make of it, is written down here as a state machine, and every state that
//! it can come to within small bounds is visited and judged. `cargo run --release -p fasti-model`
//! does so within the wide bounds of [`guards::WIDE`] and says what it found; the tests do so within
//! narrower ones, and take away each guard of the protocol to see which invariant breaks.
//!
//! # What is modelled
//! - **The store** ([`store`]): numbered record slots that are written create-only, `checkpoint`
//!   that is replaced conditionally, a tile path for each size. Every create, replace and removal
//!   that was ever sent may land late, again, or never, whatever has become of its sender: after an
//!   ambiguous answer, after a crash, after the sender was fenced, in a slot that was trimmed.
//! - **Writers** ([`writer`], [`recover`], [`lead`]): step machines that follow the protocol. Nothing
//!   is timed: a writer may stand still between any two steps for as long as it likes, and may crash
//!   at any step, as often as it likes, to start anew with empty memory. Hint and listing may be of
//!   any age: every slot that holds a record is a candidate, and so is "there is none".
//! - **Records** ([`record`]): each holds one entry, unlike every other, or takes over. The root at
//!   size n is the chain of n entries. Equal entries are the guard [`without::Without::Root`].
//! - **History** ([`history`]): the chain, which is the first record ever to land in each slot; every
//!   head signed; everything acknowledged.
//!
//! # What is judged
//! The invariants of `src/docs/safety.md` by their numbers ([`properties`]), in every state:
//! - *one record per number*: the first record that lands in slot k names the first that landed in
//!   slot k - 1, and all that a leader takes for committed is that chain;
//! - *whatever lies beside the chain holds no entry*: a slot that was trimmed can take a late record,
//!   but only one that took over. So a recovery that reads a record again by its number finds the
//!   chain's, none, or one that adds nothing and that the next one does not follow;
//! - *I1* over all heads ever signed, *I2* over all that `checkpoint` has shown, *I3*, *I4*;
//! - *I5* when a tile is sent: its record is in the chain, its path was never sent other content;
//! - *I7*: a leader that has lost its slot does not know it yet. Whatever it still signs, sends or
//!   acknowledges is a tree that the chain comes by, at the time it does so. Once it knows, it does
//!   nothing but answer from the shown checkpoint, by inclusion;
//! - *I8*: whoever lists the records now and nothing interferes can go on: every record from the
//!   newest back to the checkpoint lies in its slot, and they meet.
//!
//! What must be *reached*, so that this means something: both writers publish and lead at once, a
//! takeover finds an unfinished record, a fenced leader has a trimmed slot above it, a takeover
//! record lands in a slot that was trimmed, and the last slot is published.
//!
//! # Where the model is simpler than the code, and why that loses nothing
//! - *The walk back in Replay takes no steps.* It can only stop short where records are gone, and
//!   what is accepted after a short walk is accepted after a full one.
//! - *"Exists" and the read of what is there are one step*, and so are a conflict and its read. A
//!   slot that was emptied between the two ends the writer, which a crash does too; `checkpoint`
//!   never comes back to an old value.
//! - *Signing and sending are one step*, for what was sent need never land; so are hearing of the
//!   publication and acknowledging, for an early promise is the harder one to keep.
//! - *A version is the content*, as an `ETag` is. Generations let fewer replaces land.
//! - *A tile lands when it is sent.* Its content was judged then, and only I3 asks for its presence.
//! - *What is shown counts as signed and acknowledged*, with every size below it.
//! - Records that no one remembers and whose slot is taken for good are forgotten, and the names of
//!   records and writers do not count ([`state`]). States are told apart by a 64-bit hash, as
//!   stateright does: with ten million states two are confused with a chance of about one in
//!   300,000.
//!
//! Stores that are put back to an older state or copied, and what a writer knows of them, are a model
//! of their own, in [`restore`].
//!
//! Not modelled: followers, who decide nothing; deduplication; the removal of partial tiles; stores
//! that break their contract.
//!
//! # What was found
//! The protocol keeps every invariant within these bounds. [`guards::GUARDS`] is the table of what
//! breaks without each guard. Two of them are a second line: with the second read of `checkpoint` in
//! place, no schedule breaks anything if Replay reads `checkpoint` first, nor if trimming takes
//! records of the published size too, nor both. That read says that nothing was published between
//! Replay and the takeover, and a slot is only ever emptied after a publication beyond the tree that
//! the taker knows. And "not the newest" follows from "strictly below". They stay: each costs
//! nothing, and "strictly below" and "not the newest" cover for each other (I8).
//!
//! One thing is easily missed: a leader that gives up on a record may not send another one of that
//! number, not even after it has seen the slot empty. The record may land yet, be finished by the
//! next leader and be trimmed, for it is no first record, and then the slot is free for the other
//! ([`without::Without::Repetition`]). Nothing may outlive a commit that did not end but a recovery
//! from nothing (I9).

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
