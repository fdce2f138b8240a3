//! Fuzzes [`fasti_parsers::trust`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::trust::check(data));
