//! Quantised DCT coefficients, in zig-zag order throughout (A.3.6).

use super::grid::{Component, Grid};

/// Natural (row-major) index of each zig-zag index: Figure A.6.
pub(super) const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Zig-zag index of each natural index.
pub(super) const ZIGZAG: [u8; 64] = {
    let mut inverse = [0; 64];
    let mut k = 0;
    while k < 64 {
        inverse[NATURAL[k] as usize] = k as u8;
        k += 1;
    }
    inverse
};

/// One block, with a bit set for each AC coefficient that is not zero. The others in `zz` mean nothing.
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

    /// Takes up stored coefficients and finds which are set.
    #[inline]
    pub(super) fn of(zz: &[i16; 64]) -> Block {
        let mut nonzero = 0u64;
        for (i, eight) in zz.as_chunks::<8>().0.iter().enumerate() {
            if *eight != [0; 8] {
                for (j, &v) in eight.iter().enumerate() {
                    nonzero |= u64::from(v != 0) << (8 * i + j);
                }
            }
        }
        Block {
            zz: *zz,
            nonzero: nonzero & !1,
        }
    }

    /// The indices of the AC coefficients that are not zero.
    #[inline(always)]
    pub(super) fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        indices(self.nonzero)
    }

    /// Changes each AC coefficient that is not zero.
    #[inline(always)]
    pub(super) fn change(&mut self, level: impl Fn(usize, i16) -> i16) {
        for k in self.indices() {
            self.zz[k] = level(k, self.zz[k]);
            self.nonzero ^= u64::from(self.zz[k] == 0) << k;
        }
    }

    /// Sets what is not zero in a block that is all zero.
    #[inline(always)]
    pub(super) fn store(&self, zz: &mut [i16; 64]) {
        zz[0] = self.zz[0];
        for k in self.indices() {
            zz[k] = self.zz[k];
        }
    }
}

/// The indices of the bits that are set.
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
    pub(super) blocks: Vec<[i16; 64]>,
}

impl Plane {
    pub(super) fn padded(grid: &Grid, c: &Component) -> Self {
        let (across, down) = (grid.mcus_across * c.h, grid.mcus_down * c.v);
        Self {
            across,
            blocks: vec![[0; 64]; across * down],
        }
    }

    /// Of one padded, in bytes.
    pub(super) fn size(grid: &Grid, c: &Component) -> usize {
        grid.mcus_across * c.h * grid.mcus_down * c.v * size_of::<[i16; 64]>()
    }

    #[inline]
    pub(super) fn get(&self, (row, column): (usize, usize)) -> &[i16; 64] {
        &self.blocks[row * self.across + column]
    }

    #[inline]
    pub(super) fn at(&mut self, (row, column): (usize, usize)) -> &mut [i16; 64] {
        &mut self.blocks[row * self.across + column]
    }
}

/// Quantization steps, in zig-zag order (B.2.4.1).
pub(crate) type Quantizer = [u16; 64];
