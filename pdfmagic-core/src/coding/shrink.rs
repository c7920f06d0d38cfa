//! Downscaling by 1, 2, 4 or 8 along each axis, from coefficients to coefficients.
//!
//! The low 8/f frequencies of a block are the DCT of its samples averaged to 8/f. So the low corners of f by f blocks
//! are laid side by side in an 8x8 mosaic, and joined to one block, along one axis and then the other. Each step joins
//! two strips of m frequencies into one of 2m, until it has 8.

use std::array::from_fn;
use std::f64::consts::SQRT_2;

use super::coefficients::{Block, NATURAL, ZIGZAG};
use super::dct::{Matrix, dct, transposed};
use super::encode::{Collects, Symbols};
use super::fault::Fault;
use super::grid::{Grid, GridComponent, Layout, Place};
use super::memory::Memory;
use super::sink::{Levels, Sink};
use crate::error::Error;
use crate::jpeg::{Quantizer, Selector};

/// Joins two strips of M frequencies into one of 2M. Its even frequencies are the sums of the frequencies of the first
/// strip and of the mirrored second strip; its odd ones are their differences, multiplied by this matrix.
struct Join<const M: usize>([[f32; M]; M]);

impl<const M: usize> Join<M> {
    fn new() -> Self {
        Self(from_fn(|j| {
            from_fn(|i| {
                let overlap = |x| dct(2 * M, 2 * j + 1, x) * dct(M, i, x);
                (SQRT_2 * (0..M).map(overlap).sum::<f64>()) as f32
            })
        }))
    }

    /// Joins the strips of each column. This doubles the scale of the frequencies.
    #[inline(always)]
    fn apply(&self, rows: &mut Matrix) {
        for strips in rows.chunks_exact_mut(2 * M) {
            let (mut sums, mut differences) = ([[0.0; 8]; M], [[0.0; 8]; M]);
            for i in 0..M {
                let mirror = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
                for c in 0..8 {
                    let (first, second) = (strips[i][c], mirror * strips[M + i][c]);
                    (sums[i][c], differences[i][c]) = (first + second, first - second);
                }
            }
            for j in 0..M {
                let mut odd = [0.0; 8];
                for (weight, line) in self.0[j].iter().zip(&differences) {
                    for (sum, x) in odd.iter_mut().zip(line) {
                        *sum += weight * x;
                    }
                }
                (strips[2 * j], strips[2 * j + 1]) = (sums[j], odd);
            }
        }
    }
}

/// The joins of all sizes.
struct Joins(Join<1>, Join<2>, Join<4>);

impl Joins {
    fn new() -> Self {
        Self(Join::new(), Join::new(), Join::new())
    }

    fn apply(&self, factor: usize, rows: &mut Matrix) {
        if factor > 4 {
            self.0.apply(rows);
        }
        if factor > 2 {
            self.1.apply(rows);
        }
        if factor > 1 {
            self.2.apply(rows);
        }
    }
}

/// Adding this rounds a small f32 to an integer, which is then in its low bits.
const ROUNDER: f32 = 12_582_912.0;

fn round(x: f32) -> i16 {
    ((x.clamp(-32000.0, 32000.0) + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32) as i16
}

/// The scaling of one component: by which factors, and where each coefficient goes.
struct Scaling {
    /// The factors are `1 << x` and `1 << y`.
    x: u32,
    y: u32,
    joins: Joins,
    /// The old steps, divided by the scale of the joins, by zig-zag index. They are zero outside the low corner.
    steps: [f32; 64],
    /// The inverses of the new steps, by column and row.
    inverse: Matrix,
}

impl Scaling {
    fn new((fx, fy): (usize, usize), old: &Quantizer, new: &Quantizer) -> Scaling {
        let inside = |n: u8| usize::from(n / 8) < 8 / fy && usize::from(n % 8) < 8 / fx;
        let mut inverse = [[0.0; 8]; 8];
        for (&n, &step) in NATURAL.iter().zip(new) {
            inverse[usize::from(n % 8)][usize::from(n / 8)] = 1.0 / f32::from(step.max(1));
        }
        Scaling {
            x: fx.ilog2(),
            y: fy.ilog2(),
            joins: Joins::new(),
            steps: from_fn(|k| {
                if inside(NATURAL[k]) {
                    f32::from(old[k]) / (fx * fy) as f32
                } else {
                    0.0
                }
            }),
            inverse,
        }
    }

    /// Returns a function that adds coefficients of block (row, column), by zig-zag index, at their place in a mosaic,
    /// which must be zero there.
    #[inline(always)]
    fn lay(
        &self,
        (row, column): (usize, usize),
        steps: &[f32; 64],
        mosaic: &mut Matrix,
    ) -> impl FnMut(usize, i16) {
        let base = self.corner_of(row, column);
        let mosaic = mosaic.as_flattened_mut();
        // Coefficients outside the low corner have a step of zero, so their place does not matter.
        move |k, value| {
            let at = base + usize::from(NATURAL[k & 63]);
            mosaic[at & 63] += f32::from(value) * steps[k & 63];
        }
    }

    /// Returns the index in a mosaic at which the low corner of block (row, column) begins.
    #[inline(always)]
    fn corner_of(&self, row: usize, column: usize) -> usize {
        let place = |at: usize, shift: u32| at << 3 >> shift & 7;
        8 * place(row, self.y) + place(column, self.x)
    }

    /// Extends the last blocks beyond the edge of the picture, with their DC alone.
    fn extend(&self, mosaic: &mut Matrix, wide: usize, high: usize) {
        let mosaic = mosaic.as_flattened_mut();
        for j in 0..1 << self.y {
            for i in 0..1 << self.x {
                if j >= high || i >= wide {
                    let last = self.corner_of(j.min(high - 1), i.min(wide - 1));
                    mosaic[self.corner_of(j, i)] = mosaic[last];
                }
            }
        }
    }

    /// Joins the corners in a mosaic, and divides by the new steps.
    fn block(&self, mosaic: &mut Matrix, to: &mut Block) {
        self.joins.apply(1 << self.y, mosaic);
        let mut columns = transposed(mosaic);
        self.joins.apply(1 << self.x, &mut columns);
        to.nonzero = 0;
        to.zz[0] = 0;
        for (c, (column, inverse)) in columns.iter().zip(&self.inverse).enumerate() {
            let levels: [i16; 8] = from_fn(|r| round(column[r] * inverse[r]));
            if levels != [0; 8] {
                for (r, &level) in levels.iter().enumerate() {
                    let k = usize::from(ZIGZAG[8 * r + c]);
                    to.zz[k & 63] = level;
                    to.nonzero |= u64::from(level != 0) << (k & 63);
                }
            }
        }
        to.nonzero &= !1;
    }
}

/// The mosaics of a row of new MCUs of one component.
struct MosaicRow {
    across: usize,
    /// The first row of new blocks.
    top: usize,
    mosaics: Vec<Matrix>,
}

impl MosaicRow {
    /// Returns the mosaic of the new block at (row, column).
    #[inline(always)]
    fn at(&mut self, (row, column): (usize, usize)) -> &mut Matrix {
        &mut self.mosaics[(row - self.top) * self.across + column]
    }
}

/// A sink that shrinks the blocks of a scan, one row of new MCUs at a time.
pub(super) struct Shrink {
    symbols: Symbols,
    old: Grid,
    new: Grid,
    /// The MCUs that arrive.
    from: Layout,
    /// The MCUs made from them.
    to: Layout,
    /// The scaling of each component.
    scalings: Vec<Scaling>,
    mosaics: Vec<MosaicRow>,
    /// The current row of new MCUs.
    down: usize,
}

impl Shrink {
    /// Shrinks from one grid and its tables to another, for a scan with these selectors.
    pub(super) fn new(
        memory: Memory,
        (old, from): (&Grid, &[Quantizer]),
        (new, to): (&Grid, &[Quantizer]),
        factors: &[(usize, usize)],
        selectors: &[Selector],
    ) -> Result<Self, Error> {
        let blocks: usize = new.components.iter().map(|c| c.h * c.v).sum();
        let memory = memory.take(new.mcus_across * blocks * size_of::<Matrix>())?;
        let steps = from.iter().zip(to);
        let row = |c: &GridComponent| MosaicRow {
            across: new.mcus_across * c.h,
            top: 0,
            mosaics: vec![[[0.0; 8]; 8]; new.mcus_across * c.h * c.v],
        };
        Ok(Shrink {
            symbols: Symbols::new(memory),
            from: old.layout(selectors),
            to: new.layout(selectors),
            scalings: factors
                .iter()
                .zip(steps)
                .map(|(&f, (from, to))| Scaling::new(f, from, to))
                .collect(),
            mosaics: new.components.iter().map(row).collect(),
            old: old.clone(),
            new: new.clone(),
            down: 0,
        })
    }

    /// Encodes a complete row of new MCUs.
    fn flush(&mut self) {
        let mut block = Block::ZERO;
        for (across, p) in self.to.row() {
            let at @ (row, column) = p.at(self.down, across);
            let (old, scaling) = (
                &self.old.components[p.component],
                &self.scalings[p.component],
            );
            // Where sampling factors are not multiples of each other, the new sides may be rounded up further than the old.
            let wide = old.across.saturating_sub(column << scaling.x);
            let high = old.down.saturating_sub(row << scaling.y);
            if !self.new.components[p.component].has(at) || wide == 0 || high == 0 {
                self.symbols.dummy(p.part);
                continue;
            }
            let mosaic = self.mosaics[p.component].at(at);
            scaling.extend(mosaic, wide, high);
            scaling.block(mosaic, &mut block);
            *mosaic = [[0.0; 8]; 8];
            self.symbols.block(p.part, &block);
        }
        self.down += 1;
        for p in &self.to.blocks {
            self.mosaics[p.component].top = p.top(self.down);
        }
    }
}

impl Collects for Shrink {
    fn symbols(&self) -> &Symbols {
        &self.symbols
    }
}

impl Sink for Shrink {
    /// A row has no more new blocks than old ones.
    fn make_room(&mut self, blocks: usize) -> Result<(), Error> {
        self.symbols.make_room(blocks)
    }

    #[inline(always)]
    fn block(
        &mut self,
        p: &Place,
        at: (usize, usize),
        dc: i16,
        levels: impl Levels,
    ) -> Result<(), Fault> {
        let (old, scaling) = (
            &self.old.components[p.component],
            &self.scalings[p.component],
        );
        let mosaic = self.mosaics[p.component].at((at.0 >> scaling.y, at.1 >> scaling.x));
        let steps = if old.has(at) {
            &scaling.steps
        } else {
            &[0.0; 64]
        };
        let mut lay = scaling.lay(at, steps, mosaic);
        lay(0, dc);
        levels.read(lay)
    }

    fn row(&mut self, down: usize) {
        let (from, to) = (&self.from.blocks[0], &self.to.blocks[0]);
        let factor = (to.top(1) << self.scalings[to.component].y) / from.top(1);
        if (down + 1).is_multiple_of(factor) || down + 1 == self.from.down {
            self.flush();
        }
    }
}
