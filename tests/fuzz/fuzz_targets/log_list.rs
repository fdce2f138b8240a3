//! Fuzzes [`fasti_parsers::log_list`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fasti_parsers::log_list::check(data));
