//! Fuzzes [`fasti_parsers::timestamp`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::timestamp::check(data));
