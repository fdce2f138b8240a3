//! Fuzzes [`fasti_parsers::state`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::state::check(data));
