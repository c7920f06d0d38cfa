//! Everything that is told about a JPEG is the same from all of an input as from those parts of it that are asked for, one
//! after the other. The first two bytes choose how much of the head is given at first, the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::parse(input));
