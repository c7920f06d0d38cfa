//! What is re-encoded decodes to the same samples, as libjpeg-turbo's `djpeg` sees them.

#[path = "../support/corpus_files.rs"]
mod corpus_files;
mod damage;
#[path = "../support/libjpeg.rs"]
#[expect(dead_code, reason = "verdicts are for the tests of whole PDFs")]
mod libjpeg;
mod lossless;
mod lossless_scans;
mod quality;
mod reencode;
mod restarts;
mod sizes;
mod support;
mod transcode;
