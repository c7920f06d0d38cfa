//! Entropy coding, both ways: JPEG data from and to quantized DCT coefficients (ITU-T T.81).
//!
//! ```text
//! Jpeg ─ Stream ─▶ scan, progressive, models ─▶ Sink ─▶ Symbols ─▶ data
//!                  (the decoders)                └ Coefficients ─▶ Symbols or Band ─▶ data
//! ```
//!
//! One loop decodes sequential Huffman scans, generic over what becomes of the symbols: storing, recoding,
//! requantizing and shrinking are sinks of it, and of a progression whose scans are decoded side by side. An encoder
//! sees neither streams nor planes.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "bit fields are packed into and taken out of integers, which masks and shifts keep in range; samples and \
              coefficients are small enough for f32"
)]
#![expect(
    clippy::inline_always,
    reason = "the loops over symbols are twice as slow where one of their parts is a call"
)]

mod anew;
mod arithmetic;
mod bits;
mod coefficients;
mod encode;
mod grid;
mod huffman;
mod lossless;
mod memory;
mod models;
mod pairs;
mod progressive;
mod quantize;
mod recode;
mod restart;
mod samples;
mod scan;
mod shrink;
mod stream;
mod successive;
#[cfg(test)]
mod tests;
mod walk;
mod whole;

pub(crate) use coefficients::Quantizer;
pub(crate) use grid::Reduction;
pub(crate) use lossless::decode as decode_lossless;
pub(crate) use memory::Memory;
pub(crate) use quantize::{coarser, table};
pub(crate) use samples::Samples;
pub(crate) use walk::walk;
pub(crate) use whole::{Coefficients, optimize, reduce};

/// What is wrong with an MCU.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Bits that are no code, or a category that is none.
    Code,
    /// A run that leaves the block or the band.
    Run,
    /// The data ends.
    Short,
    /// Not the restart marker that is due.
    Restart,
}

impl Fault {
    const fn reason(self) -> &'static str {
        match self {
            Self::Code => "bits that are no code",
            Self::Run => "a run that leaves its block",
            Self::Restart => "not the restart marker that is due",
            Self::Short => "the data ends before the image does",
        }
    }
}
