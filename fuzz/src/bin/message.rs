//! Fuzzes `lianjian_fuzz::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lianjian_fuzz::message(bytes));
