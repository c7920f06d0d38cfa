//! Parts of any form are views of it, in order, and are what lies between the boundaries; what is put into a form comes out of
//! it.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pdfmagic_http::form_laws(input));
