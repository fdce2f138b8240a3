//! Fuzzes [`fasti_parsers::certificate`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::certificate::check(data));
