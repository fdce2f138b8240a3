//! Fuzzes [`fasti_parsers::rekor_v1`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::rekor_v1::check(data));
