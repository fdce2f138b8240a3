//! Fuzzes [`fasti_parsers::entry`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::entry::check(data));
