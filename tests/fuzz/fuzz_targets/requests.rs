//! Fuzzes [`fasti_parsers::requests`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::requests::check(data));
