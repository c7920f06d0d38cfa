//! Extracting JPEGs from a PDF, and adding a page to it, either fails or works: the PDF keeps its bytes, and has one
//! more page.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::existing(input));
