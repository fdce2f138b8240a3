//! What must hold in every state, and what must be reached for the check to mean anything.

use stateright::Property;

use crate::history::Broken;
use crate::protocol::Protocol;
use crate::state::State;
use crate::writer::{Leader, Writer};

/// Exactly one record for each number, in a chain; every leader's newest record is on it.
pub const CHAIN: &str = "one record per number, in one chain";
/// Contents of the slots.
pub const STRAY: &str = "records off the chain hold no entry";
/// One root per size.
pub const I1: &str = "I1 one root per size was ever signed";
/// Forward only.
pub const I2: &str = "I2 the published tree never shrinks and only grows";
/// Durable before visible.
pub const I3: &str = "I3 the tiles of the published tree are written";
/// Acknowledged means included.
pub const I4: &str = "I4 every acknowledged entry stays published at its index";
/// Tiles follow records.
pub const I5: &str = "I5 no tile before its record, and one content per path";
/// Fenced writers.
pub const I7: &str = "I7 nothing off the chain is signed, published or acknowledged";
/// Recovery.
pub const I8: &str = "I8 the records that recovery needs exist";

/// All of them.
pub fn properties() -> Vec<Property<Protocol>> {
    vec![
        Property::always(CHAIN, |_, state: &State| {
            !state.history.is_broken(Broken::Chain) && leaders(state).all(|l| stands(state, l))
        }),
        Property::always(STRAY, |_, state: &State| {
            let slots = state.store.slots.iter().zip(state.history.chain);
            slots.into_iter().all(|(&id, chain)| id == chain || !state.records.get(id).has_entry)
        }),
        Property::always(I1, |_, state: &State| !state.history.is_broken(Broken::Root)),
        Property::always(I2, |_, state: &State| !state.history.is_broken(Broken::Extension)),
        Property::always(I3, |_, state: &State| has_tiles(state)),
        Property::always(I4, |_, state: &State| keeps_promises(state)),
        Property::always(I5, |_, state: &State| !state.history.is_broken(Broken::Tile)),
        Property::always(I7, |_, state: &State| !state.history.is_broken(Broken::Fencing)),
        Property::always(I8, |_, state: &State| can_recover(state)),
        Property::sometimes("both writers have published and lead", |_, state: &State| {
            leaders(state).filter(|&leader| has_published(state, leader)).count() > 1
        }),
        Property::sometimes("a takeover finds an unfinished record", |_, state: &State| {
            leaders(state).any(|l| l.version.size < found(state, l))
        }),
        Property::sometimes(
            "a leader is fenced and a record above it was removed",
            |_, state: &State| {
                leaders(state).any(|l| is_fenced(state, l) && has_gap_above(state, l))
            },
        ),
        Property::sometimes(
            "a takeover record lands where another was removed",
            |_, state: &State| state.writers.iter().any(|&writer| landed_in_gap(state, writer)),
        ),
        Property::sometimes(
            "every slot is filled and its tree is shown",
            |protocol: &Protocol, state: &State| {
                let newest = state.history.newest();
                state.records.get(newest).number == protocol.bounds.slots
                    && state.store.shown == Some(state.records.head(newest))
            },
        ),
    ]
}

fn leaders(state: &State) -> impl Iterator<Item = Leader> + '_ {
    state.writers.iter().filter_map(|writer| match writer {
        Writer::Leading(leader) => Some(*leader),
        _ => None,
    })
}

fn stands(state: &State, leader: Leader) -> bool {
    state.history.chain[usize::from(state.records.get(leader.tip).number)] == leader.tip
}

fn has_tiles(state: &State) -> bool {
    let Some(shown) = state.store.shown else { return true };
    (1..=shown.size).all(|size| {
        let entry = state.records.entry_at(shown.root, size);
        entry == Some(state.store.tiles[usize::from(size)])
    })
}

fn keeps_promises(state: &State) -> bool {
    let shown = state.store.shown.unwrap_or_default();
    let is_kept = |size: usize| {
        let promised = state.history.acknowledged[size];
        let size = u8::try_from(size).expect("sizes are small");
        let entry = state.records.entry_at(shown.root, size);
        promised.is_none() || shown.size >= size && entry == Some(promised)
    };
    !state.history.is_broken(Broken::Acknowledgement)
        && (1..state.history.acknowledged.len()).all(is_kept)
}

/// Whether a writer that now lists the records, walks back from the newest over the existing ones,
/// and then reads `checkpoint`, finds that they meet.
fn can_recover(state: &State) -> bool {
    let State { records, store, .. } = state;
    let shown = store.shown.unwrap_or_default();
    let newest = store.slots.iter().rev().copied().find(|id| !id.is_none()).unwrap_or_default();
    let needed = records.back_from(newest).take_while(|&id| records.get(id).size > shown.size);
    records.comes_by(newest, shown)
        && needed.into_iter().all(|id| store.slot(records.get(id).number) == id)
}

/// The size of the tree at the start of the leader's term.
fn found(state: &State, leader: Leader) -> u8 {
    state.records.get(state.records.takeover_of(leader.tip)).size
}

fn has_published(state: &State, leader: Leader) -> bool {
    leader.version.size > found(state, leader)
}

/// Whether the number after the leader's newest record is another writer's.
fn is_fenced(state: &State, leader: Leader) -> bool {
    let next = usize::from(state.records.get(leader.tip).number) + 1;
    let there = state.history.chain.get(next).copied().unwrap_or_default();
    !there.is_none() && there != leader.sent
}

fn has_gap_above(state: &State, leader: Leader) -> bool {
    let next = usize::from(state.records.get(leader.tip).number) + 1;
    (next..state.store.slots.len())
        .any(|k| state.store.slots[k].is_none() && !state.history.chain[k].is_none())
}

fn landed_in_gap(state: &State, writer: Writer) -> bool {
    let (Writer::TakingOver(id, _) | Writer::TookOver(id, _)) = writer else { return false };
    let number = state.records.get(id).number;
    state.store.slot(number) == id && state.history.chain[usize::from(number)] != id
}
