//! Quantized DCT coefficients, always in zig-zag order (A.3.6).

use super::dct::{Matrix, forward, inverse};
use super::grid::{Grid, GridComponent};
use crate::jpeg::Quantizer;

/// The natural (row-major) index of each zig-zag index: Figure A.6.
pub(super) const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The zig-zag index of each natural index.
pub(super) const ZIGZAG: [u8; 64] = {
    let mut inverse = [0; 64];
    let mut k = 0;
    while k < 64 {
        inverse[NATURAL[k] as usize] = k as u8;
        k += 1;
    }
    inverse
};

/// One block. `nonzero` has a bit for each AC coefficient that is not zero. The other AC coefficients are zero, though
/// `zz` may hold old values in their place, which must not be read.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) zz: [i16; 64],
    pub(super) nonzero: u64,
}

impl Block {
    pub(super) const ZERO: Block = Block {
        zz: [0; 64],
        nonzero: 0,
    };

    /// The indices of the nonzero AC coefficients.
    #[inline(always)]
    pub(super) fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        indices(self.nonzero)
    }

    /// The bits of `nonzero` from Ss to Se.
    #[inline(always)]
    pub(super) fn band(&self, ss: usize, se: usize) -> u64 {
        self.nonzero & (!0 << ss) & (!0 >> (63 - se))
    }

    /// Returns the samples before the level shift (A.3.3, A.3.4): the middle value is 0.
    pub(super) fn samples(&self, quantizer: &Quantizer) -> Matrix {
        let mut x: Matrix = [[0.0; 8]; 8];
        for k in std::iter::once(0).chain(self.indices()) {
            let n = usize::from(NATURAL[k]);
            x[n / 8][n % 8] = f32::from(self.zz[k]) * f32::from(quantizer[k]);
        }
        inverse(&x)
    }

    /// Limits a block whose samples are so far out of range that decoders disagree, since some clip them and others
    /// wrap around. It becomes a block whose samples all decoders clip alike.
    pub(super) fn limit(&mut self, quantizer: &Quantizer) {
        // From about 300 on, MuPDF and PDFium differ (`tests/viewers`). Sharp edges reach 200.
        const AGREED: f32 = 250.0;
        // Samples clipped to this are still black or white after quantization.
        const CLIPPED: f32 = 160.0;
        let size = |k: usize| u32::from(self.zz[k].unsigned_abs()) * u32::from(quantizer[k]);
        let bound: u32 = std::iter::once(0).chain(self.indices()).map(size).sum();
        // A sample gets at most a quarter of each coefficient, and an eighth of DC.
        if bound as f32 / 4.0 <= AGREED {
            return;
        }
        let mut samples = self.samples(quantizer);
        if samples.as_flattened().iter().all(|s| s.abs() <= AGREED) {
            return;
        }
        for sample in samples.as_flattened_mut() {
            *sample = sample.clamp(-CLIPPED, CLIPPED);
        }
        let coefficients = forward(&samples);
        for k in 0..64 {
            let n = usize::from(NATURAL[k]);
            let level = (coefficients[n / 8][n % 8] / f32::from(quantizer[k])).round() as i16;
            match k {
                0 => self.zz[0] = level,
                _ => self.set(k, level),
            }
        }
    }

    /// Sets an AC coefficient.
    #[inline(always)]
    pub(super) fn set(&mut self, k: usize, level: i16) {
        self.zz[k] = level;
        self.nonzero = self.nonzero & !(1 << k) | u64::from(level != 0) << k;
    }
}

/// Returns the indices of the set bits.
#[inline(always)]
pub(super) fn indices(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let k = (bits != 0).then_some(bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(k & 63)
    })
}

/// The blocks of one component, padded to whole MCUs.
#[derive(Clone)]
pub(super) struct Plane {
    pub(super) across: usize,
    pub(super) blocks: Vec<Block>,
}

impl Plane {
    /// Creates a plane for `mcus_down` rows of MCUs.
    pub(super) fn new(grid: &Grid, c: &GridComponent, mcus_down: usize) -> Self {
        let across = grid.mcus_across * c.h;
        Self {
            across,
            blocks: vec![Block::ZERO; across * mcus_down * c.v],
        }
    }

    /// Returns the size of `mcus_down` rows of MCUs over all components, in bytes.
    pub(super) fn sizes(grid: &Grid, mcus_down: usize) -> usize {
        let blocks: usize = grid.components.iter().map(|c| c.h * c.v).sum();
        blocks * grid.mcus_across * mcus_down * size_of::<Block>()
    }

    #[inline]
    pub(super) fn get(&self, (row, column): (usize, usize)) -> &Block {
        &self.blocks[row * self.across + column]
    }

    #[inline]
    pub(super) fn at(&mut self, (row, column): (usize, usize)) -> &mut Block {
        &mut self.blocks[row * self.across + column]
    }
}
