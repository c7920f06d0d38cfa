//! Re-encodes blocks as they arrive, unchanged or requantized.

use super::coefficients::Block;
use super::encode::{Collects, Symbols};
use super::fault::Fault;
use super::grid::{Grid, Place};
use super::memory::Memory;
use super::quantize::Requantizer;
use super::sink::{Levels, Sink};
use crate::error::Error;

/// A change to blocks before they are encoded.
pub(super) trait Change {
    /// Returns the block to encode in place of a block of this component. `room` can hold it if it is not stored
    /// elsewhere.
    fn block<'b>(
        &self,
        component: usize,
        dc: i16,
        levels: impl Levels + 'b,
        room: &'b mut Block,
    ) -> Result<&'b Block, Fault>;
}

/// The change that keeps all levels.
pub(super) struct Same;

impl Change for Same {
    #[inline(always)]
    fn block<'b>(
        &self,
        _: usize,
        dc: i16,
        levels: impl Levels + 'b,
        room: &'b mut Block,
    ) -> Result<&'b Block, Fault> {
        levels.block(dc, room)
    }
}

/// The requantizers, by component.
impl Change for Vec<Requantizer> {
    #[inline(always)]
    fn block<'b>(
        &self,
        component: usize,
        dc: i16,
        levels: impl Levels + 'b,
        room: &'b mut Block,
    ) -> Result<&'b Block, Fault> {
        let by = &self[component];
        levels.fill(by.apply(0, dc), room, |k, value| by.apply(k, value))?;
        Ok(room)
    }
}

/// A sink that changes and encodes blocks. Blocks outside the image become dummies.
pub(super) struct ReencodeBlocks<C> {
    symbols: Symbols,
    grid: Grid,
    change: C,
    block: Block,
}

impl<C> ReencodeBlocks<C> {
    pub(super) fn new(memory: Memory, grid: &Grid, change: C) -> Self {
        Self {
            symbols: Symbols::new(memory),
            grid: grid.clone(),
            change,
            block: Block::ZERO,
        }
    }
}

impl<C> Collects for ReencodeBlocks<C> {
    fn symbols(&self) -> &Symbols {
        &self.symbols
    }
}

impl<C: Change> Sink for ReencodeBlocks<C> {
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
        let block = self
            .change
            .block(p.component, dc, levels, &mut self.block)?;
        if self.grid.components[p.component].has(at) {
            self.symbols.block(p.part, block);
        } else {
            self.symbols.dummy(p.part);
        }
        Ok(())
    }
}
