//! Each backend returns an error or a PDF with one page that a strict reader accepts, and passthrough makes the same
//! PDF from the ends of an input as from the whole input.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::convert(input));
