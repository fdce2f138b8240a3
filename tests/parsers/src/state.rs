//! The state of a monitor (`fasti_monitor::state`).

use fasti::monitor::left_out::LeftOut;
use fasti::monitor::state::{STATE_BYTES_MAX, State};
use tiles_spec::Frontier;

use crate::{Seeds, signed};

/// See the crate. One state has one file.
pub fn check(data: &[u8]) {
    let Ok(state) = State::parse(data) else { return };
    assert!(data.len() <= STATE_BYTES_MAX);
    assert_eq!(state.to_bytes(), data);
    assert_eq!(state.checked.nodes().len(), state.checked.size().get().count_ones() as usize);
}

/// Each is read.
pub fn seeds() -> Seeds {
    let mut checked = Frontier::new();
    for leaf in signed::leaves(7) {
        checked.push(leaf).expect("it is small");
    }
    let left_out = LeftOut { count: 12, ranges: vec![(0, 3), (9, 90)] };
    let shown = signed::head(300).size;
    let state = State { checked, shown, grown: 1_800_000_000, time: 1_799_999_999, left_out };
    vec![("some", state.to_bytes()), ("none", State::default().to_bytes())]
}
