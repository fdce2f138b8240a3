//! Fuzzes [`fasti_parsers::bundle`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::bundle::check(data));
