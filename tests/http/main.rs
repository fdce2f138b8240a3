//! The writer's front doors, tested from outside: the real binary, real sockets, raw bytes.
//!
//! | file | what it shows |
//! |---|---|
//! | `rekor` | the contract of `POST /api/v2/log/entries` |
//! | `rekor_tiles` | what rekor-tiles asserts from end to end; the end of a log |
//! | `rekor_v1` | search and entries for clients of Rekor v1 |
//! | `refusals` | what is no entry is refused by name, and leaves no trace |
//! | `bodies` | lengths and framings of bodies |
//! | `routes` | paths and methods, also those that try to get out |
//! | `heads` | heads that are too long or ambiguous, pipelining, old and new HTTP |
//! | `reads` | types, lifetimes, ranges, codings |
//! | `index_files` | the same of an index, whose parts may be larger than memory |
//! | `limits` | slow clients and crowds |
//! | `admission` | who may write, by key, certificate and token |
//! | `rates` | how much, of everyone and of one client, also behind proxies |
//! | `grpc` | the same submissions over gRPC, health, reflection |
//! | `cors` | pages of other sites read, and submit nothing unasked |
//! | `recipe` | the same of files behind nginx, as `operations.md` has it |
//! | `tls` | HTTPS, and certificates that are renewed |
//! | `problems` | the forms of error bodies |
//! | `openapi` | the served description is true of every answer |
//! | `start`, `stop` | what is refused at the start; nothing is lost at the end |
//!
//! Below them: `writer` runs the process, `wire` and `call` are the clients, `submitter` signs,
//! `reader` verifies, `description` compares answers with the OpenAPI document.

mod admission;
mod bodies;
mod call;
mod cors;
mod description;
mod grpc;
mod heads;
mod index_files;
mod limits;
mod openapi;
mod problems;
mod rates;
mod reader;
mod reads;
mod recipe;
mod refusals;
mod rekor;
mod rekor_tiles;
mod rekor_v1;
mod routes;
mod start;
mod stop;
mod submitter;
mod tls;
mod wire;
#[allow(dead_code)] // Some is for the floods.
mod writer;
