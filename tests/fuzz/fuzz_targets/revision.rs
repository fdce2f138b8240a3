//! Fuzzes [`fasti_parsers::revision`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::revision::check(data));
