//! What is coded anew decodes to the same samples, as libjpeg-turbo's `djpeg` sees them.

mod damage;
mod lossless;
mod lossless_scans;
mod quality;
mod reencode;
mod restarts;
mod sizes;
mod support;
mod transcode;
