//! Downscaling by 1, 2, 4 or 8 along each axis, from coefficients to coefficients.
//!
//! The low 8/f frequencies of a block are the DCT of its samples averaged to 8/f: so the low corners
//! of f by f blocks, laid side by side in one 8x8 mosaic X, become one block Y = V X H'. V and H turn
//! each strip of 8/f frequencies into samples and all eight samples into frequencies.

use std::f64::consts::PI;

use super::Fault;
use super::coefficients::{Block, NATURAL, Plane, Quantizer, ZIGZAG, indices};
use super::encode::Symbols;
use super::grid::{Component, Grid, Place};
use super::scan::Sink;
use super::whole::{Coefficients, Collects};
use crate::error::Error;

pub(super) type Matrix = [[f32; 8]; 8];

/// The orthonormal DCT-II of n points: A.3.3 along one axis.
pub(super) fn dct(n: usize, k: usize, x: usize) -> f64 {
    let c = if k == 0 {
        (1.0 / n as f64).sqrt()
    } else {
        (2.0 / n as f64).sqrt()
    };
    c * ((2 * x + 1) as f64 * k as f64 * PI / (2 * n) as f64).cos()
}

/// The map along one axis for a factor.
fn map(factor: usize) -> Matrix {
    let m = 8 / factor;
    let scale = (m as f64 / 8.0).sqrt();
    std::array::from_fn(|k| {
        std::array::from_fn(|j| {
            let (strip, frequency) = (j / m, j % m);
            let sum: f64 = (0..m)
                .map(|x| dct(8, k, strip * m + x) * dct(m, frequency, x))
                .sum();
            (scale * sum) as f32
        })
    })
}

pub(super) fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = [[0.0; 8]; 8];
    for (row, out) in a.iter().zip(&mut c) {
        // High frequencies are often absent.
        if row.iter().all(|&x| x == 0.0) {
            continue;
        }
        for (&x, line) in row.iter().zip(b) {
            for (sum, &y) in out.iter_mut().zip(line) {
                *sum += x * y;
            }
        }
    }
    c
}

pub(super) fn transposed(a: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i]))
}

/// Adding this rounds a small f32 to an integer, which its low bits then hold.
const ROUNDER: f32 = 12_582_912.0;

fn round(x: f32) -> i16 {
    ((x.clamp(-32000.0, 32000.0) + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32) as i16
}

/// How one component shrinks: factors, maps, and where each coefficient goes.
struct Way {
    fx: usize,
    fy: usize,
    vertical: Matrix,
    horizontal: Matrix,
    /// A bit for each zig-zag index in the low corner, but DC.
    corner: u64,
    /// By zig-zag index: the old steps.
    steps: [f32; 64],
    /// By natural index: one over the new step.
    inverse: Matrix,
}

impl Way {
    fn new((fx, fy): (usize, usize), old: &Quantizer, new: &Quantizer) -> Way {
        let inside = |n: u8| usize::from(n / 8) < 8 / fy && usize::from(n % 8) < 8 / fx;
        let corner = (1..64).filter(|&k| inside(NATURAL[k]));
        let mut inverse = [[0.0; 8]; 8];
        for (&n, &step) in NATURAL.iter().zip(new) {
            inverse[usize::from(n / 8)][usize::from(n % 8)] = 1.0 / f32::from(step.max(1));
        }
        Way {
            fx,
            fy,
            vertical: map(fy),
            horizontal: transposed(&map(fx)),
            corner: corner.fold(0, |corner, k| corner | 1 << k),
            steps: old.map(f32::from),
            inverse,
        }
    }

    /// Lays the low corner of block (row, column), its steps undone, in its place in the mosaic, which is zero there.
    #[inline(always)]
    fn lay(&self, block: &Block, mosaic: &mut Mosaic, row: usize, column: usize) {
        let base = row % self.fy * (8 / self.fy) * 8 + column % self.fx * (8 / self.fx);
        let mut lay = |k: usize| {
            let at = base + usize::from(NATURAL[k]);
            mosaic[at & 63] = f32::from(block.zz[k]) * self.steps[k];
        };
        lay(0);
        indices(block.nonzero & self.corner).for_each(lay);
    }

    /// Past the picture's edge its last blocks go on flat.
    fn extend(&self, mosaic: &mut Mosaic, wide: usize, high: usize) {
        let (my, mx) = (8 * (8 / self.fy), 8 / self.fx);
        for j in 0..self.fy {
            for i in 0..self.fx {
                if j >= high || i >= wide {
                    mosaic[j * my + i * mx] = mosaic[j.min(high - 1) * my + i.min(wide - 1) * mx];
                }
            }
        }
    }

    /// Y = V X H', divided by the new steps.
    fn block(&self, mosaic: &Mosaic, to: &mut Block) {
        let x: Matrix = std::array::from_fn(|r| std::array::from_fn(|c| mosaic[8 * r + c]));
        let y = if (self.fx, self.fy) == (1, 1) {
            x
        } else {
            product(&self.vertical, &product(&x, &self.horizontal))
        };
        to.nonzero = 0;
        to.zz[0] = 0;
        for (r, (line, inverse)) in y.iter().zip(&self.inverse).enumerate() {
            let levels: [i16; 8] = std::array::from_fn(|c| round(line[c] * inverse[c]));
            if levels != [0; 8] {
                for (c, &level) in levels.iter().enumerate() {
                    let k = usize::from(ZIGZAG[8 * r + c]);
                    to.zz[k & 63] = level;
                    to.nonzero |= u64::from(level != 0) << (k & 63);
                }
            }
        }
        to.nonzero &= !1;
    }
}

type Mosaic = [f32; 64];

/// A sink that shrinks what a scan delivers, one row of new MCUs at a time.
pub(super) struct Shrink {
    symbols: Symbols,
    old: Grid,
    new: Grid,
    ways: Vec<Way>,
    /// For each component, the mosaics of the row of new MCUs under way.
    bands: Vec<Vec<Mosaic>>,
    band: usize,
}

impl Shrink {
    pub(super) fn new(
        symbols: Symbols,
        old: Grid,
        new: Grid,
        factors: &[(usize, usize)],
        from: &[Quantizer],
        to: &[Quantizer],
    ) -> Self {
        let ways = factors
            .iter()
            .zip(from.iter().zip(to))
            .map(|(&f, (from, to))| Way::new(f, from, to))
            .collect();
        let bands = new
            .components
            .iter()
            .map(|c| vec![[0.0; 64]; new.mcus_across * c.h * c.v])
            .collect();
        Shrink {
            symbols,
            old,
            new,
            ways,
            bands,
            band: 0,
        }
    }

    /// What the mosaics take for an image of such a grid, in bytes.
    pub(super) fn size(new: &Grid) -> usize {
        let blocks: usize = new.components.iter().map(|c| c.h * c.v).sum();
        new.mcus_across * blocks * size_of::<Mosaic>()
    }

    /// Encodes the row of new MCUs that is complete.
    fn flush(&mut self) {
        let mut block = Block::ZERO;
        for across in 0..self.new.mcus_across {
            for (i, (c, way)) in self.new.components.iter().zip(&self.ways).enumerate() {
                let old = &self.old.components[i];
                for (dy, dx) in (0..c.v).flat_map(|dy| (0..c.h).map(move |dx| (dy, dx))) {
                    let (row, column) = (self.band * c.v + dy, across * c.h + dx);
                    if !c.has((row, column)) {
                        self.symbols.dummy(i);
                        continue;
                    }
                    let mosaic = &mut self.bands[i][dy * self.new.mcus_across * c.h + column];
                    let (wide, high) = (old.across - column * way.fx, old.down - row * way.fy);
                    if wide < way.fx || high < way.fy {
                        way.extend(mosaic, wide, high);
                    }
                    way.block(mosaic, &mut block);
                    *mosaic = [0.0; 64];
                    self.symbols.block(i, &block);
                }
            }
        }
        self.band += 1;
    }
}

impl Collects for Shrink {
    fn symbols(&self) -> &Symbols {
        &self.symbols
    }
}

impl Sink for Shrink {
    /// Of new blocks there are no more in a row than of old ones.
    fn make_room(&mut self, blocks: usize) -> Result<(), Fault> {
        self.symbols.make_room(blocks).map_err(|_| Fault::Memory)
    }

    #[inline(always)]
    fn block(&mut self, p: &Place, (row, column): (usize, usize), block: &mut Block) {
        let (old, new, way) = (
            &self.old.components[p.component],
            &self.new.components[p.component],
            &self.ways[p.component],
        );
        if old.has((row, column)) {
            let at = row / way.fy % new.v * self.new.mcus_across * new.h + column / way.fx;
            way.lay(block, &mut self.bands[p.component][at], row, column);
        }
    }

    fn row(&mut self, down: usize) {
        let factor = self.ways[0].fy * self.new.components[0].v / self.old.components[0].v;
        if (down + 1).is_multiple_of(factor) || down + 1 == self.old.mcus_down {
            self.flush();
        }
    }
}

/// Shrinks one stored component.
fn plane(from: &Plane, old: &Component, c: &Component, out: &mut Plane, way: &Way) {
    let mut block = Block::ZERO;
    for row in 0..c.down {
        for column in 0..c.across {
            let mut mosaic = [0.0; 64];
            let (wide, high) = (old.across - column * way.fx, old.down - row * way.fy);
            for j in 0..way.fy.min(high) {
                for i in 0..way.fx.min(wide) {
                    let source =
                        &from.blocks[(row * way.fy + j) * from.across + column * way.fx + i];
                    way.lay(source, &mut mosaic, j, i);
                }
            }
            way.extend(&mut mosaic, wide, high);
            way.block(&mosaic, &mut block);
            block.store(out.at((row, column)));
        }
    }
}

impl Coefficients {
    /// Shrinks each component to its place in `grid`, and requantizes it to `target`.
    pub(super) fn resample(
        &self,
        grid: Grid,
        factors: &[(usize, usize)],
        target: impl Fn(usize, &Quantizer) -> Quantizer,
    ) -> Result<Self, Error> {
        let memory = self.memory.take(Plane::sizes(&grid, grid.mcus_down))?;
        let quantizers: Vec<_> = self
            .quantizers
            .iter()
            .enumerate()
            .map(|(c, q)| target(c, q))
            .collect();
        let planes = grid
            .components
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let mut out = Plane::new(&grid, c, grid.mcus_down);
                let way = Way::new(factors[i], &self.quantizers[i], &quantizers[i]);
                plane(&self.planes[i], &self.grid.components[i], c, &mut out, &way);
                out
            })
            .collect();
        Ok(Self {
            grid,
            planes,
            quantizers,
            memory,
            adobe: self.adobe,
        })
    }
}
