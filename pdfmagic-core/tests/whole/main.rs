//! Whole PDFs, read back: over a corpus, over damaged and arbitrary input, and byte by byte.

mod corpus;
mod document;
mod large;
mod properties;
mod structure;
mod support;
