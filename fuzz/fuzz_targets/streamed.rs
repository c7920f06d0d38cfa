//! A PDF whose image arrives in chunks of any size is one that a strict reader accepts, and has the image that passthrough
//! embeds, if nothing is odd about that. The first two bytes choose the sizes, the rest is a JPEG.
#![no_main]

#[path = "../../pdfmagic-core/tests/support/laws.rs"]
#[expect(dead_code, reason = "each target asserts one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|input: &[u8]| laws::streamed(input));
