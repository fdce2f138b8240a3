//! Fuzzes [`fasti_parsers::witness`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::witness::check(data));
