//! For any level, there is either an error, or a PDF that names its level, has an identifier, and is reproducible byte
//! for byte. The first two bytes choose the level, and the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::conformance(input));
