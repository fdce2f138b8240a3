//! Fuzzes [`fasti_parsers::request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::request::check(data));
