//! Whatever the level, there is an error or a PDF that says so, is identified, and is made again byte for byte. The first
//! two bytes choose, the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::conformance(input));
