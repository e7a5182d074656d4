//! Fuzzes `lianjian_fuzz::change`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lianjian_fuzz::change(bytes));
