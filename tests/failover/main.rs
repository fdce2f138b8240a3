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

mod bucket;
mod chaos;
mod fleet;

#[path = "../crash/http.rs"]
mod http;
#[path = "../disk/oracle.rs"]
mod oracle;
#[path = "../crash/rekor.rs"]
mod rekor;
#[path = "../crash/scene.rs"]
mod scene;
#[path = "../disk/seeded.rs"]
mod seeded;
#[path = "../crash/writer.rs"]
mod writer;
