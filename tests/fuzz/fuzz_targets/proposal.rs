//! Fuzzes [`fasti_parsers::proposal`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::proposal::check(data));
