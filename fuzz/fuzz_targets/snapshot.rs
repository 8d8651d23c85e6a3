#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| exfilguard_fuzz::snapshot(data));
