//! A strict reader accepts a PDF whose image arrived in chunks of any size, and the image is the one that passthrough
//! embeds, unless the JPEG is odd or something lies between its data and EOI. The first two bytes choose the sizes, and
//! the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::streamed(input));
