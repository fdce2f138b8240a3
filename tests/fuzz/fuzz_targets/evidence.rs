//! Fuzzes [`fasti_parsers::evidence`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::evidence::check(data));
