//! The writer's front doors, tested from outside: the real binary, real sockets, raw bytes.
//!
//! | file | what it tests |
//! |---|---|
//! | `rekor` | the contract of `POST /api/v2/log/entries` |
//! | `rekor_tiles` | the end-to-end tests of rekor-tiles; the end of a log |
//! | `rekor_v1` | search and entries for clients of Rekor v1 |
//! | `refusals` | invalid entries are refused with a reason, and leave no trace |
//! | `bodies` | lengths and framings of bodies |
//! | `routes` | paths and methods, including attempts to leave the store |
//! | `heads` | heads that are too long or ambiguous, pipelining, old and new HTTP |
//! | `reads` | types, lifetimes, ranges, codings |
//! | `index_files` | the same for an index, whose parts can be larger than memory |
//! | `limits` | slow clients and crowds |
//! | `admission` | who may write, by key, certificate and token |
//! | `rates` | rate limits, for all clients and for one, including behind proxies |
//! | `grpc` | the same submissions over gRPC, health, reflection |
//! | `cors` | pages of other sites can read, and submit only with permission |
//! | `recipe` | the same for files behind nginx, by the recipe in `starting.md` |
//! | `tls` | HTTPS, and renewed certificates |
//! | `problems` | the forms of error bodies |
//! | `openapi` | the served description matches every answer |
//! | `logs` | IDs of requests, in answers and messages; messages as JSON |
//! | `traces` | traces of requests, and collectors that are not there |
//! | `config` | the configuration file |
//! | `supervised` | what a supervisor hears, and what is read again on SIGHUP |
//! | `start`, `stop` | what a start refuses; nothing is lost at the end |
//!
//! Helpers: `writer` runs the process, `wire` and `call` are the clients, `submitter` signs,
//! `reader` verifies, `description` compares answers with the OpenAPI document.

mod admission;
mod bodies;
mod call;
mod config;
mod cors;
mod description;
mod grpc;
mod heads;
mod index_files;
mod limits;
mod logs;
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
mod supervised;
mod tls;
mod traces;
mod wire;
mod witnesses;
