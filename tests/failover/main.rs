//! Several real writers of one log in one bucket: killed, stopped and continued, restarted in turn,
//! behind a bad line, cut off from the store; what they write, and what they refuse.
//!
//! The bucket is an S3 server in this process. What the writers leave in it is read back over HTTP
//! and derived again by the oracle of the disk tests.
//!
//! | module | what it is |
//! |---|---|
//! | `bucket` | the server, the key, how a writer is told of them |
//! | `fleet` | three writers, what befalls them |
//! | `chaos` | everything that befalls processes, at random, under load |
//! | `https` | writers that reach each other over TLS |
//! | `rolling` | a restart of one after the other, which clients do not notice |
//! | `weather` | a bad line to the store |
//! | `partition` | a leader that is cut off from the store, or from its peers |
//! | `freezing` | the end of a log while three busy writers run |
//! | `admitted` | what followers have admitted is not asked about again |
//! | `budget` | how many requests a batch, an idle log and a start cost |
//! | `figures` | figures for people, on demand |
//! | `strangers` | who speaks like a writer of the log and is none |
//! | `contended` | a store that refuses a write while another one of the name is under way |
//! | `rolled_back` | buckets that were restored from older copies, or are not the log's |

mod admitted;
mod bucket;
mod budget;
mod chaos;
mod contended;
mod figures;
mod fleet;
mod freezing;
mod https;
mod partition;
mod rolled_back;
mod rolling;
mod strangers;
mod weather;

#[path = "../crash/http.rs"]
mod http;
#[path = "../disk/oracle.rs"]
mod oracle;
#[path = "../crash/rekor.rs"]
mod rekor;
#[path = "../crash/scene.rs"]
mod scene;
#[path = "../disk/seeded.rs"]
#[allow(dead_code)] // Not all of it is needed here.
mod seeded;
#[path = "../crash/writer.rs"]
#[allow(dead_code)]
mod writer;
