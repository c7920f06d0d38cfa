//! Tests that read whole PDFs back: over a corpus, over damaged and arbitrary input, and byte by byte.

mod conformance;
mod corpus;
#[path = "../support/corpus_files.rs"]
mod corpus_files;
mod damage;
mod document;
mod large;
#[path = "../support/libjpeg.rs"]
#[expect(dead_code, reason = "only the tests of coding compare samples")]
mod libjpeg;
mod objects;
mod parts;
mod pictures;
mod properties;
#[path = "../support/segments.rs"]
mod segments;
mod streams;
mod structure;
mod support;
