//! Fuzzes [`fasti_parsers::proof`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::proof::check(data));
