//! Several real writers of one log in one bucket: killed, stopped and continued, restarted in turn,
//! behind a bad connection, or cut off from the store; what they write, and what they refuse.
//!
//! The bucket is an S3 server in this process. What the writers leave in it is read back over HTTP
//! and derived again by the oracle of the kit.
//!
//! | module | what it is |
//! |---|---|
//! | `bucket` | the server, the key, the flags of a writer |
//! | `fleet` | three writers, and what happens to them |
//! | `chaos` | everything that can happen to processes, at random, under load |
//! | `https` | writers that reach each other over TLS |
//! | `rolling` | a restart of one after another, unnoticed by clients |
//! | `weather` | a bad connection to the store |
//! | `partition` | a leader cut off from the store, or from its peers |
//! | `freezing` | a log is frozen while three busy writers run |
//! | `dated` | every writer tells clients of Rekor v1 the same times |
//! | `admitted` | what followers have admitted is not checked again |
//! | `budget` | how many requests a batch, an idle log and a start cost |
//! | `figures` | performance figures, on request |
//! | `months` | what a log takes of a bucket in a month, on request |
//! | `strangers` | clients that pose as a writer of the log |
//! | `traced` | a trace goes on at the leader |
//! | `contended` | a store that refuses a write while another of the same name is in progress |
//! | `rolled_back` | buckets restored from older copies, or of another log |

mod admitted;
mod bucket;
mod budget;
mod chaos;
mod contended;
mod dated;
mod figures;
mod fleet;
mod freezing;
mod https;
mod months;
mod partition;
mod rolled_back;
mod rolling;
mod strangers;
mod traced;
mod weather;

#[path = "../crash/scene.rs"]
mod scene;
#[path = "../crash/writer.rs"]
#[allow(dead_code)]
mod writer;
