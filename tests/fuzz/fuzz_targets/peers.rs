//! Fuzzes [`fasti_parsers::peers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::peers::check(data));
