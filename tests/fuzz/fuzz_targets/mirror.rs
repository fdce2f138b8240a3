//! Fuzzes [`fasti_parsers::mirror`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::mirror::check(data));
