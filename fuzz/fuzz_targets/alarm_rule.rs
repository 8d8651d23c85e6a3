#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| exfilguard_fuzz::alarm_rule(data));
