//! An inspection says the same about all of an input as about the parts of it that it asks for. The first two bytes choose
//! how much of the head is given at first, and the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::parse(input));
