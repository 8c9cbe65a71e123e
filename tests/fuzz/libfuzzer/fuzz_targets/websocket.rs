#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| latchgate_fuzz::run("websocket", bytes));
