//! Fuzzes `lianjian_fuzz::signed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lianjian_fuzz::signed(bytes));
