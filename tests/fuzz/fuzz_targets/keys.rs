//! Fuzzes [`fasti_parsers::keys`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::keys::check(data));
