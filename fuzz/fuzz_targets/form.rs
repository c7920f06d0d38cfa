//! The parts of any form are views of the body, in order, and are exactly the data between the boundaries. A form that
//! is written from data is read back as the same data.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pdfmagic_http::form_laws(input));
