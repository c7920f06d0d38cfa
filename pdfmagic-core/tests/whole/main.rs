//! Whole PDFs, read back: over a corpus, over damaged and arbitrary input, and byte by byte.

mod corpus;
mod properties;
mod structure;
mod support;
