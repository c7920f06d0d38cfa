//! A document has the metadata that it was given, except for characters that XML forbids, both in Info and in XMP.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::metadata(input));
