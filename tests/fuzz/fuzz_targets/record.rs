//! Fuzzes [`fasti_parsers::record`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::record::check(data));
