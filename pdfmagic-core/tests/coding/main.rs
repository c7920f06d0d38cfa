//! Tests that re-encoded data decodes to the same samples in libjpeg-turbo's `djpeg`.

#[path = "../support/corpus_files.rs"]
mod corpus_files;
mod damage;
#[path = "../support/libjpeg.rs"]
mod libjpeg;
mod libjpeg_limits;
mod lossless;
mod lossless_scans;
mod places;
mod quality;
mod reencode;
mod restarts;
mod sizes;
mod support;
mod transcode;
