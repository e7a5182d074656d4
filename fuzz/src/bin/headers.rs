//! Fuzzes the reading of an upload's headers, which is a file of the server.
#![no_main]

#[allow(dead_code)] // The server uses all of it.
#[path = "../../../crates/server/src/tus.rs"]
mod tus;

#[path = "../headers.rs"]
mod headers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headers::headers(bytes));
