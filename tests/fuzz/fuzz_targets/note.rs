//! Fuzzes [`fasti_parsers::note`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::note::check(data));
