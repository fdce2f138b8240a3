//! Fuzzes [`fasti_parsers::pages`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::pages::check(data));
