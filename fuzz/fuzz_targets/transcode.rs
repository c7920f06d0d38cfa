//! Transcoding keeps the coefficients: through progressive coding, the input and its baseline transcode become the same
//! data. All data that is written can be decoded.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::transcode(input));
