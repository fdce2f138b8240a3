//! The witness, tested from outside: the real program, real sockets, real files.
//!
//! | file | what it tests |
//! |---|---|
//! | `statuses` | every status of the specification, in its order |
//! | `keys` | cosignatures of both kinds; which keys are accepted |
//! | `subtrees` | parts of trees |
//! | `races` | of many requests at once, one wins |
//! | `restarts` | what was cosigned is known after a restart, and after kills at any time |
//! | `mirroring` | a mirror: its answers, and real clients that push a real log |
//! | `lists` | lists of logs, and what changes in them while the witness runs |
//! | `limits` | bodies without end, too many requests, methods and paths |
//! | `with_writer` | a real writer with real witnesses, and what readers say of it |
//!
//! `home` runs the process, `made` is a log that asks it, and `slow_way` makes it seem far away.

mod home;
mod keys;
mod limits;
mod lists;
mod made;
mod mirroring;
mod races;
mod restarts;
mod slow_way;
mod statuses;
mod subtrees;
mod with_writer;
