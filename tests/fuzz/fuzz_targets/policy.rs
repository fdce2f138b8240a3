//! Fuzzes [`fasti_parsers::policy`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::policy::check(data));
