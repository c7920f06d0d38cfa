//! Finds where damage to sequential data begins, since decoders notice it only later.
//!
//! A Huffman decoder that has lost its place soon falls into step again, but some blocks off and with another
//! brightness. So it notices a fault only at the end of the scan, or when it meets an impossible code. From the damage
//! on, blocks no longer match those above them, for the length of a row of MCUs. This seam shows where the damage
//! begins.

use super::coefficients::Block;
use super::dct::Matrix;
use super::fault::Fault;
use super::grid::{Grid, Layout, Place};
use super::memory::Memory;
use super::sink::{Levels, Sink};
use crate::error::Error;
use crate::jpeg::{Quantizer, Selector};

/// A sink that measures how badly each MCU matches its neighbors.
pub(super) struct Seams {
    grid: Grid,
    layout: Layout,
    quantizers: Vec<Quantizer>,
    /// The samples of the last row of blocks, by component.
    above: Vec<Vec<Matrix>>,
    /// The samples of the last block, with its row and column, by component.
    left: Vec<(Matrix, (usize, usize))>,
    /// The mismatch of each MCU.
    misfits: Vec<f32>,
    block: Block,
}

/// The maximum step between samples that counts, in levels of 8 bits.
const MAX_STEP: f32 = 64.0;

impl Seams {
    /// # Errors
    ///
    /// [`Error::Limit`] if too little memory is left.
    pub(super) fn new(
        memory: Memory,
        grid: &Grid,
        selectors: &[Selector],
        quantizers: Vec<Quantizer>,
    ) -> Result<Self, Error> {
        let layout = grid.layout(selectors);
        let blocks: usize = grid.components.iter().map(|c| c.across).sum();
        let mcus = layout.across * layout.down;
        let size = blocks * size_of::<Matrix>() + mcus * size_of::<f32>();
        // Finding the beginning of damage takes a copy and sums.
        memory.take(size + mcus * (size_of::<f32>() + size_of::<f64>()))?;
        let above = |across: usize| vec![[[0.0; 8]; 8]; across];
        Ok(Self {
            above: grid.components.iter().map(|c| above(c.across)).collect(),
            left: vec![([[0.0; 8]; 8], (usize::MAX, 0)); grid.components.len()],
            misfits: vec![0.0; mcus],
            grid: grid.clone(),
            layout,
            quantizers,
            block: Block::ZERO,
        })
    }

    /// Returns the MCU, from `first` to `last`, from which on blocks no longer match.
    pub(super) fn begin_of_damage(&self, first: usize, last: usize) -> usize {
        let row = self.layout.across;
        let mut misfits = self.misfits[first..].to_vec();
        // The sum of all before each of them: adding up a row at each MCU would take a second for a large image.
        let mut sums = vec![0.0; misfits.len() + 1];
        for (at, &misfit) in misfits.iter().enumerate() {
            sums[at + 1] = sums[at] + f64::from(misfit);
        }
        let fifth = misfits.len() / 5;
        let usual = match misfits.get(fifth) {
            Some(_) => f64::from(*misfits.select_nth_unstable_by(fifth, f32::total_cmp).1),
            None => 0.0,
        };
        let weight = |at: usize| {
            let (from, to) = (at.saturating_sub(row), (at + row).min(misfits.len()));
            let (n, m) = ((at - from) as f64 + 1.0, (to - at) as f64);
            let before = (sums[at] - sums[from] + usual) / n;
            let after = (sums[to] - sums[at]) / m.max(1.0);
            (after - before) * (n * m / (n + m)).sqrt()
        };
        let weights = (first..=last.min(self.misfits.len())).map(|at| (weight(at - first), at));
        let heaviest = weights.max_by(|a, b| a.0.total_cmp(&b.0));
        heaviest.map_or(last, |(_, at)| at)
    }
}

/// Returns by how much the step across a seam exceeds the steps on both sides of it: `a`, `b` | `c`, `d`.
fn misfit([a, b, c, d]: [f32; 4]) -> f32 {
    let step = |a: f32, b: f32| (a - b).abs().min(MAX_STEP);
    (step(b, c) - step(a, b).max(step(c, d))).max(0.0)
}

impl Sink for Seams {
    fn block(
        &mut self,
        p: &Place,
        at: (usize, usize),
        dc: i16,
        levels: impl Levels,
    ) -> Result<(), Fault> {
        let read = levels.fill(dc, &mut self.block, |_, value| value);
        let (row, column) = at;
        let c = &self.grid.components[p.component];
        if !c.has(at) {
            return read;
        }
        let samples = self.block.samples(&self.quantizers[p.component]);
        let (left, left_at) = &self.left[p.component];
        let mut sum = 0.0;
        let mut seams = 0.0;
        if row > 0 {
            let above = &self.above[p.component][column];
            let vertical =
                (0..8).map(|x| misfit([above[6][x], above[7][x], samples[0][x], samples[1][x]]));
            sum += vertical.sum::<f32>();
            seams += 8.0;
        }
        if column > 0 && *left_at == (row, column - 1) {
            let horizontal = left
                .iter()
                .zip(&samples)
                .map(|(l, s)| misfit([l[6], l[7], s[0], s[1]]));
            sum += horizontal.sum::<f32>();
            seams += 8.0;
        }
        let (down, across) = p.mcu(at);
        if seams > 0.0 {
            self.misfits[down * self.layout.across + across] += sum / seams;
        }
        self.left[p.component] = (samples, at);
        self.above[p.component][column] = samples;
        read
    }
}
