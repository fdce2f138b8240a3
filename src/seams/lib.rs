//! The seams to the outside, so that everything else can be tested and simulated: time, randomness,
//! threads, outgoing HTTP and the state directory.
//!
//! | module | what it is |
//! |---|---|
//! | [`clock`], [`entropy`], [`offload`] | time, randomness, threads |
//! | [`back_off`] | pauses between attempts |
//! | [`causes`] | an error with its causes, on one line |
//! | [`duration_buckets`] | the buckets of all histograms of durations |
//! | [`egress`] | HTTP clients that go where they are told |
//! | [`public_address`] | which addresses are of the public Internet |
//! | [`least_rate`] | how long a transfer can pause before it is too slow |
//! | [`gzip`] | packs and unpacks bytes, with compressors that are used again |
//! | [`planted`] | bugs for the simulator to find; switched off in every build but its own |
//! | [`process_usage`] | what this process takes of the machine, for metrics |
//! | [`request_id`] | the ID of a request, in its answer and in messages about it |
//! | [`trace`], [`trace_parent`] | the trace of a request; how its parts find each other |
//! | [`tracer`] | which requests are traced, and the queue of their traces |
//! | [`trace_export`], [`collector`] | sends traces to a collector, over OTLP |
//! | [`state`] | what is remembered outside of the store |
//! | [`summed_text`] | small files of text that tell whether they are whole |

pub mod back_off;
pub mod causes;
pub mod clock;
#[cfg(feature = "otlp")]
pub mod collector;
#[cfg(not(feature = "otlp"))]
#[path = "collector/left_out.rs"]
pub mod collector;
pub mod duration_buckets;
#[cfg(feature = "http")]
pub mod egress;
pub mod entropy;
pub mod gzip;
pub mod least_rate;
pub mod offload;
pub mod planted;
pub mod process_usage;
pub mod public_address;
pub mod request_id;
pub mod state;
pub mod summed_text;
pub mod trace;
pub mod trace_export;
pub mod trace_parent;
pub mod tracer;
