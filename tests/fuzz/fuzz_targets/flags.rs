//! Fuzzes [`fasti_parsers::flags`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::flags::check(data));
