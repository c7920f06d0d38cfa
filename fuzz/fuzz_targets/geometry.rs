//! Any layout is either rejected or valid: each box has sides of 3 to 14,400 units, or is a crop of such a box.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::geometry(input));
