//! A store that is restored or copied: writers that can tell keep one history, every guard is
//! needed, and the cases in which no writer can tell are known.

use fasti_model::check::{exhaust, shortest};
use fasti_model::restore::{ROWS, Row};

#[test]
fn what_is_put_back_or_copied_never_forks_for_those_who_can_tell() {
    for Row { restore, breaks } in &ROWS {
        let outcome = exhaust(restore);
        println!("{restore:?}: {} states", outcome.states);
        for verdict in &outcome.verdicts {
            let is_to_be_found = !verdict.is_invariant || breaks.contains(&verdict.name);
            if verdict.is_invariant && verdict.is_found != is_to_be_found {
                println!("{:#?}", shortest(restore, verdict.name));
            }
            assert_eq!(verdict.is_found, is_to_be_found, "{restore:?}: {verdict:?}");
        }
    }
}
