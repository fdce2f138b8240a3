//! Fuzzes [`fasti_parsers::tiles`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::tiles::check(data));
