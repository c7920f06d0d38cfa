//! Entropy coding, both ways: JPEG data from and to quantized DCT coefficients (ITU-T T.81).
//!
//! ```text
//! Jpeg ─ Stream ─▶ scan, progressive, arithmetic_scan ─▶ Sink ─▶ Symbols ─▶ data
//!                  (the decoders)                         └ Coefficients ─▶ Symbols or ScanSymbols ─▶ data
//! ```
//!
//! One loop decodes sequential Huffman scans into a sink, which stores, re-encodes, requantizes or shrinks the blocks.
//! A progression whose scans are decoded in lockstep feeds the same sinks. Encoders know neither streams nor planes.
//! Where coefficients do not matter, because data is only verified or its codes are replaced, `strides` follows the
//! codes.
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
    reason = "the loops over symbols are twice as slow if any part of them is not inlined"
)]

mod ac_lookup;
mod arithmetic;
mod arithmetic_scan;
mod bits;
mod coefficients;
mod dct;
mod encode;
mod fault;
mod grid;
mod huffman;
mod image;
mod lossless;
mod memory;
mod passage;
mod progressive;
mod progressive_encode;
mod quantize;
mod recode;
mod recompress;
mod reencode_blocks;
mod restart;
mod samples;
mod scan;
mod seams;
mod shrink;
mod sink;
mod stream;
mod strides;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use grid::Reduction;
pub(crate) use image::Coefficients;
pub(crate) use lossless::decode as decode_lossless;
pub(crate) use memory::Memory;
pub(crate) use quantize::{coarser, table};
pub(crate) use recompress::{optimize, reduce};
pub(crate) use samples::Samples;
