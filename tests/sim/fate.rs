//! The fate of one request to the store: how long it takes, what is lost, what happens to the
//! writer.

use std::time::Duration;

use bytes::Bytes;
use fasti::log::record::Record;

use crate::bucket::Request;
use crate::sim::Sim;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    Plain,
    Refused,
    LostBefore,
    LostAfter,
    Late(Duration),
    Twice(Duration),
}

/// Reports whether the record is a takeover.
pub fn begins_a_term(record: &Bytes) -> bool {
    Record::decode(record).is_ok_and(|(record, _)| record.entries.is_empty())
}

/// What happens to the writer at a request.
#[derive(Clone, Copy, Debug)]
pub enum Strike {
    Crash,
    Freeze(Duration),
}

/// The path of a request, drawn when it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Fate {
    pub course: Course,
    pub travel: Duration,
    pub back: Duration,
    /// When there is no answer, the writer learns so at once.
    pub reset: bool,
    pub damage: Option<(usize, bool)>,
    pub before: Option<Strike>,
    pub after: Option<Strike>,
}

impl Fate {
    /// Draws the fate of a request. `first_of_term` marks the first record with entries of its
    /// term.
    pub fn of(sim: &Sim, request: &Request, first_of_term: bool) -> Self {
        let (rates, longest, quiet) = (&sim.mix.rates, sim.mix.longest, sim.is_quiet());
        let (fate, met) = sim.draw(|rng| {
            let (travel, back) = (rng.span(1, 30), rng.span(1, 30));
            let mut fate = Self {
                course: Course::Plain,
                travel,
                back,
                reset: rng.coin(),
                damage: None,
                before: None,
                after: None,
            };
            let mut met = Vec::new();
            if quiet {
                return (fate, met);
            }
            // Requests that decide who leads are hit more often.
            let weight = match request {
                Request::CreateRecord(_, record) if begins_a_term(record) => 60,
                Request::CreateRecord(..) if first_of_term && sim.mix.one_address => 150,
                Request::CreateRecord(..) => 4,
                _ => 1,
            };
            if rng.chance(rates.slow) {
                met.push("slow answers");
                fate.travel = rng.span(30, longest.min(200_000));
                fate.back = rng.span(30, longest.min(200_000));
            }
            if rng.chance(rates.refused) {
                met.push("definite errors");
                fate.course = Course::Refused;
            } else if rng.chance(rates.lost_before) {
                met.push("requests lost");
                fate.course = Course::LostBefore;
            } else if rng.chance(rates.lost_after) {
                met.push("answers lost");
                fate.course = Course::LostAfter;
            } else if request.writes() && rng.chance(rates.late * weight.min(4)) {
                met.push("late effects");
                fate.course = Course::Late(rng.span(20, longest));
            } else if request.writes() && rng.chance(rates.twice) {
                met.push("doubled effects");
                fate.course = Course::Twice(rng.span(1, longest));
            }
            if !request.writes() && rng.chance(rates.damaged) {
                let damage = (rng.below(1 << 24), rng.coin());
                if !sim.mix.spares_all_but_tiles || request.reads_hashes() {
                    met.push("damaged bodies");
                    fate.damage = Some(damage);
                }
            }
            for (rate, name) in [(rates.crash, "crashes"), (rates.freeze, "freezes at a step")] {
                if rng.chance((rate * weight).min(3_000)) {
                    let strike = match name {
                        "crashes" => Strike::Crash,
                        // Long enough for others to trim the records where it stopped.
                        _ if weight > 60 => Strike::Freeze(rng.span(longest / 20, longest)),
                        _ => Strike::Freeze(rng.span(5, longest)),
                    };
                    let comes_after = weight <= 60 && rng.coin();
                    let slot = if comes_after { &mut fate.after } else { &mut fate.before };
                    *slot = Some(strike);
                    met.push(name);
                }
            }
            (fate, met)
        });
        for kind in met {
            sim.count(kind);
        }
        fate
    }
}
