//! Search with proof: which entries of a log have this digest, this key, this identity.
//!
//! [`fasti_read::search`] says what to fetch, and judges it; this module fetches, and reads the
//! newest bundles ahead while the index is asked.
//!
//! | module | what it is |
//! |---|---|
//! | `answer` | one search, from the question to the answer |
//! | `follow`, `position` | only what is new since the last search, a page at a time |
//! | `believe` | which of the entries found an authority vouches for |
//! | `error` | why there is no answer, with the places of what is at fault |

mod answer;
mod believe;
mod error;
mod follow;
mod position;
mod question;

pub use answer::search;
pub use believe::{Belief, VouchedBy};
pub use error::SearchError;
pub use fasti_read::search::{
    Conflict, Index, IndexRefusal, KEYS_MAX, LIMIT_DEFAULT, LIMIT_MAX, Operator, Order,
    QuestionError, SCAN_DEFAULT, Total, Wrong,
};
pub use follow::{FollowError, Follower, News};
pub use position::PositionError;
pub use question::{Answer, Match, Question, Term};

#[cfg(test)]
mod tests;
