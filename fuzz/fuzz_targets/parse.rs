//! An inspection of a whole input returns the same as an inspection of only the parts that it requests. The first two
//! bytes choose how much of the head is given at first, and the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::parse(input));
